"""Replicas and read models, kept by events."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Table, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from libs.db import Unit, put_row
from libs.eventstore import Recorded
from libs.messaging.applier import Handler
from libs.messaging.read_models import ReadModels
from services.interconnect import tables, wire_names
from services.interconnect.balance_lines import LINES
from services.interconnect.domain import early_packet_id
from services.interconnect.domain.envelope import shows_that_sender_knows


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


def project_closing(message: Any, _event: Recorded, unit: Unit) -> None:
    """The last day of an agency."""
    row = tables.agency
    unit.connection.execute(
        update(row)
        .where(row.c.agency_id == message.agency_id)
        .values(closed_on=_day(message.closed_on), successor_id=message.successor_id or None)
    )


def project_person(message: Any, _event: Recorded, unit: Unit) -> None:
    """A person's card."""
    put_row(unit, tables.person, {"person_id": message.person_id, "card": message.card})


def project_position(message: Any, _event: Recorded, unit: Unit) -> None:
    """Where a person acts."""
    names = ("position_id", "person_id", "agency_id", "unit", "title", "authority")
    put_row(unit, tables.position, {name: getattr(message, name) for name in names})


def project_certificate(message: Any, _event: Recorded, unit: Unit) -> None:
    """A certificate by which envelopes are believed; those of people and seals are not ours."""
    if message.kind == "service":
        row = {"certificate_id": message.certificate_id, "agency_id": message.owner_id}
        put_row(unit, tables.service_certificate, {**row, "file": message.file})


def project_revocation(message: Any, _event: Recorded, unit: Unit) -> None:
    """By a revoked certificate nothing is believed that comes from now on."""
    _forget(unit, [message.certificate_id])


def project_device_gone(message: Any, _event: Recorded, unit: Unit) -> None:
    """Nor by what was on a device that came back or was lost."""
    _forget(unit, message.certificates)


def _forget(unit: Unit, certificates: Iterable[str]) -> None:
    table = tables.service_certificate
    unit.connection.execute(delete(table).where(table.c.certificate_id.in_(list(certificates))))


def project_incoming(message: Any, _event: Recorded, unit: Unit) -> None:
    """Which packet an incoming document came in, and how its sender calls it."""
    names = ("document_id", "packet_id", "agency_id", "sender_id", "foreign_id")
    row = _fields(message, names)
    row |= {"code": message.code, "issued_on": _day(message.issued_on)}
    put_row(unit, tables.incoming, row)


def project_dispatch(message: Any, event: Recorded, unit: Unit) -> None:
    """A document on its way out."""
    row = _fields(message, ("dispatch_id", "agency_id", "urgency", "updates", "replaces"))
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
    ids = (UUID(message.agency_id), message.foreign_id, UUID(message.dispatch_id))
    wire_names.remember_sent(unit.connection, *ids)


def project_delivery(message: Any, _event: Recorded, unit: Unit) -> None:
    """One recipient's delivery."""
    names = ("delivery_id", "dispatch_id", "sender_id", "recipient_id", "channel")
    row = _fields(message, names) | {"pair_number": message.pair_number or None}
    put_row(unit, tables.delivery, {**row, "transport": "opened"})


def project_sent(message: Any, event: Recorded, unit: Unit) -> None:
    """The packet was handed over; or, after a refusal, it shows that it had been all the same."""
    row = tables.delivery.c
    values = {
        "sent_at": func.coalesce(row.sent_at, event.occurred_at),
        "axis_doc_id": func.coalesce(message.axis_doc_id or None, row.axis_doc_id),
    }
    _transport(unit, message.delivery_id, transport="sent", reason_code=None, **values)


def project_refused(message: Any, _event: Recorded, unit: Unit) -> None:
    """The packet is not handed over any more, or failed there; what had left may be answered."""
    request, lapsed = _asked(unit, message.delivery_id)
    if request and (request["request"] == "update" or _was_sent(unit, message.delivery_id)):
        lapsed = [*lapsed, request]
    gone = {"outcome": None, "outcome_by": None}
    more = gone if message.never_left else {"lapsed": lapsed}
    reason = {"reason_code": message.reason_code}
    _transport(unit, message.delivery_id, transport="refused", **reason, **_CLOSED, **more)


def _was_sent(unit: Unit, delivery_id: str) -> bool:
    row = tables.delivery.c
    sent = select(row.transport == "sent").where(row.delivery_id == delivery_id)
    return bool(unit.connection.execute(sent).scalar_one())


def project_withdrawn(message: Any, _event: Recorded, unit: Unit) -> None:
    """The packet was kept back before it left."""
    values = {"transport": "withdrawn", "outcome": "recalled", "outcome_by": None}
    _transport(unit, message.delivery_id, **values, **_CLOSED)


