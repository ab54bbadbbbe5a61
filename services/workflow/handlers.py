"""Carrying out commands: read the stream, decide, append."""

from dataclasses import dataclass
from functools import reduce
from uuid import UUID

from libs.contracts.journal import Journal
from libs.db import Unit
from libs.eventstore import Appended, Context
from services.workflow.commands import AssignTask, ReassignTask
from services.workflow.domain import Command, Process, decide, evolve
from services.workflow.errors import AssigneeUnfit, ProcessUnknown
from services.workflow.events import EVENTS
from services.workflow.lookup import holds_position, remember_task

JOURNAL = Journal(EVENTS)


@dataclass(frozen=True)
class Loaded:
    """A process as its stream tells it; `trace` is that of its first event, None without one."""

    process_id: UUID
    process: Process
    version: int
    trace: UUID | None

    @property
    def stream(self) -> str:
        """The process's stream."""
        return f"process-{self.process_id}"


@dataclass(frozen=True)
class Done:
    """What a command left behind; nothing was appended when there was nothing to do."""

    process: Process
    version: int
    appended: list[Appended]


def load(unit: Unit, process_id: UUID) -> Loaded:
    """Read a process; one that was never opened has version 0."""
    history = unit.store.read(f"process-{process_id}")
    process = reduce(evolve, (JOURNAL.event(item) for item in history), Process())
    return Loaded(process_id, process, len(history), history[0].trace if history else None)


def handle(loaded: Loaded, command: Command, unit: Unit, context: Context, seed: UUID) -> Done:
    """Carry out `command` on the loaded process; see `domain.decide` for its refusals."""
    if isinstance(command, AssignTask | ReassignTask):
        _require_position(loaded, command, unit)
    events = decide(loaded.process, command)
    if not events:
        return Done(loaded.process, loaded.version, [])
    appended = JOURNAL.append(unit.store, loaded.stream, loaded.version, events, context, seed)
    if isinstance(command, AssignTask):
        remember_task(unit.connection, command.task_id, loaded.process_id)
    return Done(reduce(evolve, events, loaded.process), appended.version, [appended])


def _require_position(loaded: Loaded, command: AssignTask | ReassignTask, unit: Unit) -> None:
    if loaded.process.opened is None:
        raise ProcessUnknown
    wanted = command.assignment
    fit = holds_position(
        unit.connection,
        wanted.assignee_id,
        wanted.assignee_position_id,
        loaded.process.opened.agency_id,
        wanted.today,
    )
    if not fit:
        raise AssigneeUnfit(
            assignee_id=str(wanted.assignee_id),
            assignee_position_id=str(wanted.assignee_position_id),
        )
