"""Turning replies and problems into WSGI answers."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from http import HTTPStatus
from typing import Any
from uuid import UUID

from marshmallow import Schema

from libs.web.call import Reply
from libs.web.commands import StoredReply, version_tag
from libs.web.problems import CONTENT_TYPE, Problem

StartResponse = Callable[..., Any]

_STANDING = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def stored_reply(reply: Reply, answer: Schema | None) -> StoredReply:
    """A handler's reply in the form that is kept and sent: JSON values only."""
    headers = dict(reply.headers)
    if reply.etag is not None:
        headers["ETag"] = version_tag(reply.etag)
    body = reply.body
    if body is not None:
        body = answer.dump(body) if answer else body
        body = json.loads(_json(body))
    once = json.loads(_json(reply.once))
    return StoredReply(reply.status, body, headers, reply.read_after, once)


def send(
    stored: StoredReply,
    content: Iterable[bytes] | None,
    start_response: StartResponse,
    content_type: str = "application/json",
) -> Iterable[bytes]:
    """Answer with the stored body as JSON, or with `content` as it is."""
    headers = {**_STANDING, **stored.headers}
    if stored.read_after:
        headers["X-Read-After"] = stored.read_after
    if content is None:
        text = b"" if stored.body is None else _json({**stored.body, **stored.once})
        content = [text]
        headers["Content-Length"] = str(len(text))
        if text:
            headers["Content-Type"] = content_type
    start_response(
        f"{stored.status} {HTTPStatus(stored.status).phrase}",
        list(headers.items()),
    )
    return content


def send_problem(problem: Problem, instance: str, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with a problem document."""
    stored = StoredReply(problem.status, problem.document(instance), problem.headers)
    return send(stored, None, start_response, CONTENT_TYPE)


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(
        body, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
    ).encode()


def _plain(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
