"""The interconnect service over HTTP: what became of what was sent, and what came in."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from libs.blobs import BlobStore, open_store
from libs.db import Database, database_of
from libs.eventstore import Context
from libs.messaging.read_after import token
from libs.observability import correlation_id
from libs.service import api_of
from libs.web.api import Api
from libs.web.call import Call, Reply
from libs.web.desk import add_desk
from libs.web.paging import decode_cursor, encode_cursor
from libs.web.problems import malformed, not_found
from services.interconnect import (
    balance,
    balance_views,
    completeness,
    handlers,
    queries,
    schemas,
    views,
)
from services.interconnect.compose import VIETNAM
from services.interconnect.earlier import opened_dispatch
from services.interconnect.errors import InterconnectError
from services.interconnect.journal import load_disclosure
from services.interconnect.packet_desk import PacketKind
from services.interconnect.reasons import JOB_WORDS
from services.interconnect.settings import Settings
from services.interconnect.texts import put_text

DEFAULT_DAYS = timedelta(days=29)


def build_api(settings: Settings) -> Api:
    """All routes of the service."""
    api = api_of("interconnect", settings, InterconnectError)
    database = database_of(settings.database_url, "interconnect")
    add_routes(api, database, open_store(settings.blob_url))
    return api


def add_routes(api: Api, database: Database, blobs: BlobStore) -> None:
    """Add the service's routes to an API."""
    add_look_ups(api, database, blobs)
    _recalls(api, blobs)
    _packets(api, database, blobs)
    _disclosures(api, database)
    _balances(api, database)
    add_desk(api, "/v1/desk/interconnect", database, blobs, words=JOB_WORDS, kinds=[PacketKind()])


def add_look_ups(api: Api, database: Database, blobs: BlobStore) -> None:
    """What became of what was sent, asked of read models of today or of the past."""

    @api.query("/v1/dispatches", "interconnect.read", args=schemas.PageArgs)
    def list_dispatches(call: Call) -> Reply:
        """The agency's documents on their way out, newest first."""
        after, limit = _after(call), call.args["limit"]
        with database.snapshot() as unit:
            rows = queries.dispatches(unit.connection, _agency(call), after, limit)
        following = _next(rows, limit, "opened_at", "dispatch_id")
        return Reply(body={"dispatches": [views.line(row) for row in rows], "next": following})

    @api.query("/v1/dispatches/<uuid:document_id>", "interconnect.read")
    def show_dispatch(call: Call) -> Reply:
        """One document's deliveries, each with its transport status and every step told."""
        document_id = call.params["document_id"]
        with database.snapshot() as unit:
            row = queries.one_dispatch(unit.connection, document_id)
            if row is None:
                raise not_found()
            call.require_agency(row["agency_id"])
            deliveries = queries.deliveries(unit.connection, document_id)
            statuses = queries.received_statuses(unit.connection, document_id)
        return Reply(body=views.dispatch(row, deliveries, statuses, blobs))


def _recalls(api: Api, blobs: BlobStore) -> None:
    def keep_note(call: Call) -> str:
        return put_text(blobs, {"note": call.body["note"]})

    @api.command(
        "/v1/dispatches/<uuid:document_id>/recall",
        "interconnect.recall",
        body=schemas.RecallBody,
        prepare=keep_note,
    )
    def recall_document(call: Call) -> Reply:
        """Ask some recipients, or all, for the document back (lấy lại)."""
        found = opened_dispatch(call.unit, call.params["document_id"])
        if found is None:
            raise not_found()
        opened, trace = found
        call.require_agency(opened.agency_id)
        context = _context(call, trace)
        recipients = call.body["recipients"]
        done = handlers.recall(
            call.unit, opened, recipients, call.prepared, context, call.command_id
        )
        body = {
            "document_id": opened.document_id,
            "asked": done.asked,
            "left_out": [
                {"recipient": recipient, "code": code} for recipient, code in done.left_out.items()
            ],
        }
        return Reply(body=body, read_after=token(call.unit.store, done.appended))


def _packets(api: Api, database: Database, blobs: BlobStore) -> None:
    @api.query("/v1/packets/<uuid:packet_id>", "interconnect.read")
    def show_packet(call: Call) -> Reply:
        """A packet that came to the agency, and the statuses that went back."""
        packet_id = call.params["packet_id"]
        with database.snapshot() as unit:
            row = queries.one_arrival(unit.connection, packet_id)
            if row is None:
                raise not_found()
            call.require_agency(row["recipient_id"])
            statuses = queries.sent_statuses(unit.connection, packet_id)
        return Reply(body=views.packet(row, statuses, blobs))

    @api.query("/v1/packets/desk", "interconnect.desk", args=schemas.PageArgs)
    def show_desk(call: Call) -> Reply:
        """Packets of the axis that could not be taken, and statuses that fit nothing."""
        after, limit = _after(call), call.args["limit"]
        with database.snapshot() as unit:
            rows = queries.desk(unit.connection, after, limit)
        following = _next(rows, limit, "arrived_at", "packet_id")
        return Reply(body={"packets": [views.unread(row) for row in rows], "next": following})


