"""The rules of handling an incoming document: each command, and what follows from its events."""

from dataclasses import replace
from datetime import date
from functools import reduce
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

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
from services.workflow.domain import Command, Event, Process, Task, decide, evolve, process_of
from services.workflow.errors import (
    DueInPast,
    NotTheAssignee,
    ProcessIsFinished,
    ProcessUnknown,
    TaskIsFinished,
    TaskUnknown,
    WorkflowError,
)
from services.workflow.events import (
    ProcessCancelled,
    ProcessFinished,
    ProcessOpened,
    TaskAssigned,
    TaskFinished,
    TaskStarted,
)

PROCESS, DOCUMENT, AGENCY, PACKET = (UUID(int=n) for n in (1, 2, 3, 4))
FIRST, SECOND, ANSWER = (UUID(int=n) for n in (11, 12, 13))
LAN, LAN_AT, MINH, MINH_AT = (UUID(int=n) for n in (21, 22, 23, 24))
TODAY, TOMORROW = date(2026, 3, 2), date(2026, 3, 3)
NAMES = {
    "process_id": PROCESS,
    "document_id": DOCUMENT,
    "agency_id": AGENCY,
    "packet_id": PACKET,
}

OPENED = ProcessOpened(PROCESS, DOCUMENT, AGENCY, PACKET, urgency=2)
FOR_LAN = Assignment("Phòng Tổng hợp", LAN, LAN_AT, TOMORROW, TODAY)
FOR_MINH = Assignment("Phòng Tài chính", MINH, MINH_AT, None, TODAY)


def assigned(task_id: UUID, wish: Assignment) -> TaskAssigned:
    return TaskAssigned(
        **NAMES,
        task_id=task_id,
        unit=wish.unit,
        assignee_id=wish.assignee_id,
        assignee_position_id=wish.assignee_position_id,
        due_on=wish.due_on,
    )


def started(task_id: UUID) -> TaskStarted:
    return TaskStarted(**NAMES, task_id=task_id)


def finished(task_id: UUID) -> TaskFinished:
    return TaskFinished(**NAMES, task_id=task_id)


DONE = ProcessFinished(**NAMES)
CANCELLED = ProcessCancelled(**NAMES)


def given(*events: Event) -> Process:
    return reduce(evolve, events, Process())


ASSIGNED = given(OPENED, assigned(FIRST, FOR_LAN))
STARTED = evolve(ASSIGNED, started(FIRST))


def test_an_accepted_document_opens_a_process_with_what_the_command_says() -> None:
    command = OpenProcess(PROCESS, DOCUMENT, AGENCY, PACKET, urgency=2)
    assert decide(Process(), command) == [OPENED]


def test_opening_twice_changes_nothing() -> None:
    command = OpenProcess(PROCESS, DOCUMENT, AGENCY, PACKET, urgency=2)
    assert decide(given(OPENED), command) == []
    assert decide(given(OPENED, DONE), command) == []


def test_the_process_of_a_document_is_found_by_its_id_alone() -> None:
    assert process_of(DOCUMENT) == UUID("fa57dcb7-eb28-50ab-9f2d-c67819e31726")


def test_a_leader_assigns_a_unit_and_a_person_with_a_day() -> None:
    assert decide(given(OPENED), AssignTask(FIRST, FOR_LAN)) == [
        TaskAssigned(PROCESS, FIRST, DOCUMENT, AGENCY, PACKET, FOR_LAN.unit, LAN, LAN_AT, TOMORROW)
    ]


def test_a_task_may_be_due_on_the_day_of_assignment_or_on_no_day() -> None:
    same_day = replace(FOR_LAN, due_on=TODAY)
    assert decide(given(OPENED), AssignTask(FIRST, same_day)) == [assigned(FIRST, same_day)]
    assert decide(given(OPENED), AssignTask(FIRST, FOR_MINH)) == [assigned(FIRST, FOR_MINH)]


@pytest.mark.parametrize("command", [AssignTask, ReassignTask])
def test_a_task_due_before_the_day_of_assignment_is_refused(
    command: type[AssignTask] | type[ReassignTask],
) -> None:
    late = replace(FOR_MINH, due_on=date(2026, 3, 1))
    with pytest.raises(DueInPast) as refused:
        decide(ASSIGNED, command(FIRST, late))
    assert refused.value.data() == {"due_on": "2026-03-01", "today": "2026-03-02"}


def test_a_second_task_stands_beside_the_first() -> None:
    events = decide(STARTED, AssignTask(SECOND, FOR_MINH))
    assert events == [assigned(SECOND, FOR_MINH)]
    assert set(reduce(evolve, events, STARTED).tasks) == {FIRST, SECOND}


