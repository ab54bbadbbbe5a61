"""Recalls (lấy lại) both ways: ours told to recipients, and what senders ask of our agencies."""

from dataclasses import dataclass, replace
from functools import reduce
from uuid import UUID, uuid5

from libs import edxml
from libs.blobs import BlobStore
from libs.contracts.journal import event_id
from libs.db import Database, Unit
from libs.eventstore import Context
from libs.jobs.queue import Job
from libs.jobs.worker import Finish
from services.interconnect import lookups
from services.interconnect.axis import AxisClient
from services.interconnect.axis.telling import send_status
from services.interconnect.commands import (
    LapseRecall,
    RecordRecall,
    RecordRecallSent,
)
from services.interconnect.compose import SentAs, sent_as, vietnam_time, wire_agency
from services.interconnect.domain import INSIDE, evolve, inside_packet_id
from services.interconnect.domain.delivery import Delivery
from services.interconnect.events import DeliveryOpened, RecallAsked
from services.interconnect.heard import instant_of
from services.interconnect.journal import (
    JOURNAL,
    SYSTEM,
    delivery_stream,
    delivery_writes,
    recall_writes,
)
from services.interconnect.lookups import Party
from services.interconnect.metrics import STATUSES_REFUSED
from services.interconnect.opening import Opened, open_envelope
from services.interconnect.sealing import Sealer
from services.interconnect.statuses import staff_of
from services.interconnect.texts import member, put_text, read_text

TAKE_BACK = "13"


@dataclass(frozen=True)
class _Open:
    """A recall that the recipient must be told of, and who asked it."""

    delivery: DeliveryOpened
    asked: RecallAsked
    handler: str


def add_recall_job(
    unit: Unit, delivery_id: str, seed: UUID, context: Context, urgent: bool
) -> None:
    """Let the recipient be told of an open recall.

    `seed` and `context` are those of the append that makes it necessary, `after_tx` set.
    """
    job_id = uuid5(seed, f"recall {delivery_id}")
    cause = event_id(seed, delivery_stream(delivery_id), 0)
    context = replace(context, handler=SYSTEM, behalf=None, causation=cause)
    lane = f"delivery-{delivery_id}"
    arguments = {"delivery_id": delivery_id}
    unit.jobs.add(job_id, "recall", arguments, context, urgent=urgent, lane=lane)


def tell_recall(
    database: Database, blobs: BlobStore, axis: AxisClient, sealer: Sealer, job: Job
) -> Finish:
    """Ask the recipient for the document back, by a status packet 13.

    Inside, his side takes it from the same bytes. Nothing is done for what has not left yet: its
    `send` job keeps it back, or adds this job again. What the axis refuses for good is asked no
    more. Raises `NotKnownYet`, `AxisUnreachable`, and `AxisRefused` for what is ours to mend.
    """
    name = job.arguments["delivery_id"]
    with database.unit() as unit:
        found = _open_recall(unit, name)
    if found is None:
        return lambda _unit: None
    opened, document = found.delivery, found.delivery.document_id
    dispatch = lookups.wait_for(
        database, f"dispatch {document}", lambda c: lookups.prepared_dispatch(c, document)
    )
    sent = sent_as(dispatch.foreign_id)
    sender = _party(database, opened.sender_id, sent)
    recipient = _party(database, opened.recipient_id, sent)
    staff = staff_of(database, blobs, found.handler, "", job.attempts)
    packet, number = sealer.status(
        _packet(sent, sender, recipient, staff, found.asked, blobs),
        job,
        sender_id=opened.sender_id,
        recipient_id=opened.recipient_id,
        document_id=document,
        at=found.asked.asked_at,
    )
    data = edxml.serialize(packet, blobs)
    digest = blobs.put_bytes(data).digest
    told: RecordRecallSent | LapseRecall
    told = RecordRecallSent(status_packet=digest, channel=opened.channel, pair_number=number)
    received = None
    if opened.channel == INSIDE:
        received = _received_inside(database, blobs, data, digest, opened.sender_id, recipient.code)
    else:
        told = _told_by_axis(axis, data, sent.sender_code, told, job)

    def finish(unit: Unit) -> None:
        writes = delivery_writes(unit, name, [told])
        if received:
            packet_id = inside_packet_id(opened.dispatch_id, opened.recipient_id)
            writes += recall_writes(unit, packet_id, received)
        # Refused meanwhile, there is nobody to be told.
        if writes:
            context = replace(job.context, occurred_at=unit.now)
            JOURNAL.append_all(unit.store, writes, context, job.job_id)

    return finish


def _received_inside(
    database: Database, blobs: BlobStore, data: bytes, digest: str, sender_id: UUID, code: str
) -> RecordRecall:
    """What the recipient of this code takes from the packet's bytes."""
    read = edxml.parse(data, blobs)
    assert isinstance(read, edxml.StatusPacket)
    envelope = open_envelope(database, blobs, read, sender_id)
    received = recall_of(read.header, blobs, digest, INSIDE, envelope)
    return replace(received, **vars(envelope.mark(code)))


def _told_by_axis(
    axis: AxisClient, data: bytes, sender_code: str, told: RecordRecallSent, job: Job
) -> RecordRecallSent | LapseRecall:
    """What became of the packet at the axis."""
    outcome = send_status(axis, data, sender_code, told.status_packet, job.doubts)
    if not outcome.reason_code:
        return replace(told, axis_doc_id=outcome.doc_id)
    STATUSES_REFUSED.labels(outcome.reason_code).inc()
    return LapseRecall(
        status_packet=told.status_packet,
        reason_code=outcome.reason_code,
        pair_number=told.pair_number,
        never_left=job.first_try,
    )


def recall_of(
    header: edxml.StatusHeader,
    blobs: BlobStore,
    packet: str,
    channel: str,
    opened: Opened,
    axis_doc_id: str | None = None,
) -> RecordRecall:
    """What a status packet 13 asks; the reason goes into a blob. Raises `PacketRejected`."""
    note = opened.step.note if opened.step else header.description
    return RecordRecall(
        asked_at=instant_of(header.timestamp),
        note=put_text(blobs, {"note": note}) if note else None,
        request_packet=packet,
        channel=channel,
        axis_doc_id=axis_doc_id,
    )


def _open_recall(unit: Unit, name: str) -> _Open | None:
    recorded = unit.store.read(delivery_stream(name))
    events = [JOURNAL.event(each) for each in recorded]
    delivery = reduce(evolve, events, Delivery())
    asked = delivery.recall_to_send
    if asked is None or delivery.opened is None:
        return None
    handler = recorded[events.index(asked)].handler
    return _Open(delivery.opened, asked, handler)


def _party(database: Database, agency_id: UUID, sent: SentAs) -> Party:
    """The agency under the code that it had when the document went out."""
    return lookups.wait_for(
        database, "an agency", lambda c: lookups.party(c, agency_id, sent.issued_on)
    )


def _packet(
    sent: SentAs,
    sender: Party,
    recipient: Party,
    staff: edxml.StaffInfo,
    asked: RecallAsked,
    blobs: BlobStore,
) -> edxml.StatusPacket:
    about = edxml.ResponseFor(
        organ_id=recipient.code,
        code=sent.code,
        promulgation_date=sent.issued_on,
        document_id=sent.foreign_id,
    )
    header = edxml.StatusHeader(
        sender=wire_agency(sender, sent.sender_code),
        response_for=about,
        staff=staff,
        status_code=TAKE_BACK,
        description=member(read_text(blobs, asked.note), "note") or "Lấy lại",
        timestamp=vietnam_time(asked.asked_at),
    )
    return edxml.StatusPacket(header=header)
