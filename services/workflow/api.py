"""Handling of documents over HTTP: assign, start, finish, and what is there to do."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from libs.blobs import open_store
from libs.contracts import instant_text
from libs.db import Database, database_of
from libs.eventstore import Context
from libs.messaging.read_after import token
from libs.observability import correlation_id
from libs.service import api_of
from libs.web.api import Api
from libs.web.call import NIL, Call, Reply
from libs.web.desk import add_desk
from libs.web.paging import decode_cursor, encode_cursor
from libs.web.problems import malformed
from services.workflow import queries, schemas
from services.workflow.commands import (
    Assignment,
    AssignTask,
    CloseProcess,
    FinishTask,
    ReassignTask,
    StartTask,
)
from services.workflow.domain import Command
from services.workflow.errors import ProcessUnknown, TaskUnknown, WorkflowError
from services.workflow.handlers import Done, Loaded, handle, load
from services.workflow.lookup import process_of_task
from services.workflow.settings import Settings

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def build_api(settings: Settings) -> Api:
    """All routes of the workflow service."""
    api = api_of("workflow", settings, WorkflowError)
    _leading(api)
    _acting(api)
    database = database_of(settings.database_url, "workflow")
    add_look_ups(api, database)
    add_desk(api, "/v1/desk/workflow", database, open_store(settings.blob_url))
    return api


def _leading(api: Api) -> None:
    @api.command(
        "/v1/processes/<uuid:process_id>/tasks", "workflow.assign", body=schemas.AssignmentBody
    )
    def assign_task(call: Call) -> Reply:
        """Give somebody a new task (phân công)."""
        task_id = uuid5(call.command_id, "task")
        loaded = _process(call, call.params["process_id"])
        done = _carry_out(call, loaded, AssignTask(task_id, _wish(call)))
        return _task_reply(call, 201, task_id, done)

    @api.command("/v1/tasks/<uuid:task_id>/assign", "workflow.assign", body=schemas.AssignmentBody)
    def reassign_task(call: Call) -> Reply:
        """Give an unfinished task to somebody else (phân công lại)."""
        return _on_task(call, ReassignTask(call.params["task_id"], _wish(call)))

    @api.command("/v1/processes/<uuid:process_id>/finish", "workflow.close")
    def close_process(call: Call) -> Reply:
        """Close the handling without an answer (kết thúc xử lý)."""
        loaded = _process(call, call.params["process_id"])
        done = _carry_out(call, loaded, CloseProcess())
        body = {"process_id": loaded.process_id, "process_finished": done.process.finished}
        return _reply(call, 200, body, done)


def _acting(api: Api) -> None:
    @api.command("/v1/tasks/<uuid:task_id>/start", "workflow.act")
    def start_task(call: Call) -> Reply:
        """Begin (bắt đầu xử lý); only the assignee."""
        return _on_task(call, StartTask(call.params["task_id"], *_person(call)))

    @api.command("/v1/tasks/<uuid:task_id>/finish", "workflow.act")
    def finish_task(call: Call) -> Reply:
        """Have done (hoàn thành); only the assignee. The last task finishes the process."""
        return _on_task(call, FinishTask(call.params["task_id"], *_person(call)))


def add_look_ups(api: Api, database: Database) -> None:
    """The questions about processes and tasks, asked of read models of today or of the past."""

    @api.query("/v1/processes", "workflow.read", args=schemas.ProcessArgs)
    def list_processes(call: Call) -> Reply:
        """The agency's processes, newest first."""
        args, after = call.args, _newest(call.args["cursor"])
        with database.snapshot() as unit:
            rows = queries.processes(
                unit.connection,
                _id(call.principal.agency),
                args["document_id"],
                args["state"],
                after,
                args["limit"],
            )
        body: dict[str, Any] = {"processes": [_json(row) for row in rows]}
        if len(rows) == args["limit"]:
            last = rows[-1]
            place = {"opened": last["opened_at"].isoformat(), "process": str(last["process_id"])}
            body["next"] = encode_cursor(place)
        return Reply(body=body)

    @api.query("/v1/processes/<uuid:process_id>", "workflow.read")
    def show_process(call: Call) -> Reply:
        """One process with its tasks."""
        process_id = call.params["process_id"]
        with database.snapshot() as unit:
            row = queries.one_process(unit.connection, _id(call.principal.agency), process_id)
            if row is None:
                raise ProcessUnknown
            tasks = queries.tasks_of(unit.connection, process_id)
        version = row["version"]
        return Reply(body={**_json(row), "tasks": [_json(task) for task in tasks]}, etag=version)

    @api.query("/v1/tasks", "workflow.read", args=schemas.TaskArgs)
    def list_tasks(call: Call) -> Reply:
        """The agency's tasks, or the caller's: what must be done, urgent and due first."""
        args, after = call.args, _most_pressing(call.args["cursor"])
        with database.snapshot() as unit:
            rows = queries.tasks(
                unit.connection,
                _id(call.principal.agency),
                _person(call) if args["mine"] else None,
                (args["state"],) if args["state"] else queries.TO_DO,
                after,
                args["limit"],
            )
        body: dict[str, Any] = {"tasks": [_json(row) for row in rows]}
        if len(rows) == args["limit"]:
            last = rows[-1]
            place = {
                "urgency": last["urgency"],
                "due": str(last["due_on"] or date.max),
                "task": str(last["task_id"]),
            }
            body["next"] = encode_cursor(place)
        return Reply(body=body)


