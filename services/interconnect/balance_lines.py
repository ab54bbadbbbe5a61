"""The balance's lines (cân đối), kept by events: what was accepted, and what became of it.

Each line has two sides, written by different events: none is reckoned from the other, so that a
loss shows. Either may come first, for events of different categories keep no order.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, delete, update
from sqlalchemy.dialects.postgresql import insert

from libs.db import Unit
from libs.eventstore import Recorded
from libs.messaging.applier import Handler
from services.interconnect.compose import VIETNAM
from services.interconnect.tables import balance_desk, balance_received, balance_sent

DOCUMENT = "edoc"


def _day(at: datetime) -> date:
    """The day in Viet Nam."""
    return at.astimezone(VIETNAM).date()


def _put(unit: Unit, table: Table, row: dict[str, Any], wins: tuple[str, ...]) -> None:
    """Write one side of a line; of the other side's columns only a new line gets its first."""
    key = [column.name for column in table.primary_key]
    statement = insert(table).values(**row)
    changes = {name: statement.excluded[name] for name in wins}
    unit.connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changes))


def line_accepted(message: Any, event: Recorded, unit: Unit) -> None:
    """The sender's document was taken for every one of its recipients."""
    for recipient_id in dict.fromkeys(message.recipients):
        row = {
            "dispatch_id": message.dispatch_id,
            "recipient_id": recipient_id,
            "sender_id": message.agency_id,
            "day": _day(event.occurred_at),
            "accepted": True,
        }
        _put(unit, balance_sent, row, ("accepted", "day"))


def _delivery(state: str) -> Handler:
    """What became of it, by the delivery's own word."""

    def handler(message: Any, event: Recorded, unit: Unit) -> None:
        row = {
            "dispatch_id": message.dispatch_id,
            "recipient_id": message.recipient_id,
            "sender_id": message.sender_id,
            "day": _day(event.occurred_at),
            "accepted": False,
            "state": state,
        }
        _put(unit, balance_sent, row, ("state",))

    return handler


def line_arrived(message: Any, event: Recorded, unit: Unit) -> None:
    """A packet for one of our agencies is durably ours."""
    row = {
        "packet_id": message.packet_id,
        "sender_id": message.sender_id,
        "recipient_id": message.recipient_id,
        "day": _day(event.occurred_at),
        "arrived": True,
    }
    _put(unit, balance_received, row, ("arrived", "day"))


def line_waiting(message: Any, event: Recorded, unit: Unit) -> None:
    """The documents service has what came in the packet."""
    if not message.packet_id:
        return
    row = {
        "packet_id": message.packet_id,
        "sender_id": message.sender_id,
        "recipient_id": message.agency_id,
        "day": _day(event.occurred_at),
        "arrived": False,
        "state": "waiting",
    }
    _put(unit, balance_received, row, ("state",))


def _handled(state: str) -> Handler:
    """The clerk's word, or the sender's wish; what is registered stays so."""

    def handler(message: Any, _event: Recorded, unit: Unit) -> None:
        if message.packet_id:
            line = balance_received
            unit.connection.execute(
                update(line)
                .where(line.c.packet_id == message.packet_id, line.c.state == "waiting")
                .values(state=state)
            )

    return handler


def line_on_desk(message: Any, event: Recorded, unit: Unit) -> None:
    """A document came, and these of its recipients did not get it."""
    _off_desk(unit, message.packet_id)
    if message.message_type != DOCUMENT:
        return
    for code in dict.fromkeys(message.recipient_codes):
        row = {
            "packet_id": message.packet_id,
            "recipient_code": code,
            "sender_code": message.sender_code,
            "day": _day(event.occurred_at),
            "state": "desk",
        }
        _put(unit, balance_desk, row, ("state",))


def line_recovered(message: Any, _event: Recorded, unit: Unit) -> None:
    """Read again, it arrived: its own lines tell."""
    _off_desk(unit, message.packet_id)


def _off_desk(unit: Unit, packet_id: str) -> None:
    line = balance_desk
    unit.connection.execute(delete(line).where(line.c.packet_id == UUID(packet_id)))


def line_refused_at_desk(message: Any, _event: Recorded, unit: Unit) -> None:
    """It is nobody's for good."""
    line = balance_desk
    unit.connection.execute(
        update(line).where(line.c.packet_id == message.packet_id).values(state="refused")
    )


LINES: dict[str, Handler] = {
    "DispatchOpened": line_accepted,
    "DeliveryOpened": _delivery("opened"),
    "PacketSent": _delivery("sent"),
    "DeliveryRefused": _delivery("refused"),
    "DeliveryWithdrawn": _delivery("withdrawn"),
    "PacketArrived": line_arrived,
    "DocumentArrived": line_waiting,
    "DocumentAccepted": _handled("registered"),
    "DocumentRefused": _handled("refused"),
    "DocumentWithdrawn": _handled("returned"),
    "DocumentReplaced": _handled("returned"),
    "PacketUnreadable": line_on_desk,
    "PacketRecovered": line_recovered,
    "ParkedPacketRefused": line_refused_at_desk,
}