def test_a_started_task_is_given_to_somebody_else_and_begins_anew() -> None:
    events = decide(STARTED, ReassignTask(FIRST, FOR_MINH))
    assert events == [assigned(FIRST, FOR_MINH)]
    task = reduce(evolve, events, STARTED).tasks[FIRST]
    assert task == Task(assigned(FIRST, FOR_MINH), started=False, finished=False)


def test_the_same_assignment_again_changes_nothing() -> None:
    assert decide(ASSIGNED, ReassignTask(FIRST, FOR_LAN)) == []
    assert decide(STARTED, ReassignTask(FIRST, FOR_LAN)) == []


@pytest.mark.parametrize(
    "change", [{"due_on": TODAY}, {"unit": "Văn thư"}, {"assignee_position_id": MINH_AT}]
)
def test_another_day_unit_or_position_is_another_assignment(change: dict[str, object]) -> None:
    wish = replace(FOR_LAN, **change)  # type: ignore[arg-type]
    assert decide(STARTED, ReassignTask(FIRST, wish)) == [assigned(FIRST, wish)]


def test_a_task_that_was_never_assigned_is_not_reassigned() -> None:
    with pytest.raises(TaskUnknown):
        decide(ASSIGNED, ReassignTask(SECOND, FOR_MINH))


def test_a_finished_task_is_not_reassigned() -> None:
    process = given(OPENED, assigned(FIRST, FOR_LAN), assigned(SECOND, FOR_MINH), finished(FIRST))
    with pytest.raises(TaskIsFinished):
        decide(process, ReassignTask(FIRST, FOR_MINH))


def test_the_assignee_starts_the_task() -> None:
    assert decide(ASSIGNED, StartTask(FIRST, LAN, LAN_AT)) == [started(FIRST)]


def test_starting_twice_changes_nothing() -> None:
    assert decide(STARTED, StartTask(FIRST, LAN, LAN_AT)) == []


def test_a_finished_task_is_not_started() -> None:
    process = given(OPENED, assigned(FIRST, FOR_LAN), assigned(SECOND, FOR_MINH), finished(FIRST))
    with pytest.raises(TaskIsFinished):
        decide(process, StartTask(FIRST, LAN, LAN_AT))


def test_starting_before_assignment_is_refused() -> None:
    with pytest.raises(TaskUnknown):
        decide(given(OPENED), StartTask(FIRST, LAN, LAN_AT))


@pytest.mark.parametrize("command", [StartTask, FinishTask])
@pytest.mark.parametrize(
    ("person", "position"), [(MINH, MINH_AT), (LAN, MINH_AT), (MINH, LAN_AT), (LAN_AT, LAN)]
)
def test_only_the_assignee_in_the_assigned_position_acts(
    command: type[StartTask] | type[FinishTask], person: UUID, position: UUID
) -> None:
    with pytest.raises(NotTheAssignee):
        decide(STARTED, command(FIRST, person, position))


def test_after_reassignment_the_former_assignee_acts_no_more() -> None:
    process = evolve(STARTED, assigned(FIRST, FOR_MINH))
    with pytest.raises(NotTheAssignee):
        decide(process, FinishTask(FIRST, LAN, LAN_AT))
    assert decide(process, StartTask(FIRST, MINH, MINH_AT)) == [started(FIRST)]


def test_the_last_task_finishes_the_process_with_it() -> None:
    assert decide(STARTED, FinishTask(FIRST, LAN, LAN_AT)) == [finished(FIRST), DONE]


def test_a_task_may_be_finished_without_having_been_started() -> None:
    assert decide(ASSIGNED, FinishTask(FIRST, LAN, LAN_AT)) == [finished(FIRST), DONE]


def test_a_task_with_others_unfinished_leaves_the_process_open() -> None:
    process = evolve(STARTED, assigned(SECOND, FOR_MINH))
    events = decide(process, FinishTask(FIRST, LAN, LAN_AT))
    assert events == [finished(FIRST)]
    process = reduce(evolve, events, process)
    assert decide(process, FinishTask(SECOND, MINH, MINH_AT)) == [finished(SECOND), DONE]


def test_finishing_twice_changes_nothing() -> None:
    process = given(OPENED, assigned(FIRST, FOR_LAN), assigned(SECOND, FOR_MINH), finished(FIRST))
    assert decide(process, FinishTask(FIRST, LAN, LAN_AT)) == []


def test_finishing_before_assignment_is_refused() -> None:
    with pytest.raises(TaskUnknown):
        decide(given(OPENED), FinishTask(FIRST, LAN, LAN_AT))