def _process(call: Call, process_id: UUID) -> Loaded:
    """The process, when it is one that the caller may know of."""
    loaded = load(call.unit, process_id)
    if loaded.process.opened is None:
        raise ProcessUnknown
    call.require_agency(loaded.process.opened.agency_id)
    call.require_version(loaded.version)
    return loaded


def _on_task(call: Call, command: ReassignTask | StartTask | FinishTask) -> Reply:
    process_id = process_of_task(call.unit.connection, command.task_id)
    if process_id is None:
        raise TaskUnknown
    done = _carry_out(call, _process(call, process_id), command)
    return _task_reply(call, 200, command.task_id, done)


def _carry_out(call: Call, loaded: Loaded, command: Command) -> Done:
    context = Context(
        agency=call.principal.agency,
        handler=call.principal.handler,
        behalf=call.principal.behalf,
        occurred_at=call.now,
        trace=loaded.trace or call.command_id,
        correlation=correlation_id() or call.command_id,
    )
    return handle(loaded, command, call.unit, context, call.command_id)


def _task_reply(call: Call, status: int, task_id: UUID, done: Done) -> Reply:
    task = done.process.tasks[task_id]
    body = {
        "task_id": task_id,
        "state": task.state,
        "process_id": task.assigned.process_id,
        "process_finished": done.process.finished,
    }
    return _reply(call, status, body, done)


def _reply(call: Call, status: int, body: dict[str, Any], done: Done) -> Reply:
    read_after = token(call.unit.store, done.appended) if done.appended else None
    return Reply(status, body, etag=done.version, read_after=read_after)


def _wish(call: Call) -> Assignment:
    return Assignment(**call.body, today=call.now.astimezone(_VIETNAM).date())


def _person(call: Call) -> tuple[UUID, UUID]:
    return _id(call.principal.subject), _id(call.principal.position or "")


def _id(text: str) -> UUID:
    """The id in a claim; the nil UUID, which nobody has, for a claim that is no UUID."""
    try:
        return UUID(text)
    except ValueError:
        return NIL


def _newest(cursor: str | None) -> queries.Newest | None:
    if cursor is None:
        return None
    values = decode_cursor(cursor, {"opened": str, "process": str})
    try:
        opened_at = datetime.fromisoformat(values["opened"]).astimezone(UTC)
        return queries.Newest(opened_at, UUID(values["process"]))
    except (ValueError, OverflowError) as error:
        raise _cursor_malformed() from error


def _most_pressing(cursor: str | None) -> queries.MostPressing | None:
    if cursor is None:
        return None
    values = decode_cursor(cursor, {"urgency": int, "due": str, "task": str})
    try:
        due_on, task_id = date.fromisoformat(values["due"]), UUID(values["task"])
        return queries.MostPressing(values["urgency"], due_on, task_id)
    except ValueError as error:
        raise _cursor_malformed() from error


def _cursor_malformed() -> Exception:
    return malformed(
        "cursor_malformed", "Con trỏ trang không hợp lệ.", "The cursor is not one of ours."
    )


def _json(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: instant_text(value) if isinstance(value, datetime) else value
        for name, value in row.items()
    }
