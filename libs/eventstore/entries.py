"""An event's entry: the bytes by which it stands in the log, made from its columns alone.

An entry is canonical JSON (RFC 8785) of `FIELDS` in their order, every value a text or null: whole
numbers in decimal, instants as RFC 3339 in UTC with six digits, UUIDs as RFC 9562 writes them,
`payload` the SHA-256 of the payload's bytes, and `prev` the leaf hash of the stream's event before
this one (null for version 1), both in lower-case hex. The leaf hash is SHA-256 over one zero byte
and the entry (RFC 6962, section 2.1); the column `leaf` holds it.

`es.leaf` in sql/append.sql makes the same bytes; a test compares the two.
"""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from libs.eventstore.model import Place, StoreError

FIELDS = {
    "agency": "agency",
    "behalf": "behalf",
    "causation": "causation",
    "correlation": "correlation",
    "handler": "handler",
    "id": "event_id",
    "occurred_at": "occurred_at",
    "payload": "payload",
    "position": "position",
    "prev": "leaf",
    "recorded_at": "recorded_at",
    "schema": "schema",
    "stream": "stream",
    "trace": "trace",
    "tx": "tx",
    "type": "type",
    "version": "version",
}
"""The names in an entry, and the columns that tell them; `prev` is the event before's `leaf`."""

ROW_COLUMNS = (
    "tx, position, stream, version, category, event_id::text, type, schema, agency, handler,"
    " behalf, occurred_at::text, recorded_at::text, trace::text, correlation::text,"
    " causation::text, payload, leaf"
)
"""A row as `Row` takes it, on a connection with timezone UTC and datestyle ISO."""

_USUAL_INSTANT = len("2026-11-22 07:05:00.000120+00")
_STREAM = re.compile(r"([a-z]{1,32})-[A-Za-z0-9._:-]{1,200}")
_NAME = re.compile(r"[A-Za-z0-9._:/-]{1,128}")
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")


class NotAnEntry(StoreError):
    """These bytes are no event's entry."""


class Row(NamedTuple):
    """A row of es.event as an entry needs it: ids and instants as the server's own text."""

    tx: int
    position: int
    stream: str
    version: int
    category: str
    event_id: str
    type: str
    schema: int
    agency: str
    handler: str
    behalf: str | None
    occurred_at: str
    recorded_at: str
    trace: str
    correlation: str | None
    causation: str | None
    payload: bytes
    leaf: bytes

    @property
    def place(self) -> Place:
        """Where it stands in the store's order."""
        return Place(self.tx, self.position)


def entry_of(row: Row, prev: bytes | None) -> bytes:
    """Return the entry of a row whose stream's event before it has the leaf hash `prev`.

    Different rows never give the bytes of one that `fits`: its values hold no quotation mark.
    """
    (
        tx, position, stream, version, _, event_id, type_, schema, agency, handler, behalf,
        occurred_at, recorded_at, trace, correlation, causation, payload, _,
    ) = row  # fmt: skip
    # Written out, for a verification makes millions of them.
    occurred = (
        f"{occurred_at[:10]}T{occurred_at[11:26]}Z"
        if len(occurred_at) == _USUAL_INSTANT
        else instant(occurred_at)
    )
    recorded = (
        f"{recorded_at[:10]}T{recorded_at[11:26]}Z"
        if len(recorded_at) == _USUAL_INSTANT
        else instant(recorded_at)
    )
    on_behalf = "null" if behalf is None else f'"{behalf}"'
    cause = "null" if causation is None else f'"{causation}"'
    correlated = "null" if correlation is None else f'"{correlation}"'
    before = "null" if prev is None else f'"{prev.hex()}"'
    return (
        f'{{"agency":"{agency}","behalf":{on_behalf},"causation":{cause}'
        f',"correlation":{correlated},"handler":"{handler}","id":"{event_id}"'
        f',"occurred_at":"{occurred}","payload":"{sha256(payload).hexdigest()}"'
        f',"position":"{position}","prev":{before},"recorded_at":"{recorded}"'
        f',"schema":"{schema}","stream":"{stream}","trace":"{trace}","tx":"{tx}"'
        f',"type":"{type_}","version":"{version}"}}'
    ).encode()


def leaf_of(entry: bytes) -> bytes:
    """Return the leaf hash of an entry."""
    return sha256(b"\x00" + entry).digest()


def fits(row: Row) -> bool:
    """Tell whether the store's own functions could have written the row's names.

    Only names without anything to escape make an entry that is canonical JSON.
    """
    stream = _STREAM.fullmatch(row.stream)
    return bool(
        stream
        and stream[1] == row.category
        and _TYPE.fullmatch(row.type)
        and _NAME.fullmatch(row.agency)
        and _NAME.fullmatch(row.handler)
        and (row.behalf is None or _NAME.fullmatch(row.behalf))
    )


def fields_of(entry: bytes) -> dict[str, str | None]:
    """Read an entry; raises `NotAnEntry` for anything but an event's."""
    try:
        fields = json.loads(entry)
    except (ValueError, RecursionError) as error:
        raise NotAnEntry("the entry is not JSON") from error
    if not isinstance(fields, dict) or list(fields) != list(FIELDS):
        raise NotAnEntry("the entry does not have an event's fields")
    if not all(value is None or isinstance(value, str) for value in fields.values()):
        raise NotAnEntry("a field of the entry is neither text nor null")
    return fields


def place_of(entry: bytes) -> Place:
    """Return where an entry's event stands in the store's order; raises `NotAnEntry`."""
    fields = fields_of(entry)
    try:
        return Place(int(fields["tx"] or ""), int(fields["position"] or ""))
    except ValueError as error:
        raise NotAnEntry("the entry's place is not two numbers") from error


def differences(row: Row, prev: bytes | None, entry: bytes) -> Iterator[str]:
    """Yield the columns of a row that are not what was sealed of its event, in their order.

    Of `prev`, which no column of the row tells, "the event before". Raises `NotAnEntry`.
    """
    sealed = fields_of(entry)
    here: dict[str, str | None] = {
        **{name: _text(getattr(row, column)) for name, column in FIELDS.items()},
        "occurred_at": instant(row.occurred_at),
        "recorded_at": instant(row.recorded_at),
        "payload": sha256(row.payload).hexdigest(),
        "prev": prev.hex() if prev is not None else None,
    }
    for name, column in FIELDS.items():
        if here[name] != sealed[name]:
            yield "the event before" if name == "prev" else column
    if row.category != row.stream.partition("-")[0]:
        yield "category"
    if row.leaf != leaf_of(entry):
        yield "leaf"


def instant(sent: str) -> str:
    """An instant as an entry has it, from PostgreSQL's text of a timestamptz in UTC."""
    if len(sent) == _USUAL_INSTANT:
        return f"{sent[:10]}T{sent[11:26]}Z"
    day, _, time = sent.removesuffix("+00").partition(" ")
    second, _, fraction = time.partition(".")
    return f"{day}T{second}.{fraction:0<6}Z"


def _text(value: object) -> str | None:
    return None if value is None else str(value)