def _disclosures(api: Api, database: Database) -> None:
    @api.query("/v1/disclosures/<uuid:agency_id>", "interconnect.see_disclosure")
    def show_disclosure(call: Call) -> Reply:
        """What senders see of the agency's steps (mức công khai)."""
        agency_id = call.params["agency_id"]
        call.require_agency(agency_id)
        with database.snapshot() as unit:
            found, _ = load_disclosure(unit, agency_id)
        return Reply(body=views.disclosure(agency_id, found.level))

    @api.command(
        "/v1/disclosures/<uuid:agency_id>",
        "interconnect.disclose",
        body=schemas.DisclosureBody,
        method="PUT",
    )
    def set_disclosure(call: Call) -> Reply:
        """Lay down what senders see: all, unit (no person) or receipt (outcome alone)."""
        agency_id, level = call.params["agency_id"], call.body["level"]
        call.require_agency(agency_id)
        context = _context(call, call.command_id)
        appended = handlers.disclose(call.unit, agency_id, level, context, call.command_id)
        return Reply(
            body=views.disclosure(agency_id, level), read_after=token(call.unit.store, appended)
        )


def _balances(api: Api, database: Database) -> None:
    @api.query("/v1/balance", "interconnect.balance", args=schemas.BalanceArgs)
    def show_balance(call: Call) -> Reply:
        """The balance of each pair of agencies and day (cân đối), and of all together."""
        args, today = call.args, call.now.astimezone(VIETNAM).date()
        start, end = args["start"], args["end"]
        if end is None:
            end = today if start is None else start + DEFAULT_DAYS
        start = start or end - DEFAULT_DAYS
        wanted = balance.Wanted(
            start, end, args["sender"], args["recipient"], _only(call), args["difference_only"]
        )
        after = None if args["cursor"] is None else _pair(args["cursor"])
        with database.snapshot() as unit:
            rows = balance.rows(unit.connection, wanted, after, args["limit"])
            whole = balance.totals(unit.connection, wanted)
        following = None
        if len(rows) == args["limit"]:
            last = {name: str(rows[-1][name]) for name in ("day", "sender_id", "recipient_id")}
            following = encode_cursor(last)
        body = {
            "from": start,
            "to": end,
            "totals": balance_views.sides(whole),
            "holds": balance_views.holds(whole),
            "rows": [balance_views.balance_row(row) for row in rows],
            "next": following,
        }
        return Reply(body=body)

    @api.query("/v1/balance/pairs", "interconnect.balance", args=schemas.PairArgs)
    def show_pairs(call: Call) -> Reply:
        """Completeness: the numbers of each pair that were given, that came, that are missing."""
        args = call.args
        wanted = completeness.Wanted(
            args["sender"], args["recipient"], _only(call), args["incomplete_only"]
        )
        after = None
        if args["cursor"] is not None:
            after = _ids(decode_cursor(args["cursor"], {"sender_id": str, "recipient_id": str}))
        with database.snapshot() as unit:
            rows = completeness.pairs(unit.connection, wanted, after, args["limit"])
        following = None
        if len(rows) == args["limit"]:
            last = {name: str(rows[-1][name]) for name in ("sender_id", "recipient_id")}
            following = encode_cursor(last)
        shown = [balance_views.pair_row(row) for row in rows]
        return Reply(body={"pairs": shown, "next": following})


def _only(call: Call) -> UUID | None:
    """The one agency whose pairs the caller may see; None for all."""
    return None if call.rule.agency == "any" else _agency(call)


def _pair(cursor: str) -> tuple[date, UUID, UUID]:
    values = decode_cursor(cursor, {"day": str, "sender_id": str, "recipient_id": str})
    try:
        return date.fromisoformat(values["day"]), *_ids(values)
    except ValueError as error:
        raise _strange_cursor() from error


def _ids(values: dict[str, Any]) -> tuple[UUID, UUID]:
    try:
        return UUID(values["sender_id"]), UUID(values["recipient_id"])
    except ValueError as error:
        raise _strange_cursor() from error


def _context(call: Call, trace: UUID) -> Context:
    return Context(
        agency=call.principal.agency,
        handler=call.principal.handler,
        behalf=call.principal.behalf,
        occurred_at=call.unit.now,
        trace=trace,
        correlation=correlation_id() or call.command_id,
    )


def _agency(call: Call) -> UUID:
    try:
        return UUID(call.principal.agency)
    except ValueError as error:
        raise not_found() from error


def _after(call: Call) -> tuple[datetime, UUID] | None:
    """The row behind which the page begins."""
    if call.args["cursor"] is None:
        return None
    values = decode_cursor(call.args["cursor"], {"at": str, "id": str})
    try:
        at = datetime.fromisoformat(values["at"])
        if at.tzinfo is None:
            raise ValueError("no zone")
        return at, UUID(values["id"])
    except ValueError as error:
        raise _strange_cursor() from error


def _strange_cursor() -> Exception:
    return malformed(
        "cursor_malformed", "Con trỏ trang không hợp lệ.", "The cursor is not one of ours."
    )


def _next(rows: list[dict[str, Any]], limit: int, at: str, name: str) -> str | None:
    """The cursor behind the last row of a full page."""
    if len(rows) < limit:
        return None
    return encode_cursor({"at": rows[-1][at].isoformat(), "id": str(rows[-1][name])})
