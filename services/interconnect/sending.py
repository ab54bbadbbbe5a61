"""Sending by the axis: one packet to all its recipients there, and what becomes of each."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import BinaryIO
from uuid import UUID, uuid5

from libs.blobs import BlobStore
from libs.db import Database, Unit
from libs.jobs.queue import Job
from libs.jobs.worker import Finish
from services.interconnect.axis import AxisClient, AxisRefused, AxisUnreachable
from services.interconnect.axis.outcomes import is_final, of_a_recipient
from services.interconnect.axis.telling import answered
from services.interconnect.commands import (
    Command,
    RecordRefusal,
    RecordSent,
    RecordWithdrawal,
)
from services.interconnect.domain import delivery_id, dispatch_of
from services.interconnect.earlier import lapse_update, settled_writes
from services.interconnect.events import RecallAsked
from services.interconnect.journal import (
    JOURNAL,
    Write,
    delivery_stream,
    hold_dispatch,
    load_delivery,
)
from services.interconnect.recalls import add_recall_job
from services.interconnect.texts import uuid_of

_CHUNK = 256 * 1024
Recipients = Sequence[tuple[str, str]]
"""Deliveries with the codes of those whom they are for."""
Outcomes = list[tuple[str, Command]]


def send(database: Database, blobs: BlobStore, axis: AxisClient, job: Job) -> Finish:
    """Send one packet by the axis to all its recipients there; repeating it changes nothing.

    Who was asked to give it back before the first try never gets it; later it may have left
    already, and he is told. What became of some is recorded though another call failed: jobs of
    their own go on with the others. Raises `AxisUnreachable`, and `AxisRefused` for what is tried
    again, while nothing has become of any.
    """
    addressed: list[tuple[str, str]] = [tuple(pair) for pair in job.arguments["recipients"]]
    kept_back = _recalled(database, addressed) if job.first_try else set()
    recipients = [(delivery, code) for delivery, code in addressed if delivery not in kept_back]
    outcomes: Outcomes = [(each, RecordWithdrawal()) for each in kept_back]
    left: list[Recipients] = []
    if recipients:
        with spooled(blobs, job.arguments["packet"]) as file:
            left = _deliver(axis, file, recipients, job, outcomes)

    def finish(unit: Unit) -> None:
        record_outcomes(unit, job, outcomes)
        for number, others in enumerate(left):
            rest = uuid5(job.job_id, others[0][0])
            # The first of them is the call that failed; it may have been carried out.
            begun = number == 0 or not job.first_try
            unit.jobs.leave(job, rest, {"recipients": [*others]}, begun=begun)

    return finish


def _deliver(
    axis: AxisClient, file: BinaryIO, recipients: Recipients, job: Job, outcomes: Outcomes
) -> list[Recipients]:
    """Send to all, and add to `outcomes` what the axis says of each.

    One recipient whom it does not know keeps it from no other: his list is halved until he stands
    alone. When a call fails, the lists that are left, its own first; they stay as they are, for an
    axis knows a repeat by its bytes. Raises what failed when there is no outcome yet.
    """
    left = _portions(axis, file, recipients)
    while left:
        now, *others = left
        try:
            outcome = _send(axis, file, now, job)
        except (AxisRefused, AxisUnreachable):
            if not outcomes:
                raise
            return left
        if outcome is None:
            half = len(now) // 2
            left = [now[:half], now[half:], *others]
        else:
            outcomes += [(delivery, outcome) for delivery, _ in now]
            left = others
    return left


def _portions(axis: AxisClient, file: BinaryIO, recipients: Recipients) -> list[Recipients]:
    file.seek(0)
    rest = iter(recipients)
    portions = axis.portions(file, [code for _, code in recipients])
    return [list(islice(rest, len(portion))) for portion in portions]


def _send(axis: AxisClient, file: BinaryIO, recipients: Recipients, job: Job) -> Command | None:
    """What the axis says of these together, in one call; None when it does not take one of them.

    Raises what is not its last word.
    """
    packet = job.arguments["packet"]
    file.seek(0)
    try:
        with answered():
            doc_id = axis.send(
                file,
                message_type="edoc",
                sender=job.arguments["sender_code"],
                recipients=[code for _, code in recipients],
                sha256=packet,
            )
    except AxisRefused as error:
        if not is_final(error.code, job.doubts + 1):
            raise
        if of_a_recipient(error.code) and len(recipients) > 1:
            return None
        return RecordRefusal(reason_code=f"axis-{error.code}", never_left=job.first_try)
    return RecordSent(packet=packet, axis_doc_id=doc_id)


def _recalled(database: Database, recipients: Sequence[tuple[str, str]]) -> set[str]:
    with database.unit() as unit:
        unit.store.prefetch([delivery_stream(name) for name, _ in recipients])
        return {
            name
            for name, _ in recipients
            if isinstance(load_delivery(unit, name)[0].request, RecallAsked)
        }


def record_outcomes(unit: Unit, job: Job, outcomes: Sequence[tuple[str, Command]]) -> None:
    """Record what became of each delivery, and what that means for the earlier document."""
    updates = uuid_of(job.arguments.get("updates", ""))
    writes: list[Write] = []
    late: list[str] = []
    hold_dispatch(unit, dispatch_of(outcomes[0][0]))
    if updates:
        hold_dispatch(unit, updates)
    unit.store.prefetch(_streams_of(outcomes, updates))
    for name, outcome in outcomes:
        delivery, _ = load_delivery(unit, name)
        writes += settled_writes(unit, name, [outcome], alone=True)
        if isinstance(outcome, RecordSent):
            late += [name] if isinstance(delivery.request, RecallAsked) else []
        elif updates and delivery.opened:
            opened = delivery.opened
            ids = (opened.document_id, opened.recipient_id)
            writes += lapse_update(unit, updates, *ids, never_left=job.first_try)
    context = replace(job.context, occurred_at=unit.now)
    if not writes:
        return
    places = JOURNAL.append_all(unit.store, writes, context, job.job_id)
    context = replace(context, after_tx=places[-1].place.tx)
    for name in late:
        add_recall_job(unit, name, job.job_id, context, urgent=True)


def _streams_of(outcomes: Sequence[tuple[str, Command]], updates: UUID | None) -> list[str]:
    """The streams that are read to record these."""
    names = [name for name, _ in outcomes]
    if updates:
        # A delivery's name ends with its recipient.
        names += [delivery_id(updates, UUID(name[-36:])) for name in names]
    return [delivery_stream(name) for name in names]


@contextmanager
def spooled(blobs: BlobStore, digest: str) -> Iterator[BinaryIO]:
    """A blob as a file of its own: checked to its end and of known length before it is sent."""
    with tempfile.TemporaryFile() as file, blobs.open(digest) as blob:
        while data := blob.read(_CHUNK):
            file.write(data)
        file.seek(0)
        yield file
