"""The witness as a WSGI application."""

import time
from collections.abc import Callable, Iterable
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    generate_latest,
)
from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException

from libs.observability import get_logger
from libs.translog import Checkpoint, Malformed, Note, Submission, cosign
from libs.translog.submission import MAX_BODY, PATH, SIZE_TYPE
from tools.witness.alarms import alarm_files, raise_alarm
from tools.witness.home import Home
from tools.witness.judgement import Refusal, check_growth, trusted_note

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_TEXT = "text/plain; charset=utf-8"
log = get_logger("witness")


class Witness:
    """Serves add-checkpoint, the last checkpoint of each log, and its own measures.

    A checkpoint is judged, kept and answered one after another: what was compared is what is
    replaced.
    """

    def __init__(self, home: Home, clock: Callable[[], float] = time.time) -> None:
        self._home, self._clock = home, clock
        self._turn = Lock()
        self._registry = CollectorRegistry()
        self._answers = Counter(
            "lienthong_witness_answers",
            "Checkpoints judged, by log and HTTP status",
            ["origin", "status"],
            registry=self._registry,
        )
        self._raised = Counter(
            "lienthong_witness_alarms_raised",
            "Contradictions seen, by log and kind, repeated ones too",
            ["origin", "kind"],
            registry=self._registry,
        )
        Gauge(
            "lienthong_witness_alarms_open",
            "Alarms whose files nobody has taken away",
            registry=self._registry,
        ).set_function(lambda: len(alarm_files(home.alarms)))

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        try:
            response = self._answer(Request(environ))
        except HTTPException as error:
            response = Response(f"{error.name}\n", error.code, content_type=_TEXT)
        except Exception:
            log.exception("witness_failed")
            response = Response("the witness failed\n", 500, content_type=_TEXT)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if (request.method, request.path) == ("POST", PATH):
            request.max_content_length = MAX_BODY
            return self._add_checkpoint(request.get_data(cache=False))
        if (request.method, request.path) == ("GET", "/metrics"):
            return Response(generate_latest(self._registry), content_type=CONTENT_TYPE_LATEST)
        if request.method == "GET":
            return self._checkpoint(request.path)
        return Response("there is no such thing here\n", 404, content_type=_TEXT)

    def _checkpoint(self, path: str) -> Response:
        for origin, note in self._home.memory.notes.items():
            if path == f"/{sha256(origin.encode()).hexdigest()}/checkpoint":
                return Response(bytes(note), content_type=_TEXT)
        return Response("no such checkpoint was co-signed here\n", 404, content_type=_TEXT)

    def _add_checkpoint(self, body: bytes) -> Response:
        origin = ""
        try:
            submission = Submission.parse(body)
            note = trusted_note(submission, self._home.logs)
            origin = submission.checkpoint.origin
            with self._turn:
                answer = Response(self._cosigned(submission, note), content_type=_TEXT)
        except Malformed as error:
            answer = Response(f"{error}\n", 400, content_type=_TEXT)
        except Refusal as refusal:
            answer = Response(f"{refusal.reason}\n", refusal.status, content_type=_TEXT)
            if refusal.size is not None:
                answer = Response(f"{refusal.size}\n", refusal.status, content_type=SIZE_TYPE)
        self._answers.labels(origin, answer.status_code).inc()
        return answer

    def _cosigned(self, submission: Submission, note: Note) -> bytes:
        """Return our line for the checkpoint, which is kept before anybody sees the line."""
        origin = submission.checkpoint.origin
        known = self._home.memory.known(origin)
        try:
            check_growth(submission, known)
        except Refusal as refusal:
            self._look_at(refusal, submission, known)
            raise
        signature = cosign(note.text, self._home.signer, int(self._clock()))
        self._home.keep(origin, note.with_signatures(signature))
        log.info("checkpoint_cosigned", origin=origin, size=submission.checkpoint.size)
        return f"{signature}\n".encode()

    def _look_at(self, refusal: Refusal, submission: Submission, known: Checkpoint) -> None:
        if refusal.alarm is None:
            return
        origin, size = known.origin, submission.checkpoint.size
        evidence = self._home.memory.notes[origin]
        new = raise_alarm(self._home.alarms, refusal.alarm, submission, evidence)
        self._raised.labels(origin, refusal.alarm).inc()
        if new:
            log.error(
                "witness_alarm", kind=refusal.alarm, origin=origin, size=size, known=known.size
            )
