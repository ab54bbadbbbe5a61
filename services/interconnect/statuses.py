"""Our agencies' steps, told to the senders of documents as far as each agency discloses them."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from libs import edxml
from libs.blobs import BlobStore
from libs.db import Database, Unit
from libs.jobs.queue import Job
from libs.jobs.worker import Finish
from services.interconnect import lookups
from services.interconnect.axis import AxisClient
from services.interconnect.axis.telling import send_status
from services.interconnect.compose import VIETNAM, vietnam_time, wire_agency
from services.interconnect.domain import INSIDE, LABELS
from services.interconnect.domain.disclosure import Disclosure
from services.interconnect.earlier import settled_writes
from services.interconnect.errors import NotKnownYet
from services.interconnect.events import StatusRefused, StatusSent, StatusWithheld
from services.interconnect.heard import status_of
from services.interconnect.journal import JOURNAL, Write, load_disclosure, packet_stream
from services.interconnect.lookups import Official, Party
from services.interconnect.metrics import STATUSES_REFUSED
from services.interconnect.named import delivery_named
from services.interconnect.opening import open_envelope
from services.interconnect.pairs import drawn
from services.interconnect.sealing import Sealer
from services.interconnect.texts import member, read_text

REASONS = {
    "wrong_address": "Gửi sai nơi nhận",
    "bad_signature": "Chữ ký số không hợp lệ",
    "wrong_form": "Sai thể thức",
    "missing_file": "Thiếu tệp kèm theo",
    "replaced": "Văn bản đã được cập nhật hoặc thay thế",
    "recalled": "Văn bản mới đã được bên gửi lấy lại",
}
_LONGEST_NOTE = 1000
_NEED_A_REASON = ("02", "16")
# A handler whose position never reaches us must not keep the statuses: then nobody is named.
_TRIES_FOR_A_NAME = 3


def tell(
    database: Database, blobs: BlobStore, axis: AxisClient, sealer: Sealer, job: Job
) -> Finish:
    """Tell the sender of an arrival one step of our agency, by a status packet.

    He is told what our agency discloses, or nothing. Inside, the sender's side takes it from the
    same bytes. What the axis refuses for good is recorded, and the next one goes on. Raises
    `NotKnownYet`, `AxisUnreachable`, `AddresseeAway`, and `AxisRefused` for what is ours to mend;
    later statuses of the packet wait in its lane.
    """
    packet_id = UUID(job.arguments["packet_id"])
    arrival = lookups.wait_for(
        database, f"packet {packet_id}", lambda c: lookups.arrival(c, packet_id)
    )
    step = job.arguments
    with database.unit() as unit:
        disclosure, _ = load_disclosure(unit, arrival.recipient_id)
    if not disclosure.tells(step["status_code"]):
        return lambda unit: _append(unit, job, [_withheld(unit, job, arrival, disclosure)])
    at = datetime.fromisoformat(step["occurred_at"])
    teller = lookups.wait_for(
        database,
        "an agency",
        lambda c: lookups.party(c, arrival.recipient_id, at.astimezone(VIETNAM).date()),
    )
    staff = staff_of(database, blobs, step["handler"], step["unit"], job.attempts)
    packet, number = sealer.status(
        _status_packet(arrival, teller, _disclosed(staff, disclosure), blobs, job),
        job,
        sender_id=arrival.recipient_id,
        recipient_id=arrival.sender_id,
        document_id=UUID(step["document_id"]),
        at=at,
    )
    data = edxml.serialize(packet, blobs)
    digest = blobs.put_bytes(data).digest
    if arrival.channel == INSIDE:
        return _tell_inside(database, blobs, job, arrival, data, digest, number)
    outcome = send_status(axis, data, arrival.recipient_code, digest, job.doubts, keep=True)

    def finish(unit: Unit) -> None:
        write = (
            _refused(unit, job, arrival, digest, number, outcome.reason_code)
            if outcome.reason_code
            else _sent(unit, job, arrival, digest, number, outcome.doc_id)
        )
        _append(unit, job, [write])

    return finish


def _tell_inside(
    database: Database,
    blobs: BlobStore,
    job: Job,
    arrival: Any,
    data: bytes,
    digest: str,
    number: int | None,
) -> Finish:
    packet = edxml.parse(data, blobs)
    assert isinstance(packet, edxml.StatusPacket)
    opened = open_envelope(database, blobs, packet, arrival.recipient_id)
    about = packet.header.response_for.document_id
    with database.unit() as unit:
        codes = lookups.codes_of(unit.connection, arrival.sender_id)
        found = delivery_named(unit, about, [arrival.recipient_id])
    if found is None:
        raise NotKnownYet(f"the delivery of {arrival.packet_id}")
    command = status_of(packet.header, blobs, digest, INSIDE, opened, codes)
    delivery, _trace = found

    def finish(unit: Unit) -> None:
        writes = [
            _sent(unit, job, arrival, digest, number, None),
            *settled_writes(unit, delivery.delivery_id, [command]),
        ]
        _append(unit, job, writes)

    return finish


def _append(unit: Unit, job: Job, writes: list[Write]) -> None:
    context = replace(job.context, occurred_at=unit.now)
    JOURNAL.append_all(unit.store, writes, context, job.job_id)


def _withheld(unit: Unit, job: Job, arrival: Any, disclosure: Disclosure) -> Write:
    """It is not told; an earlier try, when more was disclosed, may have drawn its number."""
    numbers = drawn(unit, job, arrival.recipient_id, [arrival.sender_id]).numbers
    stream = packet_stream(arrival.packet_id)
    _, version = JOURNAL.load(unit.store, stream)
    event = StatusWithheld(
        packet_id=arrival.packet_id,
        document_id=UUID(job.arguments["document_id"]),
        sender_id=arrival.sender_id,
        recipient_id=arrival.recipient_id,
        status_code=job.arguments["status_code"],
        level=disclosure.level,
        pair_number=numbers.get(arrival.sender_id),
    )
    return stream, version, [event]


def _disclosed(staff: edxml.StaffInfo, disclosure: Disclosure) -> edxml.StaffInfo:
    """What of these the sender is told."""
    return edxml.StaffInfo(
        department=staff.department if disclosure.tells_unit else "",
        staff=staff.staff if disclosure.tells_handler else "",
    )


def _sent(
    unit: Unit,
    job: Job,
    arrival: Any,
    digest: str,
    number: int | None,
    axis_doc_id: str | None,
) -> Write:
    stream = packet_stream(arrival.packet_id)
    _, version = JOURNAL.load(unit.store, stream)
    event = StatusSent(
        packet_id=arrival.packet_id,
        document_id=UUID(job.arguments["document_id"]),
        sender_id=arrival.sender_id,
        recipient_id=arrival.recipient_id,
        status_code=job.arguments["status_code"],
        status_packet=digest,
        channel=arrival.channel,
        axis_doc_id=axis_doc_id,
        pair_number=number,
    )
    return stream, version, [event]


def _refused(
    unit: Unit, job: Job, arrival: Any, digest: str, number: int | None, reason_code: str
) -> Write:
    STATUSES_REFUSED.labels(reason_code).inc()
    stream = packet_stream(arrival.packet_id)
    _, version = JOURNAL.load(unit.store, stream)
    event = StatusRefused(
        packet_id=arrival.packet_id,
        document_id=UUID(job.arguments["document_id"]),
        sender_id=arrival.sender_id,
        recipient_id=arrival.recipient_id,
        status_code=job.arguments["status_code"],
        status_packet=digest,
        reason_code=reason_code,
        pair_number=number,
    )
    return stream, version, [event]


def _status_packet(
    arrival: Any, teller: Party, staff: edxml.StaffInfo, blobs: BlobStore, job: Job
) -> edxml.StatusPacket:
    step = job.arguments
    about = edxml.ResponseFor(
        organ_id=arrival.sender_code,
        code=arrival.code,
        promulgation_date=arrival.issued_on,
        document_id=arrival.foreign_id,
    )
    header = edxml.StatusHeader(
        sender=wire_agency(teller, arrival.recipient_code),
        response_for=about,
        staff=staff,
        status_code=step["status_code"],
        description=_description(blobs, step),
        timestamp=vietnam_time(datetime.fromisoformat(step["occurred_at"])),
    )
    return edxml.StatusPacket(header=header)


def _description(blobs: BlobStore, step: dict[str, Any]) -> str:
    """The reason of a refusal in words (needed then): its kind, then what the clerk wrote."""
    note = member(read_text(blobs, step["note"]), "note")
    parts = [REASONS.get(step["reason_code"], ""), note]
    written = ": ".join(part for part in parts if part)[:_LONGEST_NOTE]
    code = step["status_code"]
    return written or (LABELS[code][0] if code in _NEED_A_REASON else "")


def staff_of(
    database: Database, blobs: BlobStore, handler: str, unit: str, attempts: int
) -> edxml.StaffInfo:
    """Who did it: the unit of the position, or the `unit` that was assigned, and the full name.

    `attempts` counts the tries of the job that asks; after some nobody is named.
    """
    person = _person_of(handler)
    official = Official()
    if person:
        try:
            official = lookups.wait_for(
                database, "a handler", lambda c: lookups.official(c, *person)
            )
        except NotKnownYet:
            if attempts < _TRIES_FOR_A_NAME:
                raise
    name = member(read_text(blobs, official.card), "full_name")
    return edxml.StaffInfo(department=unit or official.unit, staff=name)


def _person_of(handler: str) -> tuple[UUID, UUID | None] | None:
    """Person and position in `person:<id>/<position id>`; None for machines and the system."""
    kind, _, rest = handler.partition(":")
    person, _, position = rest.partition("/")
    try:
        return (UUID(person), UUID(position) if position else None) if kind == "person" else None
    except ValueError:
        return None
