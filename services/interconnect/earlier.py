"""What a newer document means for deliveries of the one that it updates or replaces."""

from collections.abc import Sequence
from functools import reduce
from typing import Any
from uuid import UUID

from libs.db import Unit
from services.interconnect.commands import (
    AskUpdate,
    Command,
    LapseUpdate,
    RecordReplaced,
)
from services.interconnect.domain import decide, delivery_id, dispatch_of, evolve
from services.interconnect.domain.delivery import Delivery
from services.interconnect.errors import NotAskable, RequestOpen
from services.interconnect.events import DispatchOpened, PacketSent, StatusReceived
from services.interconnect.journal import (
    JOURNAL,
    Write,
    delivery_after,
    delivery_stream,
    delivery_writes,
    dispatch_stream,
    hold_dispatch,
    load_delivery,
)

EARLIER_REQUEST_OPEN = "earlier_request_open"
"""Why a document is not sent to a recipient who has still to answer about the one it updates."""


def opened_dispatch(unit: Unit, document_id: UUID) -> tuple[DispatchOpened, UUID] | None:
    """The sending of a document and its trace; None for one that was never sent."""
    begun: Sequence[Any] = unit.store.read(dispatch_stream(document_id), 0, 1)
    return (JOURNAL.event(begun[0]), begun[0].trace) if begun else None


def ask_update(unit: Unit, updates: UUID, by: UUID, recipient_id: UUID) -> list[Write]:
    """Ask the recipient to take `by` for the older document, if he has that and it is in force.

    Raises `RequestOpen`: of two requests nobody could tell which one an answer is for.
    """
    name = delivery_id(updates, recipient_id)
    try:
        return delivery_writes(unit, name, [AskUpdate(by=by)])
    except RequestOpen:
        raise
    except NotAskable:
        return []


def lapse_update(
    unit: Unit, updates: UUID, by: UUID, recipient_id: UUID, *, never_left: bool
) -> list[Write]:
    """Ask nothing any more: the newer document is not sent to the recipient any more."""
    name = delivery_id(updates, recipient_id)
    if load_delivery(unit, name)[0].opened is None:
        return []
    return delivery_writes(unit, name, [LapseUpdate(by=by, never_left=never_left)])


def settled_writes(
    unit: Unit, name: str, commands: Sequence[Command], *, alone: bool = False
) -> list[Write]:
    """What the commands add to a delivery, and to those of the documents that it replaces.

    A document takes the place of what it replaces (thay thế) once its recipient has accepted it.
    Its dispatch is held for one delivery; `alone` when the caller holds it for many. An update (cập
    nhật) that came though it was refused asks for its answer again.
    """
    if not alone:
        hold_dispatch(unit, dispatch_of(name), shared=True)
    delivery, writes = delivery_after(unit, name, commands)
    if not writes:
        return []
    # Only the recipient's own step shows that what was refused had come.
    kinds = [type(event) for event in writes[0][2]]
    came = kinds == [PacketSent, StatusReceived]
    return writes + _replaced(unit, delivery) + (_asked_again(unit, delivery) if came else [])


def _asked_again(unit: Unit, newer: Delivery) -> list[Write]:
    """Nothing, where another request is open by now: the answer is taken for that."""
    assert newer.opened is not None
    found = opened_dispatch(unit, newer.opened.dispatch_id)
    updates = found[0].updates if found else None
    if updates is None:
        return []
    hold_dispatch(unit, updates, shared=True)
    try:
        return ask_update(unit, updates, newer.opened.document_id, newer.opened.recipient_id)
    except RequestOpen:
        return []


def _replaced(unit: Unit, newer: Delivery) -> list[Write]:
    writes: list[Write] = []
    seen: set[str] = set()
    while newer.taken and newer.opened:
        found = opened_dispatch(unit, newer.opened.dispatch_id)
        replaces = found[0].replaces if found else None
        if replaces is None:
            break
        name = delivery_id(replaces, newer.opened.recipient_id)
        if name in seen:
            break
        seen.add(name)
        hold_dispatch(unit, replaces, shared=True)
        older, version = load_delivery(unit, name)
        if older.opened is None:
            break
        events = decide(older, RecordReplaced(by=newer.opened.document_id))
        if events:
            writes.append((delivery_stream(name), version, list(events)))
        newer = reduce(evolve, events, older)
    return writes
