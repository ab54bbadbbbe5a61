"""Numbers of packets from one agency to another, drawn once for each packet and recipient."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from libs.contracts.journal import event_id
from libs.db import Unit
from libs.jobs.queue import Job
from services.interconnect.commands import NumberPacket
from services.interconnect.domain.pair import Pair, decide, evolve
from services.interconnect.events import PacketNumbered
from services.interconnect.journal import JOURNAL, pair_stream

Numbers = Mapping[UUID, int]
"""By recipient."""


@dataclass(frozen=True)
class Drawn:
    """The numbers of a packet, and the digest of the envelope that was sealed with them.

    Without numbers there is no envelope.
    """

    numbers: Numbers
    sealed: str


def draw(
    unit: Unit,
    job: Job,
    sender_id: UUID,
    recipients: Collection[UUID],
    what: tuple[str, UUID],
    seal: Callable[[Numbers], str],
) -> Drawn:
    """Draw the numbers of the job's packet, one for each recipient, together with its envelope.

    `what` is the packet's kind and document; `seal` makes an envelope durable and returns its
    digest. A job that runs again finds what it drew. A number is the packet's from the commit on:
    one that was not committed is drawn by the next.
    """
    _queue(unit, sender_id)
    before = drawn(unit, job, sender_id, recipients)
    missing = [each for each in recipients if each not in before.numbers]
    if not missing:
        return before
    pairs = _pairs(unit, sender_id, missing)
    new = {pair.recipient_id: pair.next_number for pair, _ in pairs}
    numbers = {**before.numbers, **new}
    sealed = seal(numbers)
    command = NumberPacket(kind=what[0], document_id=what[1], sealed=sealed)
    JOURNAL.append_all(
        unit.store,
        [
            (pair_stream(sender_id, pair.recipient_id), version, decide(pair, command))
            for pair, version in pairs
        ],
        replace(job.context, occurred_at=unit.now),
        job.job_id,
    )
    return Drawn(numbers, sealed)


def drawn(unit: Unit, job: Job, sender_id: UUID, recipients: Iterable[UUID]) -> Drawn:
    """The numbers that the job's packet has got so far, and its last envelope."""
    ids = [event_id(job.job_id, pair_stream(sender_id, each), 0) for each in recipients]
    found: list[PacketNumbered] = [JOURNAL.event(each) for each in unit.store.read_ids(ids)]
    numbers = {event.recipient_id: event.number for event in found}
    return Drawn(numbers, found[-1].sealed if found else "")


def _queue(unit: Unit, sender_id: UUID) -> None:
    """Let those who draw for one sender at the same time go one after the other.

    Were it only for the streams' versions, all but one of them would have to begin again, and
    whoever writes to a whole province might never come through.
    """
    unit.hold(f"pair-{sender_id}")


def _pairs(unit: Unit, sender_id: UUID, recipients: Iterable[UUID]) -> list[tuple[Pair, int]]:
    """Each recipient's pair and the version of its stream, from the last events alone."""
    pairs = [Pair(sender_id, each) for each in recipients]
    last = unit.store.read_last_each([pair_stream(sender_id, each.recipient_id) for each in pairs])
    found = []
    for pair in pairs:
        newest = last.get(pair_stream(sender_id, pair.recipient_id))
        if newest is None:
            found.append((pair, 0))
        else:
            found.append((evolve(pair, JOURNAL.event(newest)), newest.version))
    return found
