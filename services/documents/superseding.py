"""What becomes of older documents when a newer one is taken or refused (cập nhật, thay thế)."""

from collections.abc import Sequence
from functools import reduce
from typing import Any
from uuid import UUID

from libs.db import Unit
from services.documents import lookup
from services.documents.domain import incoming
from services.documents.domain.incoming import Event, Incoming
from services.documents.journal import document_stream, load

Write = tuple[str, int, Sequence[Any]]


def hold(unit: Unit, agency_id: UUID, sender_id: UUID) -> None:
    """Let arrivals from one sender, and answers to what they supersede, go one after the other.

    A document and the newer one that takes its place stand in two streams: were both written at
    the same time, neither would see the other. One lock for all names of the sender: which ones
    a chain of updates leads to is not known before.
    """
    unit.hold(f"superseding-{agency_id}-{sender_id}")


def consequences(unit: Unit, newer: Incoming) -> list[Write]:
    """What `newer`, as it stands now, adds to the documents that it updates or replaces.

    And to those that these did in their turn. Only documents of the same sender, at the same
    agency, are touched.
    """
    arrived = newer.arrived
    if not arrived.supersedes:
        return []
    hold(unit, arrived.agency_id, arrived.sender_id)
    writes: list[Write] = []
    left, seen = [newer], {newer.document_id}
    while left:
        newer = left.pop()
        command = incoming.effect_on_older(newer, unit.now)
        for older_id in _older(unit, newer) if command else []:
            loaded = load(unit, older_id)
            older = loaded.document
            if older_id in seen or command is None or not isinstance(older, Incoming):
                continue
            seen.add(older_id)
            events = incoming.decide(older, command)
            if events:
                writes.append((document_stream(older_id), loaded.version, events))
                left.append(reduce(incoming.evolve, events, older))
    return writes


def late(unit: Unit, older: Incoming) -> list[Event]:
    """What newer documents, which came before it, mean for a document that has just arrived.

    Its arrival holds the sender's documents, see `hold`.
    """
    events: list[Event] = []
    arrived = older.arrived
    newer_ids = lookup.superseding(
        unit.connection, arrived.agency_id, arrived.sender_id, arrived.foreign_id
    )
    for newer_id in newer_ids:
        newer = load(unit, newer_id).document
        command = incoming.effect_on_older(newer, unit.now) if isinstance(newer, Incoming) else None
        if command:
            new = incoming.decide(older, command)
            older = reduce(incoming.evolve, new, older)
            events += new
    return events


def _older(unit: Unit, newer: Incoming) -> Sequence[Any]:
    arrived = newer.arrived
    if not arrived.supersedes:
        return ()
    return lookup.called(unit.connection, arrived.agency_id, arrived.sender_id, arrived.supersedes)
