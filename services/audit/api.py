"""The trail over HTTP: timelines, traces, steps; and the log with its proofs."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from libs.blobs import open_store
from libs.contracts import instant_text
from libs.db import Database, Unit, database_of
from libs.eventstore import Place
from libs.service import api_of
from libs.translog import CHECKPOINT, Checkpoint
from libs.web.api import Api
from libs.web.call import Call, Reply
from libs.web.desk import add_desk
from libs.web.paging import decode_cursor, encode_cursor
from libs.web.problems import Problem, malformed, not_found
from services.audit import queries
from services.audit.consultations import record
from services.audit.events import TrailConsulted
from services.audit.names import Names
from services.audit.proofs import NotInLog, NotSealed, Proofs, notes_of
from services.audit.queries import Entry, Lines, Step, Wanted
from services.audit.schemas import ConsultationArgs, PageArgs, StepArgs, TraceArgs, moment
from services.audit.sealing.shards import ShardName
from services.audit.served import BUNDLES, NOTES, TILES, Served
from services.audit.settings import Settings
from services.audit.shown import consultation, entry_of, shown, tiers


def build_api(settings: Settings) -> Api:
    """All routes of the audit service; it has no refusals of its own."""
    api = api_of("audit", settings, Problem)
    database, blobs = database_of(settings.database_url, "audit"), open_store(settings.blob_url)
    add_routes(api, database, Names(blobs), settings.log_dir)
    add_desk(api, "/v1/desk/audit", database, blobs)
    return api


def add_routes(api: Api, database: Database, names: Names, log: Path) -> None:
    """The questions about traces and steps, and the log that lies in a folder."""
    _add_traces(api, database, names)
    _add_steps(api, database, names)
    _add_consultations(api, database, names)
    _add_log(api, database, log)
    _add_proofs(api, database, Proofs(log))


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
            _record(unit, call, "trace", len(found), trace_id=trace_id, as_of=at)
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
            _record(unit, call, "traces", len(found))
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
            trace=args["trace"],
            person=args["person"],
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
            named = {
                "trace_id": wanted.trace,
                "person_id": wanted.person,
                "handler_id": wanted.handler,
                "agency": wanted.agency,
                "status_code": wanted.status,
                "since": wanted.start,
                "until": wanted.end,
                "as_of": args["at"],
            }
            _record(unit, call, "steps", len(found), **named)
        body: dict[str, Any] = {
            "lines": shown(found, replicas, names),
            "as_of": instant_text(args["at"] or call.now),
        }
        if len(found) == args["limit"]:
            body["next"] = _cursor(found[-1], found[-1].order_at)
        return Reply(body=body)


def _add_consultations(api: Api, database: Database, names: Names) -> None:
    @api.query("/v1/consultations", "audit.oversee", args=ConsultationArgs)
    def list_consultations(call: Call) -> Reply:
        """Who looked into the trail and what for, newest first, paged (tra cứu dấu vết)."""
        args = call.args
        agency = None if call.reaches_all else call.principal.agency
        span = args["start"], args["end"]
        after = _step(args["cursor"]) if args["cursor"] else None
        with database.unit() as unit:
            found = queries.consultations(
                unit.connection, agency, args["person"], *span, after, args["limit"]
            )
            replicas = queries.watchers(unit.connection, found)
            named = {"person_id": args["person"], "since": span[0], "until": span[1]}
            _record(unit, call, "consultations", len(found), **named)
        body: dict[str, Any] = {
            "consultations": [consultation(row, replicas, names) for row in found]
        }
        if len(found) == args["limit"]:
            body["next"] = _cursor(found[-1], found[-1].at)
        return Reply(body=body)


def _add_log(api: Api, database: Database, log: Path) -> None:
    """The log's files (C2SP tlog-tiles), each shard below its own prefix."""

    def file(shard: str, below: str, path: str, served: Served) -> Reply:
        try:
            if not served.paths.fullmatch(path):
                raise ValueError(path)
            content = (log / str(ShardName.parse(shard)) / below / path).read_bytes()
        except (ValueError, FileNotFoundError) as error:
            raise not_found() from error
        return Reply(content=[content], headers=served.headers)

    @api.open("/log/checkpoint")
    def show_newest_checkpoint(_call: Call) -> Reply:
        """The checkpoint of the shard that grows."""
        newest = Proofs(log).shards()[-1:]
        return file("".join(map(str, newest)), "", CHECKPOINT, NOTES)

    @api.open("/log/<shard>/<path>")
    def show_checkpoint(call: Call) -> Reply:
        """A shard's `checkpoint`, co-signed; the newest one that is `signed`; its public `key`."""
        return file(call.params["shard"], "", call.params["path"], NOTES)

    @api.open("/log/<shard>/tile/<path:path>")
    def show_tile(call: Call) -> Reply:
        """Hashes of a shard's tree."""
        return file(call.params["shard"], "tile", call.params["path"], TILES)

    @api.query("/log/<shard>/tile/entries/<path:path>", "audit.read")
    def show_entries(call: Call) -> Reply:
        """Entries of a shard, 256 in a bundle."""
        shard, path = call.params["shard"], call.params["path"]
        found = file(shard, "tile/entries", path, BUNDLES)
        lines = int(path.partition(".p/")[2] or 256)
        with database.unit() as unit:
            _record(unit, call, "entries", lines, target=f"{shard}/{path}")
        return found


