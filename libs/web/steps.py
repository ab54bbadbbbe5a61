"""The steps between a request's headers and its handler, in the order that costs least.

Who is it, may they, is the request well formed, is there room: only then is a body read, and only
when the body is whole does a transaction begin.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from werkzeug.datastructures import EnvironHeaders

from libs.web.access import AccessTable, Rule
from libs.web.body import BodyReader, Limits
from libs.web.call import Call, Upload, Work
from libs.web.commands import (
    CommandRunner,
    KeyReused,
    StoredReply,
    command_id,
    command_key,
    expected_version,
    key_reused,
    request_hash,
)
from libs.web.principal import ANONYMOUS
from libs.web.problems import Problem, busy, forbidden, malformed
from libs.web.request import (
    HANG_UP,
    bearer,
    body_reader,
    content_type,
    load_args,
    load_body,
    read_members,
)
from libs.web.respond import stored_reply
from libs.web.routes import OPEN_TO_ALL, Kind, Route
from libs.web.tokens import Verifier

_READ_AFTER_SECONDS = 2.0
_LONGEST_READ_AFTER = 1024
_OPEN_RULE = Rule(frozenset(), "own")


class Positions(Protocol):
    """Whether the read models have come as far as a command's token says."""

    def __call__(self, token: str, timeout: float) -> bool:
        """Wait up to `timeout` seconds; `ValueError` for a token that is not one of ours."""


@dataclass
class Answer:
    """What is known of the answer so far; the whole request fills it in."""

    identifier: str
    route: str = "unknown"
    caller: str | None = None
    stored: StoredReply = field(default_factory=lambda: StoredReply(204))
    content: Iterable[bytes] | None = None
    problem: Problem | None = None

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem.status if self.problem else self.stored.status


class Steps:
    """Takes a request through its checks to its handler."""

    def __init__(
        self,
        verifier: Verifier | None,
        access: AccessTable,
        commands: CommandRunner | None,
        positions: Positions | None,
        limits: Limits,
        clock: Callable[[], datetime],
    ) -> None:
        self._verifier = verifier
        self._access = access
        self._commands = commands
        self._positions = positions
        self._limits = limits
        self._clock = clock
        self._upload_slots = threading.BoundedSemaphore(limits.uploads)

    def take(
        self, route: Route, params: Mapping[str, Any], environ: dict[str, Any], answer: Answer
    ) -> None:
        """Fill in `answer`; raises `Problem` and whatever the handler raises."""
        body: BodyReader | None = None
        try:
            body = body_reader(environ, route.limit, self._limits)
            call = self._begin(route, params, environ, answer)
            if route.kind is Kind.UPLOAD:
                answer.stored = self._upload(route, call, environ, body)
            elif route.kind is Kind.HANDING_IN:
                answer.stored = self._handing_in(route, call, environ, body)
            else:
                self._answer(route, call, environ, body, answer)
        finally:
            # What is left of a body that nobody wants is not worth waiting for.
            if (body is None or not body.finished) and HANG_UP in environ:
                environ[HANG_UP]()

    def _begin(
        self, route: Route, params: Mapping[str, Any], environ: dict[str, Any], answer: Answer
    ) -> Call:
        headers = EnvironHeaders(environ)
        call = Call(
            principal=ANONYMOUS,
            rule=_OPEN_RULE,
            now=self._clock(),
            headers=headers,  # type: ignore[arg-type]
            params=params,
            args={},
            body={},
        )
        if route.kind not in OPEN_TO_ALL:
            call = self._identified(route, call, answer)
        call = replace(call, args=load_args(route.args, environ.get("QUERY_STRING", "")))
        if route.kind in (Kind.COMMAND, Kind.UPLOAD):
            key = command_key(headers.get("Idempotency-Key"))
            call = replace(
                call,
                key=key,
                command_id=command_id(call.principal.handler, key),
                expected_version=expected_version(headers.get("If-Match")),
            )
        return call

    def _identified(self, route: Route, call: Call, answer: Answer) -> Call:
        assert self._verifier is not None
        principal = self._verifier.verify(bearer(call.headers.get("Authorization")))
        answer.caller = principal.handler
        rule = self._access.rule(principal, route.action)
        if rule is None:
            raise forbidden(route.action)
        return replace(call, principal=principal, rule=rule)

    def _answer(
        self,
        route: Route,
        call: Call,
        environ: dict[str, Any],
        body: BodyReader,
        answer: Answer,
    ) -> None:
        members: dict[str, Any] = {}
        if route.method != "GET":
            kind = "" if body.finished else content_type(environ, route.content_types)
            members = read_members(route.body, body, kind, self._limits.depth)
            call = replace(call, body=load_body(route.body, members))
        if route.kind is Kind.COMMAND:
            if route.prepare is not None:
                call = replace(call, prepared=route.prepare(call))
            answer.stored = self._once(route, call, environ, members, route.handler)
            return
        stale = route.kind is Kind.QUERY and not self._caught_up(call)
        reply = route.handler(call)
        answer.stored = stored_reply(reply, route.answer)
        answer.content = reply.content
        if stale:
            answer.stored.headers["X-Stale"] = "true"

    def _caught_up(self, call: Call) -> bool:
        """Whether the read models show what the caller has written, after a bounded wait."""
        token = call.headers.get("X-Read-After")
        if token is None or self._positions is None:
            return True
        try:
            if len(token) > _LONGEST_READ_AFTER or not token.isascii():
                raise ValueError
            return self._positions(token, timeout=_READ_AFTER_SECONDS)
        except ValueError as error:
            raise malformed(
                "read_after_malformed",
                "Tiêu đề X-Read-After không hợp lệ.",
                "X-Read-After takes the token that a command's reply carried.",
            ) from error

    def _upload(
        self, route: Route, call: Call, environ: dict[str, Any], body: BodyReader
    ) -> StoredReply:
        kind = content_type(environ, route.content_types)

        def commit(what: Any, work: Work) -> StoredReply:
            if not body.finished:
                raise RuntimeError("an upload may be committed only when all of it was read")
            return self._once(route, call, environ, what, work)

        with self._upload_slot():
            stored: StoredReply = route.handler(replace(call, upload=Upload(body, kind, commit)))
            return stored

    def _handing_in(
        self, route: Route, call: Call, environ: dict[str, Any], body: BodyReader
    ) -> StoredReply:
        kind = content_type(environ, route.content_types)
        with self._upload_slot():
            reply = route.handler(replace(call, upload=Upload(body, kind)))
        return stored_reply(reply, route.answer)

    @contextmanager
    def _upload_slot(self) -> Iterator[None]:
        # Fewer slots than the server has workers: slow uploads never take the last one.
        if not self._upload_slots.acquire(timeout=self._limits.upload_wait):
            raise busy("uploads")
        try:
            yield
        finally:
            self._upload_slots.release()

    def _once(
        self, route: Route, call: Call, environ: dict[str, Any], content: Any, work: Work
    ) -> StoredReply:
        assert self._commands is not None

        def carry_out(unit: Any) -> StoredReply:
            return stored_reply(work(replace(call, unit=unit)), route.answer)

        fingerprint = request_hash(route.method, environ["PATH_INFO"], content)
        try:
            return self._commands.run(call.principal.handler, call.key, fingerprint, carry_out)
        except KeyReused as error:
            raise key_reused() from error
