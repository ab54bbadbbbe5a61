"""What it means that two people refused a job of this service: nothing is sent any more."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from libs.db import Unit
from libs.jobs.queue import REFUSED_AT_DESK, Job
from libs.jobs.worker import Act, Finish
from services.interconnect import lookups
from services.interconnect.commands import LapseRecall, OpenDelivery, RecordRefusal
from services.interconnect.deliveries import issued_of
from services.interconnect.domain import delivery_id
from services.interconnect.events import StatusWithheld
from services.interconnect.journal import (
    JOURNAL,
    Write,
    delivery_writes,
    load_delivery,
    packet_stream,
)
from services.interconnect.pairs import drawn
from services.interconnect.reachable import stranger
from services.interconnect.reread import put_back
from services.interconnect.sending import record_outcomes

_REFUSAL = RecordRefusal(reason_code=REFUSED_AT_DESK)


def _prepare(job: Job) -> Finish:
    """No recipient gets the document, and each delivery says so."""
    issued = issued_of(job.arguments)

    def finish(unit: Unit) -> None:
        writes: list[Write] = []
        refusal = replace(_REFUSAL, never_left=True)
        numbers = drawn(unit, job, issued.agency_id, issued.recipients).numbers
        for agency_id in issued.recipients:
            found = lookups.party(unit.connection, agency_id, issued.issued_on)
            opening = OpenDelivery(
                dispatch_id=issued.document_id,
                document_id=issued.document_id,
                sender_id=issued.agency_id,
                recipient_id=agency_id,
                channel=(found or stranger(agency_id)).channel,
                pair_number=numbers.get(agency_id),
            )
            name = delivery_id(issued.document_id, agency_id)
            writes += delivery_writes(unit, name, [opening, refusal])
        if writes:
            context = replace(job.context, occurred_at=unit.now)
            JOURNAL.append_all(unit.store, writes, context, job.job_id)

    return finish


def _send(job: Job) -> Finish:
    """The recipients on the axis do not get it; what left all the same still tells its steps."""
    outcomes = [(name, _REFUSAL) for name, _code in job.arguments["recipients"]]
    return lambda unit: record_outcomes(unit, job, outcomes)


def _status(job: Job) -> Finish:
    """The sender is not told this step; the later ones of its lane go."""
    packet_id = UUID(job.arguments["packet_id"])

    def finish(unit: Unit) -> None:
        arrival = lookups.arrival(unit.connection, packet_id)
        if arrival is None:
            return
        teller, told = arrival.recipient_id, arrival.sender_id
        stream = packet_stream(packet_id)
        event = StatusWithheld(
            packet_id=packet_id,
            document_id=UUID(job.arguments["document_id"]),
            sender_id=told,
            recipient_id=teller,
            status_code=job.arguments["status_code"],
            level=REFUSED_AT_DESK,
            pair_number=drawn(unit, job, teller, [told]).numbers.get(told),
        )
        context = replace(job.context, occurred_at=unit.now)
        version = len(unit.store.read(stream))
        JOURNAL.append(unit.store, stream, version, [event], context, job.job_id)

    return finish


def _recall(job: Job) -> Finish:
    """The recipient is not asked for the document back; the sender may ask again."""
    name = job.arguments["delivery_id"]

    def finish(unit: Unit) -> None:
        opened = load_delivery(unit, name)[0].opened
        assert opened is not None
        numbers = drawn(unit, job, opened.sender_id, [opened.recipient_id]).numbers
        number = numbers.get(opened.recipient_id)
        lapse = LapseRecall(reason_code=REFUSED_AT_DESK, pair_number=number)
        if writes := delivery_writes(unit, name, [lapse]):
            context = replace(job.context, occurred_at=unit.now)
            JOURNAL.append_all(unit.store, writes, context, job.job_id)

    return finish


REFUSED_ACTS: Mapping[str, Act] = {
    "prepare.refused": _prepare,
    "send.refused": _send,
    "status.refused": _status,
    "recall.refused": _recall,
    "reread.refused": put_back,
}
