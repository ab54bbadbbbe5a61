"""The trail over HTTP: a trace's timeline, the list of traces, steps across documents."""

from datetime import datetime
from typing import Any

from libs.blobs import open_store
from libs.contracts import instant_text
from libs.db import Database, Unit, database_of
from libs.eventstore import Place
from libs.service import api_of
from libs.web.api import Api
from libs.web.call import Call, Reply
from libs.web.paging import decode_cursor, encode_cursor
from libs.web.problems import Problem, malformed, not_found
from services.audit import queries
from services.audit.names import Names
from services.audit.queries import Lines, Step, Wanted
from services.audit.schemas import PageArgs, StepArgs, TraceArgs, moment
from services.audit.settings import Settings
from services.audit.shown import entry_of, shown, tiers


def build_api(settings: Settings) -> Api:
    """All routes of the audit service; it has no refusals of its own."""
    api = api_of("audit", settings, Problem)
    add_routes(
        api, database_of(settings.database_url, "audit"), Names(open_store(settings.blob_url))
    )
    return api


def add_routes(api: Api, database: Database, names: Names) -> None:
    """The questions about traces, and the one about steps across them."""
    _add_traces(api, database, names)
    _add_steps(api, database, names)


def _add_traces(api: Api, database: Database, names: Names) -> None:
    @api.query("/v1/traces/<uuid:trace_id>", "audit.read", args=TraceArgs)
    def show_trace(call: Call) -> Reply:
        """A trace's timeline through all tiers, as known now or at an instant."""
        trace_id, at = call.params["trace_id"], call.args["at"]
        with database.unit() as unit:
            if not queries.trace_exists(unit.connection, trace_id):
                raise not_found()
            known = _known(unit, at)
            found = queries.lines_of(unit.connection, trace_id, known)
            replicas = queries.replicas(unit.connection, found, known)
            text = queries.texts(unit.connection, [trace_id], known).get(trace_id)
        lines = shown(found, replicas, names)
        return Reply(
            body={
                "trace_id": str(trace_id),
                "subject": names.of(text).subject if text else "",
                "tiers": tiers(lines),
                "lines": lines,
                "as_of": instant_text(at or call.now),
            }
        )

    @api.query("/v1/traces", "audit.read", args=PageArgs)
    def list_traces(call: Call) -> Reply:
        """All traces, newest first, paged."""
        cursor, limit = call.args["cursor"], call.args["limit"]
        after = Place(**decode_cursor(cursor, {"tx": int, "position": int})) if cursor else None
        with database.unit() as unit:
            found = queries.traces(unit.connection, after, limit)
            summaries = _summaries(unit, found, names)
        body: dict[str, Any] = {"traces": summaries}
        if len(found) == limit:
            body["next"] = encode_cursor({"tx": found[-1].tx, "position": found[-1].position})
        return Reply(body=body)


def _add_steps(api: Api, database: Database, names: Names) -> None:
    @api.query("/v1/steps", "audit.read", args=StepArgs)
    def list_steps(call: Call) -> Reply:
        """Steps across all documents, in the order of time, paged."""
        args = call.args
        wanted = Wanted(
            handler=args["handler"],
            agency=args["agency"],
            status=args["status"],
            start=args["start"],
            end=args["end"],
        )
        after = _step(args["cursor"]) if args["cursor"] else None
        with database.unit() as unit:
            known = _known(unit, args["at"])
            found = queries.steps(unit.connection, wanted, known, after, args["limit"])
            replicas = queries.replicas(unit.connection, found, known)
        body: dict[str, Any] = {
            "lines": shown(found, replicas, names),
            "as_of": instant_text(args["at"] or call.now),
        }
        if len(found) == args["limit"]:
            body["next"] = _cursor(found)
        return Reply(body=body)


def _known(unit: Unit, at: datetime | None) -> Place | None:
    return queries.place_at(unit.connection, at) if at else None


def _cursor(lines: Lines) -> str:
    last = lines[-1]
    return encode_cursor(
        {"at": instant_text(last.order_at), "tx": last.tx, "position": last.position}
    )


def _step(cursor: str) -> Step:
    values = decode_cursor(cursor, {"at": str, "tx": int, "position": int})
    try:
        return Step(moment(values["at"], end=False), values["tx"], values["position"])
    except ValueError as error:
        raise malformed(
            "cursor_malformed", "Con trỏ trang không hợp lệ.", "The cursor is not one of ours."
        ) from error


def _summaries(unit: Unit, traces: Lines, names: Names) -> list[dict[str, Any]]:
    trace_ids = [row.trace for row in traces]
    spans = queries.spans(unit.connection, trace_ids)
    agencies = queries.agencies(unit.connection, (span.agency_id for span in spans))
    texts = queries.texts(unit.connection, trace_ids, None)
    summaries = []
    for trace_id in trace_ids:
        mine = [span for span in spans if span.trace == trace_id]
        entries = [entry_of(agencies.get(span.agency_id, []), span.last) for span in mine]
        summaries.append(
            {
                "trace_id": str(trace_id),
                "subject": names.of(texts[trace_id]).subject if trace_id in texts else "",
                "tiers": sorted({entry.tier for entry in entries if entry}),
                "lines": sum(span.lines for span in mine),
                "first_at": instant_text(min(span.first for span in mine)),
                "last_at": instant_text(max(span.last for span in mine)),
            }
        )
    return summaries