def project_recall_asked(message: Any, _event: Recorded, unit: Unit) -> None:
    """The document is asked back."""
    asked = {"asked_at": message.asked_at, "request_note": message.note}
    _transport(unit, message.delivery_id, request="recall", **asked)


def project_recall_lapsed(message: Any, event: Recorded, unit: Unit) -> None:
    """The axis did not take the recall, or two persons refused it: nothing is asked."""
    _lapse(unit, message, {"request": "recall"})
    if message.pair_number:
        ids = (message.sender_id, message.recipient_id, message.pair_number)
        _count(unit, tables.pair_kept, ids, "status", event)


def project_update_asked(message: Any, event: Recorded, unit: Unit) -> None:
    """A newer document is to take this one's place."""
    asked = {"asked_at": event.occurred_at, "requested_by": message.by}
    _transport(unit, message.delivery_id, request="update", **asked)


def project_update_lapsed(message: Any, _event: Recorded, unit: Unit) -> None:
    """The newer document is not sent to the recipient any more."""
    _lapse(unit, message, {"request": "update", "by": message.by})


def _lapse(unit: Unit, message: Any, request: dict[str, str]) -> None:
    """Nothing is asked any more; what may have left all the same may be answered."""
    _, lapsed = _asked(unit, message.delivery_id)
    more = {} if message.never_left else {"lapsed": [*lapsed, request]}
    _transport(unit, message.delivery_id, **_CLOSED, **more)


def _asked(unit: Unit, delivery_id: str) -> tuple[dict[str, str] | None, list[dict[str, str]]]:
    """The open request, and those that lapsed."""
    row = tables.delivery.c
    columns = select(row.request, row.requested_by, row.lapsed)
    found = unit.connection.execute(columns.where(row.delivery_id == delivery_id)).one()
    by = {"by": str(found.requested_by)} if found.requested_by else {}
    return ({"request": found.request, **by} if found.request else None), found.lapsed


def project_replaced(message: Any, _event: Recorded, unit: Unit) -> None:
    """The recipient accepted what replaces this one."""
    _transport(unit, message.delivery_id, outcome="replaced", outcome_by=message.by)


_CLOSED = {"request": None, "asked_at": None, "request_note": None, "requested_by": None}


def _transport(unit: Unit, delivery_id: str, **values: Any) -> None:
    row = tables.delivery
    unit.connection.execute(update(row).where(row.c.delivery_id == delivery_id).values(**values))


def project_received_status(message: Any, event: Recorded, unit: Unit) -> None:
    """A step of the recipient."""
    names = ("delivery_id", "dispatch_id", "status_code", "told_at", "staff", "note", "channel")
    row = _fields(message, names)
    row |= {"unit": message.unit, "version": event.version, "received_at": event.occurred_at}
    row |= _told_by_envelope(message) | {"done_at": message.done_at or None}
    row |= _fields(message, ("teller_id",))
    put_row(unit, tables.received_status, row)
    _received(unit, message, "status", event, back=True)
    _answered(unit, message)


def _answered(unit: Unit, message: Any) -> None:
    """15 and 16 are for the open request, or else for the first that lapsed; 02 ends all."""
    if message.status_code not in ("02", "15", "16"):
        return
    request, lapsed = _asked(unit, message.delivery_id)
    asked = [request, *lapsed] if request else lapsed
    ended: dict[str, Any] = {**_CLOSED, "lapsed": []}
    if message.status_code == "02":
        _transport(unit, message.delivery_id, **ended)
        _no_longer_replaced(unit, message.delivery_id)
    elif asked and message.status_code == "15":
        outcome = {"recall": "recalled", "update": "updated"}[asked[0]["request"]]
        ended |= {"outcome": outcome, "outcome_by": asked[0].get("by")}
        _transport(unit, message.delivery_id, **ended)
    elif asked:
        _transport(unit, message.delivery_id, **{**_CLOSED, "lapsed": lapsed[not request :]})


def _no_longer_replaced(unit: Unit, delivery_id: str) -> None:
    """What was never accepted has nobody in its place."""
    row = tables.delivery
    here = update(row).where(row.c.delivery_id == delivery_id, row.c.outcome == "replaced")
    unit.connection.execute(here.values(outcome=None, outcome_by=None))


def _told_by_envelope(message: Any) -> dict[str, Any]:
    return {"pair_number": message.pair_number or None, "envelope": message.envelope or None}


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
        "business": message.business,
        "supersedes": list(message.supersedes),
        **_told_by_envelope(message),
    }
    put_row(unit, tables.arrival, row)
    if message.axis_doc_id:
        ids = (UUID(message.sender_id), UUID(message.recipient_id), message.foreign_id)
        wire_names.remember(unit.connection, *ids, message.business, UUID(message.packet_id))
    _received(unit, message, "document", event)
    _off_the_desk(message, unit)