def test_a_process_is_closed_without_an_answer_whatever_its_tasks() -> None:
    assert decide(given(OPENED), CloseProcess()) == [DONE]
    assert decide(STARTED, CloseProcess()) == [DONE]


def test_an_issued_answer_finishes_an_open_process() -> None:
    answered = ProcessFinished(**NAMES, answered_by=ANSWER)
    assert decide(STARTED, AnswerProcess(ANSWER)) == [answered]


def test_an_answer_changes_nothing_where_no_process_is_open() -> None:
    assert decide(Process(), AnswerProcess(ANSWER)) == []
    assert decide(given(OPENED, DONE), AnswerProcess(ANSWER)) == []


@pytest.mark.parametrize("process", [given(OPENED), STARTED])
def test_the_handling_of_what_is_out_of_force_is_cancelled_once(process: Process) -> None:
    assert decide(process, CancelProcess()) == [CANCELLED]
    assert decide(evolve(process, CANCELLED), CancelProcess()) == []


def test_what_was_never_opened_or_is_finished_is_not_cancelled() -> None:
    assert decide(Process(), CancelProcess()) == []
    assert decide(given(OPENED, DONE), CancelProcess()) == []
    assert decide(given(OPENED, CANCELLED), AnswerProcess(ANSWER)) == []


ALL_BY_PEOPLE: list[Command] = [
    AssignTask(SECOND, FOR_MINH),
    ReassignTask(FIRST, FOR_MINH),
    StartTask(FIRST, LAN, LAN_AT),
    FinishTask(FIRST, LAN, LAN_AT),
    CloseProcess(),
]


@pytest.mark.parametrize("command", ALL_BY_PEOPLE)
@pytest.mark.parametrize("end", [DONE, CANCELLED])
def test_nobody_acts_on_a_process_that_has_ended(command: Command, end: Event) -> None:
    with pytest.raises(ProcessIsFinished):
        decide(evolve(STARTED, end), command)


@pytest.mark.parametrize("command", ALL_BY_PEOPLE)
def test_nobody_acts_on_a_process_that_was_never_opened(command: Command) -> None:
    with pytest.raises(ProcessUnknown):
        decide(Process(), command)


def test_a_task_tells_how_far_it_is() -> None:
    assert ASSIGNED.tasks[FIRST].state == "assigned"
    assert STARTED.tasks[FIRST].state == "started"
    assert evolve(STARTED, finished(FIRST)).tasks[FIRST].state == "finished"
    assert evolve(ASSIGNED, finished(FIRST)).tasks[FIRST].state == "finished"


def test_events_build_the_process_that_they_tell_of() -> None:
    assert given(OPENED) == Process(OPENED, {}, finished=False)
    both = given(OPENED, assigned(FIRST, FOR_LAN), assigned(SECOND, FOR_MINH), started(SECOND))
    assert both.tasks == {
        FIRST: Task(assigned(FIRST, FOR_LAN)),
        SECOND: Task(assigned(SECOND, FOR_MINH), started=True),
    }
    assert evolve(both, DONE) == Process(OPENED, both.tasks, finished=True)


COMMANDS = st.sampled_from(
    [
        OpenProcess(PROCESS, DOCUMENT, AGENCY, PACKET, 2),
        AssignTask(FIRST, FOR_LAN),
        AssignTask(SECOND, FOR_MINH),
        *(
            kind(task_id, *who)
            for kind in (StartTask, FinishTask)
            for task_id in (FIRST, SECOND)
            for who in ((LAN, LAN_AT), (MINH, MINH_AT))
        ),
        *(
            ReassignTask(task_id, wish)
            for task_id in (FIRST, SECOND)
            for wish in (FOR_LAN, FOR_MINH)
        ),
        CloseProcess(),
        AnswerProcess(ANSWER),
        CancelProcess(),
    ]
)


@for_all(st.lists(COMMANDS, max_size=30))
def test_whatever_is_asked_a_process_opens_once_finishes_once_and_ends_there(
    commands: list[Command],
) -> None:
    history: list[Event] = []
    for command in commands:
        try:
            history += decide(given(*history), command)
        except WorkflowError:
            continue
    kinds = [type(event) for event in history]
    assert kinds[:1] in ([], [ProcessOpened])
    assert kinds.count(ProcessOpened) <= 1
    assert ProcessFinished not in kinds[:-1]
    process = given(*history)
    every_task_done = all(task.finished for task in process.tasks.values())
    assert process.finished or not process.tasks or not every_task_done
