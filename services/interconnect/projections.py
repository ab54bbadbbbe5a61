"""Replicas and read models, kept by events."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, update

from libs.db import Unit, put_row
from libs.eventstore import Recorded
from libs.messaging.applier import Handler
from libs.messaging.read_models import ReadModels
from services.interconnect import tables


def _fields(message: Any, names: Sequence[str]) -> dict[str, Any]:
    """Members as columns; what is absent is null."""
    values = {name: getattr(message, name) for name in names}
    return {name: None if value == "" else value for name, value in values.items()}


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def project_agency(message: Any, _event: Recorded, unit: Unit) -> None:
    """An agency, and every code under which it is or was addressed; the first is emitted."""
    row = _fields(message, ("agency_id", "parent_id", "channel"))
    put_row(unit, tables.agency, {**row, "name": message.name, "place": message.place})
    codes = tables.agency_code
    unit.connection.execute(delete(codes).where(codes.c.agency_id == message.agency_id))
    for rank, code in enumerate(message.codes):
        row = {
            "agency_id": message.agency_id,
            "rank": rank,
            "code": code.code,
            "valid_from": _day(code.valid_from) or date.min,
            "valid_to": _day(code.valid_to),
        }
        put_row(unit, codes, row)


def project_person(message: Any, _event: Recorded, unit: Unit) -> None:
    """A person's card."""
    put_row(unit, tables.person, {"person_id": message.person_id, "card": message.card})


def project_position(message: Any, _event: Recorded, unit: Unit) -> None:
    """Where a person acts."""
    names = ("position_id", "person_id", "agency_id", "unit", "title", "authority")
    put_row(unit, tables.position, {name: getattr(message, name) for name in names})


def project_incoming(message: Any, _event: Recorded, unit: Unit) -> None:
    """Which packet an incoming document came in, and how its sender calls it."""
    names = ("document_id", "packet_id", "agency_id", "sender_id", "foreign_id")
    row = _fields(message, names)
    row |= {"code": message.code, "issued_on": _day(message.issued_on)}
    put_row(unit, tables.incoming, row)


def project_dispatch(message: Any, event: Recorded, unit: Unit) -> None:
    """A document on its way out."""
    row = _fields(message, ("dispatch_id", "agency_id", "urgency"))
    row |= {"opened_at": event.occurred_at, "trace": event.trace}
    put_row(unit, tables.dispatch, row)


def project_prepared(message: Any, _event: Recorded, unit: Unit) -> None:
    """Its packet and the name by which statuses will call it."""
    row = tables.dispatch
    unit.connection.execute(
        update(row)
        .where(row.c.dispatch_id == message.dispatch_id)
        .values(packet=message.packet, foreign_id=message.foreign_id)
    )


def project_delivery(message: Any, _event: Recorded, unit: Unit) -> None:
    """One recipient's delivery."""
    names = ("delivery_id", "dispatch_id", "sender_id", "recipient_id", "channel")
    put_row(unit, tables.delivery, {**_fields(message, names), "transport": "opened"})


def project_sent(message: Any, event: Recorded, unit: Unit) -> None:
    """The packet was handed over."""
    values = {"sent_at": event.occurred_at, "axis_doc_id": message.axis_doc_id or None}
    _transport(unit, message.delivery_id, transport="sent", **values)


def project_refused(message: Any, _event: Recorded, unit: Unit) -> None:
    """The packet will never be handed over."""
    _transport(unit, message.delivery_id, transport="refused", reason_code=message.reason_code)


def _transport(unit: Unit, delivery_id: str, **values: Any) -> None:
    row = tables.delivery
    unit.connection.execute(update(row).where(row.c.delivery_id == delivery_id).values(**values))


def project_received_status(message: Any, event: Recorded, unit: Unit) -> None:
    """A step of the recipient."""
    names = ("delivery_id", "dispatch_id", "status_code", "told_at", "staff", "note", "channel")
    row = _fields(message, names)
    row |= {"unit": message.unit, "version": event.version, "received_at": event.occurred_at}
    put_row(unit, tables.received_status, row)


def project_arrival(message: Any, event: Recorded, unit: Unit) -> None:
    """A packet for one of our agencies."""
    names = ("packet_id", "sender_id", "recipient_id", "channel", "packet", "axis_doc_id")
    row = _fields(message, (*names, "foreign_id", "text", "urgency", "answers"))
    row |= {name: getattr(message, name) for name in ("code", "sender_code", "recipient_code")}
    row |= {
        "issued_on": _day(message.issued_on),
        "type_name": message.type_name,
        "files": [
            {"name": file.name, "content_type": file.content_type, "digest": file.digest}
            for file in message.files
        ],
        "arrived_at": event.occurred_at,
    }
    put_row(unit, tables.arrival, row)


def project_sent_status(message: Any, event: Recorded, unit: Unit) -> None:
    """A step of ours that the sender was told."""
    row = _fields(message, ("packet_id", "status_code", "channel"))
    row |= {"version": event.version, "sent_at": event.occurred_at}
    put_row(unit, tables.sent_status, row)


def project_unreadable(message: Any, event: Recorded, unit: Unit) -> None:
    """A packet that nobody got."""
    row = _fields(message, ("packet_id", "packet", "axis_doc_id", "reason_code"))
    put_row(unit, tables.desk, {**row, "kind": "unreadable", "arrived_at": event.occurred_at})


def project_unmatched(message: Any, event: Recorded, unit: Unit) -> None:
    """A status about nothing that we sent."""
    row = _fields(message, ("packet_id", "packet", "axis_doc_id", "status_code", "foreign_id"))
    row |= {"kind": "unmatched", "reason_code": "no_such_delivery"}
    put_row(unit, tables.desk, {**row, "arrived_at": event.occurred_at})


PROJECTIONS: dict[str, Handler] = {
    "AgencyRegistered": project_agency,
    "PersonRegistered": project_person,
    "PositionAssigned": project_position,
    "DocumentArrived": project_incoming,
    "DispatchOpened": project_dispatch,
    "PacketPrepared": project_prepared,
    "DeliveryOpened": project_delivery,
    "PacketSent": project_sent,
    "DeliveryRefused": project_refused,
    "StatusReceived": project_received_status,
    "PacketArrived": project_arrival,
    "StatusSent": project_sent_status,
    "PacketUnreadable": project_unreadable,
    "StatusUnmatched": project_unmatched,
}

READ_MODELS = ReadModels(
    PROJECTIONS,
    rebuilt=(
        tables.agency,
        tables.agency_code,
        tables.person,
        tables.position,
        tables.incoming,
        tables.dispatch,
        tables.delivery,
        tables.received_status,
        tables.arrival,
        tables.sent_status,
        tables.desk,
    ),
    kept={tables.axis_registration: "what the axis was told, written by the poller"},
)
