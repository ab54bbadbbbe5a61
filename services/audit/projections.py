"""The auditor's read models, kept by every service's events.

A line is made from its event alone; names, codes and titles are looked up when it is shown. So
nothing depends on the order in which the events of different categories come.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import tuple_
from sqlalchemy.dialects.postgresql import insert

from libs.db import Unit, put_row
from libs.eventstore import Recorded
from libs.messaging.applier import Handler
from libs.messaging.read_models import ReadModels
from services.audit.actions import ACTIONS, key_of
from services.audit.events import ASKED
from services.audit.tables import (
    agency_entry,
    consultation,
    document_fact,
    line,
    person_entry,
    position_entry,
    trace,
)

# Who did the step, whose document it is about, and with whom it was done: the field of the event.
AGENCY = {
    "PacketArrived": "sender_id",
    "PacketSent": "sender_id",
    "DeliveryRefused": "sender_id",
    "RecallAsked": "sender_id",
    "DeliveryWithdrawn": "sender_id",
    "DeliveryReplaced": "recipient_id",
    "StatusReceived": "recipient_id",
    "StatusWithheld": "recipient_id",
}
_COUNTERPART = {
    "PacketArrived": "recipient_id",
    "PacketSent": "recipient_id",
    "DeliveryRefused": "recipient_id",
    "RecallAsked": "recipient_id",
    "DeliveryWithdrawn": "recipient_id",
    "DocumentArrived": "sender_id",
    "StatusWithheld": "sender_id",
}
# The blob that names the handler whom our directory does not know.
NAMED_IN = {"PacketArrived": "text", "StatusReceived": "staff"}


def project_line(message: Any, event: Recorded, unit: Unit) -> None:
    """Write the event's line, if it makes one, and move its trace's beginning."""
    action = key_of(event.type, message)
    if action is None:
        return
    put_row(unit, line, _line(message, event, action))
    statement = insert(trace).values(trace=event.trace, tx=event.tx, position=event.position)
    first = statement.excluded
    unit.connection.execute(
        statement.on_conflict_do_update(
            index_elements=["trace"],
            set_={"tx": first.tx, "position": first.position},
            where=tuple_(first.tx, first.position) < tuple_(trace.c.tx, trace.c.position),
        )
    )


def _line(message: Any, event: Recorded, action: str) -> dict[str, Any]:
    agency = getattr(message, AGENCY.get(event.type, "agency_id"), "") or event.agency
    counterpart = getattr(message, _COUNTERPART[event.type]) if event.type in _COUNTERPART else ""
    return {
        "event_id": event.event_id,
        "tx": event.tx,
        "position": event.position,
        "trace": event.trace,
        "event_type": event.type,
        "action": action,
        "status_code": ACTIONS[action].status,
        "agency_id": UUID(agency),
        "document_id": _id(getattr(message, "document_id", "")),
        "packet_id": _id(getattr(message, "packet_id", "")),
        **_handler(message, event),
        **_times(message, event),
        "unit": getattr(message, "unit", ""),
        "assignee_id": _id(getattr(message, "assignee_id", "")),
        "assignee_position_id": _id(getattr(message, "assignee_position_id", "")),
        "counterpart_id": _id(counterpart),
    }


def _handler(message: Any, event: Recorded) -> dict[str, Any]:
    """Who did it: by id, or by the blob that tells; the one whose key signed is the signer."""
    nobody = {"handler": None, "person_id": None, "position_id": None, "named_in": None}
    if event.type in NAMED_IN:
        return {**nobody, "named_in": getattr(message, NAMED_IN[event.type]) or None}
    if event.type == "SignatureMade" and message.role in ("leader", "copier"):
        person = f"person:{message.owner_id}"
        return {**nobody, "handler": person, "person_id": UUID(message.owner_id)}
    kind, _, who = event.handler.partition(":")
    person_id, _, position_id = who.partition("/")
    if kind != "person":
        return {**nobody, "handler": event.handler}
    ids = {"person_id": UUID(person_id), "position_id": _id(position_id)}
    return {**nobody, "handler": event.handler, **ids}


def _times(message: Any, event: Recorded) -> dict[str, datetime]:
    at = order_at = event.occurred_at
    if event.type == "StatusReceived" and message.done_at:
        at = order_at = datetime.fromisoformat(message.done_at).astimezone(UTC)
    elif event.type == "StatusReceived":
        at = datetime.fromisoformat(message.told_at).astimezone(UTC)
        # Packets tell whole seconds: the step stands at the end of its second, so that it does
        # not come before what led to it, but never later than it was heard of.
        order_at = min(at.replace(microsecond=999_999), max(at, event.occurred_at))
    return {"at": at, "order_at": order_at, "recorded_at": event.recorded_at}


def project_agency(message: Any, event: Recorded, unit: Unit) -> None:
    """Keep an entry of an agency beside the earlier ones."""
    names = ("code", "valid_from", "valid_to")
    row = {
        "agency_id": UUID(message.agency_id),
        "since": event.occurred_at,
        "tier": message.tier,
        "name": message.name,
        "codes": [{name: getattr(code, name) for name in names} for code in message.codes],
    }
    put_row(unit, agency_entry, {**row, **_place(event)})


def project_person(message: Any, event: Recorded, unit: Unit) -> None:
    """Keep the digest of a person's card."""
    row = {"person_id": UUID(message.person_id), "card": message.card}
    put_row(unit, person_entry, {**row, **_place(event)})


