"""The rules of handling (xử lý) an incoming document: who acts, and when all is done.

The order of the statuses that follow from it (04, 05, 06; QCVN 102:2016) allows 05 -> 04: a task
may be given to somebody else until it is finished.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid5

from services.workflow.commands import (
    AnswerProcess,
    Assignment,
    AssignTask,
    CancelProcess,
    CloseProcess,
    FinishTask,
    OpenProcess,
    ReassignTask,
    StartTask,
)
from services.workflow.errors import (
    DueInPast,
    NotTheAssignee,
    ProcessIsFinished,
    ProcessUnknown,
    TaskIsFinished,
    TaskUnknown,
)
from services.workflow.events import (
    ProcessCancelled,
    ProcessFinished,
    ProcessOpened,
    TaskAssigned,
    TaskFinished,
    TaskStarted,
)

Event = (
    ProcessOpened | TaskAssigned | TaskStarted | TaskFinished | ProcessFinished | ProcessCancelled
)
Command = (
    OpenProcess
    | AssignTask
    | ReassignTask
    | StartTask
    | FinishTask
    | CloseProcess
    | AnswerProcess
    | CancelProcess
)


@dataclass(frozen=True)
class Task:
    """One task: its newest assignment, and how far the assignee is."""

    assigned: TaskAssigned
    started: bool = False
    finished: bool = False

    @property
    def state(self) -> str:
        """`assigned`, `started` or `finished`."""
        if self.finished:
            return "finished"
        return "started" if self.started else "assigned"


@dataclass(frozen=True)
class Process:
    """The handling of one document; `finished` also when it was cancelled."""

    opened: ProcessOpened | None = None
    tasks: Mapping[UUID, Task] = field(default_factory=dict)
    finished: bool = False


def process_of(document_id: UUID) -> UUID:
    """The id of the process that handles a document."""
    return uuid5(document_id, "process")


def decide(process: Process, command: Command) -> list[Event]:
    """Refuse, do nothing, or say what happened. Raises errors of `services.workflow.errors`."""
    match command:
        case OpenProcess():
            return [] if process.opened else [ProcessOpened(**vars(command))]
        case AnswerProcess() | CancelProcess():
            return _end(process, command)
    opened = _running(process)
    match command:
        case CloseProcess():
            return [ProcessFinished(**_names(opened))]
        case AssignTask(task_id=task_id, assignment=assignment):
            return [_assigned(opened, task_id, assignment)]
        case ReassignTask(task_id=task_id, assignment=assignment):
            return _reassign(opened, _unfinished(process, task_id), assignment)
        case StartTask():
            return _start(opened, process, command)
        case FinishTask():
            return _finish(opened, process, command)


def evolve(process: Process, event: Event) -> Process:
    """Apply a fact."""
    match event:
        case ProcessOpened():
            return replace(process, opened=event)
        case TaskAssigned(task_id=task_id):
            return _with_task(process, task_id, Task(event))
        case TaskStarted(task_id=task_id):
            return _with_task(process, task_id, replace(process.tasks[task_id], started=True))
        case TaskFinished(task_id=task_id):
            return _with_task(process, task_id, replace(process.tasks[task_id], finished=True))
        case ProcessFinished() | ProcessCancelled():
            return replace(process, finished=True)


def _end(process: Process, command: AnswerProcess | CancelProcess) -> list[Event]:
    """What happened elsewhere ends the handling, unless that has ended already."""
    if process.opened is None or process.finished:
        return []
    names = _names(process.opened)
    if isinstance(command, CancelProcess):
        return [ProcessCancelled(**names)]
    return [ProcessFinished(**names, answered_by=command.answered_by)]


def _with_task(process: Process, task_id: UUID, task: Task) -> Process:
    return replace(process, tasks={**process.tasks, task_id: task})


def _running(process: Process) -> ProcessOpened:
    if process.opened is None:
        raise ProcessUnknown
    if process.finished:
        raise ProcessIsFinished
    return process.opened


def _task(process: Process, task_id: UUID) -> Task:
    if task_id not in process.tasks:
        raise TaskUnknown
    return process.tasks[task_id]


def _unfinished(process: Process, task_id: UUID) -> Task:
    task = _task(process, task_id)
    if task.finished:
        raise TaskIsFinished
    return task


def _names(opened: ProcessOpened) -> dict[str, Any]:
    """The ids that every later event repeats, so that its readers need no other."""
    return {
        "process_id": opened.process_id,
        "document_id": opened.document_id,
        "agency_id": opened.agency_id,
        "packet_id": opened.packet_id,
    }


def _assigned(opened: ProcessOpened, task_id: UUID, assignment: Assignment) -> TaskAssigned:
    if assignment.due_on is not None and assignment.due_on < assignment.today:
        raise DueInPast(due_on=str(assignment.due_on), today=str(assignment.today))
    return TaskAssigned(
        **_names(opened),
        task_id=task_id,
        unit=assignment.unit,
        assignee_id=assignment.assignee_id,
        assignee_position_id=assignment.assignee_position_id,
        due_on=assignment.due_on,
    )


def _reassign(opened: ProcessOpened, task: Task, assignment: Assignment) -> list[Event]:
    assigned = _assigned(opened, task.assigned.task_id, assignment)
    return [] if assigned == task.assigned else [assigned]


def _require_assignee(task: Task, command: StartTask | FinishTask) -> None:
    assignee = (task.assigned.assignee_id, task.assigned.assignee_position_id)
    if (command.person_id, command.position_id) != assignee:
        raise NotTheAssignee


def _start(opened: ProcessOpened, process: Process, command: StartTask) -> list[Event]:
    task = _unfinished(process, command.task_id)
    _require_assignee(task, command)
    return [] if task.started else [TaskStarted(**_names(opened), task_id=command.task_id)]


def _finish(opened: ProcessOpened, process: Process, command: FinishTask) -> list[Event]:
    task = _task(process, command.task_id)
    _require_assignee(task, command)
    if task.finished:
        return []
    finished = TaskFinished(**_names(opened), task_id=command.task_id)
    others = (other for task_id, other in process.tasks.items() if task_id != command.task_id)
    if all(other.finished for other in others):
        return [finished, ProcessFinished(**_names(opened))]
    return [finished]
