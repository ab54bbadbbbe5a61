"""Reading a WSGI request strictly: what is not understood is refused."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from marshmallow import Schema, ValidationError
from marshmallow.fields import List

from libs.web.body import BodyReader, Limits, parse_json, storable
from libs.web.problems import Problem, malformed

TIME_LIMIT = "libs.web.time_limit"
"""Key of the environ: the server's `TimeLimit`."""

HANG_UP = "libs.web.hang_up"
"""Key of the environ: call it to have the connection closed after the answer."""

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

_MOST_FIELDS = 100
_MOST_ERRORS = 20


def bearer(header: str | None) -> str:
    """The token in `Authorization` (RFC 6750); raises `Problem` (401) without one."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem(
            401,
            "token_missing",
            "Thiếu mã truy cập, hãy đăng nhập.",
            "An access token is needed: Authorization: Bearer <token>.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return token.strip()


def body_reader(environ: Mapping[str, Any], limit: int, limits: Limits) -> BodyReader:
    """The request's body, not yet read; raises `Problem` when its length cannot be told."""
    encoding = environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    length = environ.get("CONTENT_LENGTH") or "0"
    if encoding and not (encoding == "chunked" and environ.get("wsgi.input_terminated")):
        raise malformed(
            "transfer_encoding_unknown",
            "Không hỗ trợ Transfer-Encoding này.",
            "This Transfer-Encoding is not understood here.",
        )
    if not (length.isascii() and length.isdigit() and len(length) < 19):
        raise malformed(
            "content_length_malformed",
            "Content-Length không hợp lệ.",
            "Content-Length is not a number of bytes.",
        )
    announced = None if encoding else int(length)
    time_limit = {"time_limit": environ[TIME_LIMIT]} if TIME_LIMIT in environ else {}
    return BodyReader(environ["wsgi.input"], announced, limit, limits, **time_limit)


def content_type(environ: Mapping[str, Any], allowed: tuple[str, ...] | None) -> str:
    """The media type without parameters; raises `Problem` (415) when it is not among `allowed`."""
    kind: str = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if allowed is not None and kind not in allowed:
        raise Problem(
            415,
            "content_type_unknown",
            "Không nhận loại nội dung này.",
            "This type of content is not taken here.",
            {"allowed": list(allowed)},
        )
    return kind


def load_args(schema: Schema, query: str) -> dict[str, Any]:
    """The query's arguments by `schema`; raises `Problem` (400)."""
    try:
        return _load(schema, _fields(schema, query))
    except ValidationError as error:
        raise malformed(
            "arguments_invalid",
            "Tham số truy vấn không hợp lệ.",
            "Some of the query's arguments are not valid.",
            errors=_where(error.messages),
        ) from error


def read_members(schema: Schema, stream: BodyReader, kind: str, depth: int) -> dict[str, Any]:
    """The body's members as they came, from JSON or a form; raises `Problem`."""
    content = stream.read()
    if kind == FORM:
        return _fields(schema, content.decode("latin-1"))
    return parse_json(content, depth) if content else {}


def load_body(schema: Schema, members: dict[str, Any]) -> dict[str, Any]:
    """The members by `schema`; raises `Problem` (422) that says where and what."""
    try:
        return _load(schema, members)
    except ValidationError as error:
        raise Problem(
            422,
            "body_invalid",
            "Nội dung yêu cầu không hợp lệ.",
            "Some members of the body are not valid.",
            {"errors": _where(error.messages)},
        ) from error


def _load(schema: Schema, values: dict[str, Any]) -> dict[str, Any]:
    loaded: dict[str, Any] = schema.load(values)
    return loaded


def _fields(schema: Schema, text: str) -> dict[str, Any]:
    try:
        found = parse_qs(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise _unreadable() from error
    if not all(storable(part) for name in found for part in (name, *found[name])):
        raise _unreadable()
    # A field that comes twice stays a list, so that its schema refuses what wants one value.
    return {
        name: values if len(values) > 1 or isinstance(schema.fields.get(name), List) else values[0]
        for name, values in found.items()
    }


def _unreadable() -> Problem:
    return malformed(
        "fields_unreadable",
        "Không đọc được các trường.",
        "The fields cannot be read.",
    )


def _where(messages: Any, path: str = "") -> list[dict[str, str]]:
    """Marshmallow's nested messages as a flat list of where and what."""
    if isinstance(messages, dict):
        parts = (
            _where(inner, f"{path}.{str(name)[:100]}" if path else str(name)[:100])
            for name, inner in messages.items()
        )
        found = [each for part in parts for each in part]
    else:
        texts = messages if isinstance(messages, list) else [messages]
        found = [{"where": path, "what": str(text)} for text in texts]
    return found[:_MOST_ERRORS]
