"""How a job ends: the facts of one stream, decided on what stands there, and what follows."""

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from types import ModuleType
from typing import Any

from libs.contracts.journal import Journal
from libs.db import Unit
from libs.eventstore import Context
from libs.jobs.queue import Job
from libs.jobs.worker import Finish
from services.signatures.events import EVENTS, SignatureMade
from services.signatures.metrics import SIGNED

JOURNAL = Journal(EVENTS)

# What follows from the events that were recorded, in their transaction.
Then = Callable[[Unit, list[Any], Context], None]


def nothing_more(_unit: Unit, _events: list[Any], _context: Context) -> None:
    """Nothing follows."""


def count(_unit: Unit, events: list[Any], _context: Context) -> None:
    """Measure the signatures that were recorded."""
    for made in events:
        if isinstance(made, SignatureMade):
            SIGNED.labels(made.level, made.revocation).inc()


def record(
    job: Job, stream: str, rules: ModuleType, command: Any, then: Then = nothing_more
) -> Finish:
    """End the job with what the command means for its stream by `rules`, a module of the domain.

    A job may run twice: the second time nothing is decided, and nothing follows.
    """

    def finish(unit: Unit) -> None:
        history, version = JOURNAL.load(unit.store, stream)
        events = rules.decide(reduce(rules.evolve, history, rules.NEW), command)
        if events:
            context = replace(job.context, occurred_at=unit.now)
            JOURNAL.append(unit.store, stream, version, events, context, job.job_id)
            then(unit, events, context)

    return finish


def hurrying(job: Job, finish: Finish) -> Finish:
    """End a job; where it had waited for somebody who is back, the others of its kind go on too."""
    if job.attempts == 1:
        return finish

    def finish_and_hurry(unit: Unit) -> None:
        finish(unit)
        unit.jobs.hurry([job.kind])

    return finish_and_hurry