def _add_proofs(api: Api, database: Database, proofs: Proofs) -> None:
    @api.open("/v1/log")
    def show_log(_call: Call) -> Reply:
        """The log's shards, oldest first: origin, entries that are witnessed, and signed."""
        return Reply(body={"shards": [_shard(proofs, name) for name in proofs.shards()]})

    @api.query("/v1/events/<uuid:event_id>/proof", "audit.read")
    def prove_event(call: Call) -> Reply:
        """Proof that an event was sealed: its entry, and a C2SP tlog-proof as text."""
        event_id = call.params["event_id"]
        with database.snapshot() as unit:
            place = queries.place_of(unit.connection, event_id)
        if place is None:
            raise not_found()
        try:
            found = proofs.of(event_id, place)
        except NotSealed as error:
            raise _not_sealed() from error
        except NotInLog as error:
            raise _moved_away() from error
        with database.unit() as unit:
            _record(unit, call, "proof", 1, target=str(event_id))
        return Reply(
            body={
                "event_id": str(event_id),
                "shard": found.shard,
                "index": found.proof.index,
                "entry": found.entry.decode(),
                "proof": bytes(found.proof).decode(),
                "witnessed": found.witnessed,
            }
        )


def _shard(proofs: Proofs, name: ShardName) -> dict[str, Any]:
    notes = {path: Checkpoint.parse(note.text) for path, note in notes_of(proofs.files(name))}
    newest = list(notes.values())[-1]
    witnessed = notes[CHECKPOINT].size if CHECKPOINT in notes else 0
    return {
        "name": str(name),
        "origin": newest.origin,
        "prefix": f"/log/{name}",
        "witnessed": witnessed,
        "signed": newest.size,
    }


def _not_sealed() -> Problem:
    return Problem(
        409,
        "event_not_sealed",
        "Sự kiện chưa được niêm phong, hãy thử lại sau giây lát.",
        "The event is not sealed yet; ask again in a moment.",
        headers={"Retry-After": "1"},
    )


def _moved_away() -> Problem:
    return Problem(
        404,
        "event_not_in_log",
        "Nhật ký của năm đó không còn ở đây; bằng chứng nằm trong kho lưu trữ.",
        "The log of its year is not here any more; its proof is in the archive.",
    )


def _known(unit: Unit, at: datetime | None) -> Place | None:
    return queries.place_at(unit.connection, at) if at else None


def _record(unit: Unit, call: Call, question: str, lines: int, **asked: Any) -> None:
    """Write down what is about to be shown to the caller."""
    record(unit, call.principal, TrailConsulted(uuid4(), question, "http", lines, **asked))


def _cursor(last: Entry, at: datetime) -> str:
    return encode_cursor({"at": instant_text(at), "tx": last.tx, "position": last.position})


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
