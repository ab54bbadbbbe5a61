"""What it means that two people refused a job of this service: nothing is sent any more."""

from collections.abc import Mapping
from dataclasses import replace

from libs.db import Unit
from libs.jobs.queue import REFUSED_AT_DESK, Job
from libs.jobs.worker import Act, Finish
from services.interconnect import lookups
from services.interconnect.commands import OpenDelivery, RecordRefusal
from services.interconnect.deliveries import issued_of, record_outcomes
from services.interconnect.domain import delivery_id
from services.interconnect.journal import JOURNAL, Write, delivery_writes
from services.interconnect.reachable import stranger
from services.interconnect.reread import put_back

_REFUSAL = RecordRefusal(reason_code=REFUSED_AT_DESK)


def _prepare(job: Job) -> Finish:
    """No recipient gets the document, and each delivery says so."""
    issued = issued_of(job.arguments)

    def finish(unit: Unit) -> None:
        writes: list[Write] = []
        for agency_id in issued.recipients:
            found = lookups.party(unit.connection, agency_id, issued.issued_on)
            opening = OpenDelivery(
                dispatch_id=issued.document_id,
                document_id=issued.document_id,
                sender_id=issued.agency_id,
                recipient_id=agency_id,
                channel=(found or stranger(agency_id)).channel,
            )
            name = delivery_id(issued.document_id, agency_id)
            writes += delivery_writes(unit, name, [opening, _REFUSAL])
        if writes:
            context = replace(job.context, occurred_at=unit.now)
            JOURNAL.append_all(unit.store, writes, context, job.job_id)

    return finish


def _send(job: Job) -> Finish:
    """The recipients on the axis do not get it; what left all the same still tells its steps."""
    outcomes = [(name, _REFUSAL) for name, _code in job.arguments["recipients"]]
    return lambda unit: record_outcomes(unit, job, outcomes)


def _untold(_job: Job) -> Finish:
    """The other side is not told: a fact about this job alone, which the desk has recorded."""
    return lambda _unit: None


REFUSED_ACTS: Mapping[str, Act] = {
    "prepare.refused": _prepare,
    "send.refused": _send,
    "status.refused": _untold,
    "recall.refused": _untold,
    "reread.refused": put_back,
}