def _off_the_desk(message: Any, unit: Unit) -> None:
    """Recalls that were held for this document have found it."""
    ids = (UUID(message.sender_id), UUID(message.recipient_id), message.foreign_id)
    row = tables.desk
    unit.connection.execute(delete(row).where(row.c.packet_id == early_packet_id(*ids)))


def project_recall(message: Any, _event: Recorded, unit: Unit) -> None:
    """The sender asks for an arrival back."""
    values = {"recall_asked_at": message.asked_at, "recall_note": message.note or None}
    _arrival(unit, message.packet_id, **values)


def project_recall_answered(message: Any, _event: Recorded, unit: Unit) -> None:
    """The recall is answered, or of no meaning any more."""
    _arrival(unit, message.packet_id, recall_asked_at=None, recall_note=None)


def project_given_back(message: Any, event: Recorded, unit: Unit) -> None:
    """The arrival was given back to its sender."""
    project_recall_answered(message, event, unit)
    _arrival(unit, message.packet_id, withdrawn_at=event.occurred_at)


def _arrival(unit: Unit, packet_id: str, **values: Any) -> None:
    row = tables.arrival
    unit.connection.execute(update(row).where(row.c.packet_id == packet_id).values(**values))


def project_sent_status(message: Any, event: Recorded, unit: Unit) -> None:
    """A step of ours that the sender was told."""
    row = _fields(message, ("packet_id", "status_code", "channel"))
    row |= {"version": event.version, "sent_at": event.occurred_at}
    put_row(unit, tables.sent_status, row | {"pair_number": message.pair_number or None})


def project_withheld(message: Any, event: Recorded, unit: Unit) -> None:
    """A step of ours that the sender was not told."""
    row = _fields(message, ("packet_id", "status_code"))
    row |= {"version": event.version, "sent_at": event.occurred_at, "withheld": message.level}
    put_row(unit, tables.sent_status, row | {"pair_number": message.pair_number or None})


def project_status_refused(message: Any, event: Recorded, unit: Unit) -> None:
    """A step of ours that the sender will not be told; its packet's last stands on the desk."""
    row = _fields(message, ("packet_id", "status_code", "reason_code"))
    row |= {"version": event.version, "sent_at": event.occurred_at, "channel": "axis"}
    put_row(unit, tables.sent_status, row | {"pair_number": message.pair_number or None})
    names = select(tables.arrival.c.foreign_id, tables.arrival.c.axis_doc_id)
    arrival = unit.connection.execute(
        names.where(tables.arrival.c.packet_id == message.packet_id)
    ).one()
    row = _fields(message, ("packet_id", "status_code", "reason_code"))
    row |= {"kind": "status_refused", "packet": message.status_packet}
    row |= {"foreign_id": arrival.foreign_id, "axis_doc_id": arrival.axis_doc_id}
    put_row(unit, tables.desk, {**row, "arrived_at": event.occurred_at})


def project_unreadable(message: Any, event: Recorded, unit: Unit) -> None:
    """A packet that nobody got."""
    row = _fields(message, ("packet_id", "packet", "axis_doc_id", "reason_code"))
    row |= {"kind": "unreadable", "state": "parked"}
    put_row(unit, tables.desk, {**row, "arrived_at": event.occurred_at})


def project_unmatched(message: Any, event: Recorded, unit: Unit) -> None:
    """A status about nothing that we sent."""
    row = _fields(message, ("packet_id", "packet", "axis_doc_id", "status_code", "foreign_id"))
    row |= {"kind": "unmatched", "state": "parked", "reason_code": "no_such_delivery"}
    put_row(unit, tables.desk, {**row, "arrived_at": event.occurred_at})


def project_held(message: Any, event: Recorded, unit: Unit) -> None:
    """A recall of a document that is not here; it stands on the desk until that comes."""
    row = _fields(message, ("packet_id", "axis_doc_id", "foreign_id"))
    row |= {"packet": message.request_packet, "status_code": "13", "state": "parked"}
    row |= {"kind": "held", "reason_code": "document_not_here", "arrived_at": event.occurred_at}
    put_row(unit, tables.desk, row)
    _received(unit, message, "status", event)


def project_recall_arrived(message: Any, event: Recorded, unit: Unit) -> None:
    """A recall's packet; the recall itself is told by the documents service."""
    _received(unit, message, "status", event)