def project_position(message: Any, event: Recorded, unit: Unit) -> None:
    """Keep the title and unit of a position."""
    row = {
        "position_id": UUID(message.position_id),
        "unit": message.unit,
        "title": message.title,
    }
    put_row(unit, position_entry, {**row, **_place(event)})


def project_document(message: Any, event: Recorded, unit: Unit) -> None:
    """Keep what the event tells of its document: number, text, signer, packet; and its line."""
    row = {
        "document_id": UUID(message.document_id),
        "trace": event.trace,
        "packet_id": _id(getattr(message, "packet_id", "")),
        "code": _code(message),
        "text": getattr(message, "text", "") or None,
        "signer_id": _id(getattr(message, "signer_id", "")),
        "signer_position_id": _id(getattr(message, "signer_position_id", "")),
    }
    put_row(unit, document_fact, {**row, **_place(event)})
    project_line(message, event, unit)


def project_consultation(message: Any, event: Recorded, unit: Unit) -> None:
    """Keep who was shown what."""
    asked = {name: getattr(message, name) for name in ASKED if getattr(message, name)}
    told = {"question": message.question, "door": message.door, "lines": message.lines}
    _put_consultation(message, event, unit, {**told, "asked": asked})


def project_archive(message: Any, event: Recorded, unit: Unit) -> None:
    """Keep who was shown a file with its evidence; the signatures service has no other door."""
    told = {"question": "archive", "door": "http", "lines": 1}
    asked = {"document_id": message.document_id}
    _put_consultation(message, event, unit, {**told, "asked": asked})


def _put_consultation(message: Any, event: Recorded, unit: Unit, told: dict[str, Any]) -> None:
    kind, _, who = event.handler.partition(":")
    person, _, post = who.partition("/")
    row = {
        "consultation_id": UUID(message.consultation_id),
        "at": event.occurred_at,
        "handler": event.handler,
        "person_id": _known_id(person) if kind == "person" else None,
        "position_id": _known_id(post) if kind == "person" else None,
        "agency": event.agency,
        **told,
    }
    put_row(unit, consultation, {**row, **_place(event)})


def _known_id(text: str) -> UUID | None:
    """A token may name its person in any way; the directory knows only ids of ours."""
    try:
        return _id(text)
    except ValueError:
        return None


def _code(message: Any) -> str | None:
    """Number and sign (số, ký hiệu), below 10 with a leading zero (Decree 30/2020, art. 15)."""
    if getattr(message, "number", 0):
        return f"{message.number:02}/{message.notation}"
    return getattr(message, "code", "") or None


def _place(event: Recorded) -> dict[str, int]:
    return {"tx": event.tx, "position": event.position}


def _id(text: str) -> UUID | None:
    return UUID(text) if text else None


PROJECTIONS: dict[str, Handler] = {
    **{key.partition(":")[0]: project_line for key in ACTIONS},
    "AgencyRegistered": project_agency,
    "PersonRegistered": project_person,
    "PositionAssigned": project_position,
    "DocumentDrafted": project_document,
    "DraftRevised": project_document,
    "DocumentNumbered": project_document,
    "DocumentIssued": project_document,
    "DocumentArrived": project_document,
    "TrailConsulted": project_consultation,
    "EvidenceConsulted": project_archive,
}

READ_MODELS = ReadModels(
    PROJECTIONS,
    rebuilt=(
        line,
        trace,
        agency_entry,
        person_entry,
        position_entry,
        document_fact,
        consultation,
    ),
)
