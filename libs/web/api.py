"""A service's HTTP interface: a WSGI application that checks first and asks the handler last."""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import uuid4

from libs.observability import HTTP_REQUESTS, HTTP_SECONDS, REFUSED, extract, get_logger, span
from libs.web.access import AccessTable
from libs.web.body import Limits
from libs.web.call import Call, Reply
from libs.web.commands import CommandRunner, StoredReply
from libs.web.openapi import describe
from libs.web.problems import Problem, incident, of_refusal, unavailable
from libs.web.request import FORM, JSON
from libs.web.respond import StartResponse, send, send_problem
from libs.web.routes import OPEN_TO_ALL, Kind, Route, Routes, SchemaLike, schema_of
from libs.web.steps import Answer, Positions, Steps
from libs.web.tokens import Verifier

QueryHandler = TypeVar("QueryHandler", bound=Callable[[Call], Reply])
UploadHandler = TypeVar("UploadHandler", bound=Callable[[Call], StoredReply])

logger = get_logger("libs.web")


class Api:
    """The routes of one service.

    `refusal` is the base class (or classes) of the service's own errors, which offer what
    `problems.Refusal` names; they and `Problem` become problem documents. An exception that is
    `passing` trouble, such as a lost database, is 503: the same request may succeed in a moment.
    Any other is an incident: 500 with an identifier, and a log line with its place. Routes are
    checked when they are added: an action without a row in the access table raises `LookupError`,
    a guarded route without a verifier or a command without a runner `ValueError`.
    """

    def __init__(
        self,
        service: str,
        verifier: Verifier | None = None,
        access: AccessTable | None = None,
        commands: CommandRunner | None = None,
        positions: Positions | None = None,
        limits: Limits = Limits(),  # noqa: B008 -- frozen
        refusal: type[Exception] | tuple[type[Exception], ...] = (),
        passing: Callable[[Exception], bool] = lambda _error: False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.service = service
        self._verifier = verifier
        self._access = access or AccessTable({})
        self._commands = commands
        self._limits = limits
        self._refusal = refusal
        self._passing = passing
        self._routes = Routes()
        self._steps = Steps(verifier, self._access, commands, positions, limits, clock)
        self.open(f"/v1/openapi/{service}.json")(self._openapi)

    def query(
        self,
        path: str,
        action: str,
        answer: SchemaLike | None = None,
        args: SchemaLike | None = None,
    ) -> Callable[[QueryHandler], QueryHandler]:
        """A GET. With `X-Read-After` it waits up to 2 s for the positions in that token."""
        return self._adder(Kind.QUERY, "GET", path, action, answer=answer, args=args)

    def command(
        self,
        path: str,
        action: str,
        body: SchemaLike | None = None,
        answer: SchemaLike | None = None,
        method: str = "POST",
        prepare: Callable[[Call], Any] | None = None,
    ) -> Callable[[QueryHandler], QueryHandler]:
        """A change, carried out once for each `Idempotency-Key` by the command runner.

        `prepare` does the slow part, such as storing a text, before the transaction begins; its
        result is `call.prepared`. It runs again for a repeat, so it must be harmless to repeat.
        """
        return self._adder(
            Kind.COMMAND,
            method,
            path,
            action,
            body=body,
            answer=answer,
            content_types=(JSON,),
            prepare=prepare,
        )

    def upload(
        self,
        path: str,
        action: str,
        limit: int,
        answer: SchemaLike | None = None,
        args: SchemaLike | None = None,
        content_types: tuple[str, ...] | None = None,
        method: str = "POST",
    ) -> Callable[[UploadHandler], UploadHandler]:
        """A body of up to `limit` bytes as a stream: see `Upload`. Needs an `Idempotency-Key`."""
        return self._adder(
            Kind.UPLOAD,
            method,
            path,
            action,
            answer=answer,
            args=args,
            limit=limit,
            content_types=content_types,
        )

    def handing_in(
        self, path: str, limit: int, content_types: tuple[str, ...] | None = None
    ) -> Callable[[QueryHandler], QueryHandler]:
        """A body of up to `limit` bytes without a token: its address is the permission.

        The handler looks at the address before it reads `call.upload.stream`.
        """
        return self._adder(
            Kind.HANDING_IN, "POST", path, action="", limit=limit, content_types=content_types
        )

    def open(
        self,
        path: str,
        method: str = "GET",
        form: SchemaLike | None = None,
        body: SchemaLike | None = None,
        answer: SchemaLike | None = None,
        args: SchemaLike | None = None,
    ) -> Callable[[QueryHandler], QueryHandler]:
        """A route without a token, such as the one that gives tokens; `form` or JSON `body`."""
        return self._adder(
            Kind.OPEN,
            method,
            path,
            action="",
            body=form or body,
            answer=answer,
            args=args,
            content_types=(FORM,) if form else (JSON,),
        )

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 description of all routes."""
        return describe(self.service, self._routes)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        started = time.monotonic()
        method = environ["REQUEST_METHOD"]
        answer = Answer(str(uuid4()))
        carried = {
            name: environ[f"HTTP_{name.upper()}"]
            for name in ("traceparent", "tracestate")
            if f"HTTP_{name.upper()}" in environ
        }
        with span("http_request", extract(carried), **{"http.request.method": method}) as current:
            self._answer(environ, answer)
            seconds = time.monotonic() - started
            current.update_name(f"{method} {answer.route}")
            current.set_attribute("http.route", answer.route)
            current.set_attribute("http.response.status_code", answer.status)
            _record(method, answer, seconds)
        if answer.problem is not None:
            sent = send_problem(answer.problem, f"urn:uuid:{answer.identifier}", start_response)
        else:
            sent = send(answer.stored, answer.content, start_response)
        return [] if method == "HEAD" else sent

    def _answer(self, environ: dict[str, Any], answer: Answer) -> None:
        try:
            route, params = self._routes.match(environ)
            answer.route = route.path
            self._steps.take(route, params, environ, answer)
        except Problem as problem:
            answer.problem = problem
        except self._refusal as error:
            answer.problem = of_refusal(error)  # type: ignore[arg-type]
        except Exception as error:
            answer.problem = self._unforeseen(error, answer)

    def _unforeseen(self, error: Exception, answer: Answer) -> Problem:
        if self._passing(error):
            logger.warning("unavailable", route=answer.route, cause=type(error).__name__)
            return unavailable()
        logger.exception("incident", incident=answer.identifier, route=answer.route)
        return incident(answer.identifier)

    def _adder(
        self,
        kind: Kind,
        method: str,
        path: str,
        action: str,
        *,
        body: SchemaLike | None = None,
        args: SchemaLike | None = None,
        answer: SchemaLike | None = None,
        limit: int | None = None,
        content_types: tuple[str, ...] | None = None,
        prepare: Callable[[Call], Any] | None = None,
    ) -> Callable[[Any], Any]:
        if kind not in OPEN_TO_ALL:
            self._access.require(action)
            if self._verifier is None:
                raise ValueError(f"{path} needs a verifier of tokens")
        if kind in (Kind.COMMAND, Kind.UPLOAD) and self._commands is None:
            raise ValueError(f"{path} needs a command runner")

        def add(handler: Any) -> Any:
            self._routes.add(
                Route(
                    kind=kind,
                    method=method,
                    path=path,
                    action=action,
                    handler=handler,
                    body=schema_of(body),
                    args=schema_of(args),
                    answer=schema_of(answer) if answer else None,
                    limit=limit or self._limits.body,
                    content_types=content_types,
                    prepare=prepare,
                )
            )
            return handler

        return add

    def _openapi(self, _call: Call) -> Reply:
        """This description."""
        return Reply(body=self.openapi())


def _record(method: str, answer: Answer, seconds: float) -> None:
    """Count and log the answer; routes, not addresses, so that strangers cannot add series."""
    known = method if answer.route != "unknown" else "any"
    HTTP_REQUESTS.labels(answer.route, known, str(answer.status)).inc()
    HTTP_SECONDS.labels(answer.route, known).observe(seconds)
    code = answer.problem.code if answer.problem else None
    if code is not None:
        REFUSED.labels(code).inc()
    logger.info(
        "http_request",
        request=answer.identifier,
        method=known,
        route=answer.route,
        status=answer.status,
        seconds=round(seconds, 4),
        caller=answer.caller,
        code=code,
    )
