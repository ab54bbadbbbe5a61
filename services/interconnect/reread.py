"""The job that reads a packet again from its kept bytes, after two people released it."""

from dataclasses import replace
from uuid import UUID

from libs.blobs import BlobStore
from libs.db import Database, Unit
from libs.jobs.queue import Job
from libs.jobs.worker import Finish
from services.interconnect.axis import Received
from services.interconnect.events import PacketRecovered, PacketUnreadable
from services.interconnect.intake import Intake, OnDesk
from services.interconnect.journal import JOURNAL, packet_stream
from services.interconnect.sending import spooled


class _Again(Intake):
    """Reads as the poller does; what still cannot be taken is kept here, to be recorded then."""

    left: OnDesk | None = None

    def to_desk(self, event: OnDesk) -> None:
        self.left = event


def reread(database: Database, blobs: BlobStore, limit: int, job: Job) -> Finish:
    """Read the packet again: it is taken now, or stands on the desk once more, with the reason.

    Repeating it changes nothing. Raises `NotKnownYet` while our replicas lag.
    """
    packet_id = UUID(job.arguments["packet_id"])
    with database.unit() as unit:
        event = _given_up(unit, packet_id)
    if event is None or event.packet is None:
        return lambda _unit: None
    received = Received(
        doc_id=event.axis_doc_id,
        message_type=event.message_type if isinstance(event, PacketUnreadable) else "status",
        from_=event.sender_code,
        to=event.recipient_codes,
        status="",
        created="",
    )
    again = _Again(database, blobs, limit)
    with spooled(blobs, event.packet) as file:
        again.take(received, event.packet, file)

    def finish(unit: Unit) -> None:
        told = again.left or PacketRecovered(packet_id=packet_id, axis_doc_id=event.axis_doc_id)
        _append(unit, job, packet_id, told)

    return finish


def put_back(job: Job) -> Finish:
    """The act of a refused `reread`: the packet stands on the desk as before."""
    packet_id = UUID(job.arguments["packet_id"])

    def finish(unit: Unit) -> None:
        if event := _given_up(unit, packet_id):
            _append(unit, job, packet_id, event)

    return finish


def _given_up(unit: Unit, packet_id: UUID) -> OnDesk | None:
    """The event by which the packet was given up last; None when it has been settled since."""
    last = unit.store.read_last(packet_stream(packet_id))
    event = JOURNAL.event(last) if last else None
    return event if isinstance(event, OnDesk) else None


def _append(unit: Unit, job: Job, packet_id: UUID, event: object) -> None:
    stream = packet_stream(packet_id)
    version = len(unit.store.read(stream))
    context = replace(job.context, occurred_at=unit.now)
    JOURNAL.append(unit.store, stream, version, [event], context, job.job_id)