def project_numbered(message: Any, event: Recorded, unit: Unit) -> None:
    """A number that a packet of ours got."""
    ids = (message.sender_id, message.recipient_id, message.number)
    _count(unit, tables.pair_sent, ids, message.kind, event)


def _received(unit: Unit, message: Any, kind: str, event: Recorded, *, back: bool = False) -> None:
    """The number that came in an envelope; `back`: from the recipient of the document."""
    sender_id, recipient_id = message.sender_id, message.recipient_id
    if back:
        sender_id, recipient_id = message.teller_id or recipient_id, sender_id
    if message.pair_number:
        ids = (sender_id, recipient_id, message.pair_number)
        _count(unit, tables.pair_received, ids, kind, event)
    if shows_that_sender_knows(message.envelope):
        known = insert(tables.envelope_sender).values(agency_id=sender_id)
        unit.connection.execute(known.on_conflict_do_nothing())


def _count(unit: Unit, table: Table, ids: tuple[str, str, int], kind: str, event: Recorded) -> None:
    row = dict(zip(("sender_id", "recipient_id", "number"), ids, strict=True))
    row |= {"kind": kind, "at": event.occurred_at}
    # What comes a second time under its number changes nothing.
    unit.connection.execute(insert(table).values(**row).on_conflict_do_nothing())


def project_packet_released(message: Any, _event: Recorded, unit: Unit) -> None:
    """A packet is being read again."""
    row = tables.desk
    unit.connection.execute(
        update(row).where(row.c.packet_id == message.packet_id).values(state="reading")
    )


def project_off_the_desk(message: Any, _event: Recorded, unit: Unit) -> None:
    """A packet is where it belongs, or nobody's for good."""
    row = tables.desk
    unit.connection.execute(delete(row).where(row.c.packet_id == message.packet_id))


_ROWS: dict[str, Handler] = {
    "AgencyRegistered": project_agency,
    "AgencyClosed": project_closing,
    "PersonRegistered": project_person,
    "PositionAssigned": project_position,
    "CertificateRegistered": project_certificate,
    "CertificateRevoked": project_revocation,
    "DeviceReturned": project_device_gone,
    "DeviceLost": project_device_gone,
    "DocumentArrived": project_incoming,
    "DispatchOpened": project_dispatch,
    "PacketPrepared": project_prepared,
    "DeliveryOpened": project_delivery,
    "PacketSent": project_sent,
    "DeliveryRefused": project_refused,
    "DeliveryWithdrawn": project_withdrawn,
    "RecallAsked": project_recall_asked,
    "UpdateAsked": project_update_asked,
    "UpdateLapsed": project_update_lapsed,
    "DeliveryReplaced": project_replaced,
    "StatusReceived": project_received_status,
    "PacketArrived": project_arrival,
    "RecallReceived": project_recall,
    "RecallRefused": project_recall_answered,
    "DocumentRefused": project_recall_answered,
    "DocumentReplaced": project_recall_answered,
    "DocumentWithdrawn": project_given_back,
    "StatusSent": project_sent_status,
    "StatusWithheld": project_withheld,
    "StatusRefused": project_status_refused,
    "RecallLapsed": project_recall_lapsed,
    "PacketUnreadable": project_unreadable,
    "StatusUnmatched": project_unmatched,
    "RecallHeld": project_held,
    "RecallArrived": project_recall_arrived,
    "PacketNumbered": project_numbered,
    "ParkedPacketReleased": project_packet_released,
    "ParkedPacketRefused": project_off_the_desk,
    "PacketRecovered": project_off_the_desk,
}


def _one_after_the_other(first: Handler, second: Handler) -> Handler:
    def handler(message: Any, event: Recorded, unit: Unit) -> None:
        first(message, event, unit)
        second(message, event, unit)

    return handler


PROJECTIONS: dict[str, Handler] = {
    **_ROWS,
    **LINES,
    **{name: _one_after_the_other(_ROWS[name], LINES[name]) for name in _ROWS.keys() & LINES},
}

READ_MODELS = ReadModels(
    PROJECTIONS,
    rebuilt=(
        tables.agency,
        tables.agency_code,
        tables.person,
        tables.position,
        tables.service_certificate,
        tables.incoming,
        tables.dispatch,
        tables.delivery,
        tables.received_status,
        tables.arrival,
        tables.sent_status,
        tables.desk,
        tables.pair_sent,
        tables.pair_received,
        tables.pair_kept,
        tables.envelope_sender,
        tables.balance_sent,
        tables.balance_received,
        tables.balance_desk,
    ),
    shared=(tables.wire_name, tables.sent_name),
    kept={tables.axis_registration: "what the axis was told, written by the poller"},
)
