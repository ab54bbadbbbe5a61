"""A service's desk over HTTP: what was given up and why, a dry run, a request, a second person."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import rfc8785

from libs.blobs import BlobMissing, BlobStore
from libs.db import Database
from libs.desk.desk import MOST_ITEMS, By, Desk
from libs.desk.events import EventKind
from libs.desk.jobs import JobKind
from libs.desk.letters import Wanted
from libs.desk.model import Kind, Letter
from libs.desk.requests import one_request, requests
from libs.messaging.causes import PlainCause
from libs.messaging.read_after import token
from libs.observability import correlation_id
from libs.web import desk_schemas as schemas
from libs.web.api import Api
from libs.web.call import Call, Reply
from libs.web.paging import decode_cursor, encode_cursor
from libs.web.problems import malformed, not_found

SAMPLE = 10
_LONGEST = 64 * 1024


def add_desk(
    api: Api,
    path: str,
    database: Database,
    blobs: BlobStore,
    *,
    words: Mapping[str, PlainCause] | None = None,
    kinds: Sequence[Kind] = (),
) -> None:
    """Add the desk of the API's service below `path`.

    The access table needs `<service>.desk` to look and `<service>.decide` to decide. `words` are
    the plain words for errors of the service's jobs, `kinds` what it has beside events and jobs.
    """
    service = api.service
    desk = Desk(service, [EventKind(), JobKind(service, words or {}), *kinds])
    _letters(api, path, database, desk)
    _requests(api, path, database, blobs, desk)
    _deciding(api, path, blobs, desk)


def _letters(api: Api, path: str, database: Database, desk: Desk) -> None:
    look = f"{desk.service}.desk"

    @api.query(path, look, args=schemas.LettersArgs)
    @_of(desk)
    def show_desk(call: Call) -> Reply:
        """What the service gave up, grouped by cause and one by one, the oldest first."""
        args = call.args
        wanted = Wanted(args["kind"], args["cause"])
        with database.snapshot() as unit:
            groups = desk.letters.groups(unit, wanted)
            page = desk.letters.page(unit, wanted, _behind(args["cursor"]), args["limit"])
        shown = [_letter(desk, letter) for letter in page]
        following = None
        if len(page) == args["limit"]:
            following = encode_cursor({"at": page[-1].since.isoformat(), "item": page[-1].item})
        causes = [
            {**vars(group), **_words(desk.kinds[group.kind].words(group.cause))} for group in groups
        ]
        count = sum(group.count for group in groups)
        return Reply(body={"count": count, "causes": causes, "letters": shown, "next": following})

    @api.query(f"{path}/preview", look, args=schemas.PreviewArgs)
    @_of(desk)
    def preview_decision(call: Call) -> Reply:
        """A dry run: how many a decision would be about, a sample, and what it would do."""
        args = call.args
        items = None if args["item"] is None else (args["item"],)
        wanted = Wanted(args["kind"], args["cause"], items)
        with database.snapshot() as unit:
            groups = desk.letters.groups(unit, wanted)
            chosen = desk.letters.free(unit, wanted, MOST_ITEMS)
        kinds = dict.fromkeys(group.kind for group in groups)
        count = sum(group.count for group in groups)
        return Reply(
            body={
                "action": args["action"],
                "count": len(chosen),
                "behind": sum(letter.behind for letter in chosen),
                "left_out": count - len(chosen),
                "effects": [
                    {"kind": kind, **_words(desk.kinds[kind].effect(args["action"]))}
                    for kind in kinds
                ],
                "sample": [_letter(desk, letter) for letter in chosen[:SAMPLE]],
            }
        )


def _requests(api: Api, path: str, database: Database, blobs: BlobStore, desk: Desk) -> None:
    look = f"{desk.service}.desk"

    @api.query(f"{path}/requests", look, args=schemas.RequestsArgs)
    @_of(desk)
    def list_requests(call: Call) -> Reply:
        """What was asked, newest first, and what became of it."""
        args = call.args
        after = None if args["cursor"] is None else _older(args["cursor"])
        with database.snapshot() as unit:
            rows = requests(unit, desk.service, args["state"], after, args["limit"])
        following = None
        if len(rows) == args["limit"]:
            last = rows[-1]
            place = {"at": last["asked_at"].isoformat(), "id": str(last["request_id"])}
            following = encode_cursor(place)
        shown = [_request(row, blobs) for row in rows]
        return Reply(body={"requests": shown, "next": following})

    @api.query(f"{path}/requests/<uuid:request_id>", look)
    @_of(desk)
    def show_request(call: Call) -> Reply:
        """One request with its items, and those of them that still wait."""
        with database.snapshot() as unit:
            row = one_request(unit, desk.service, call.params["request_id"])
            if row is None:
                raise not_found()
            wanted = Wanted(items=tuple(row["items"]))
            page = desk.letters.page(unit, wanted, None, SAMPLE)
        sample = [_letter(desk, letter) for letter in page]
        return Reply(body={**_request(row, blobs), "items": row["items"], "sample": sample})


def _deciding(api: Api, path: str, blobs: BlobStore, desk: Desk) -> None:
    decide = f"{desk.service}.decide"

    def keep_reason(call: Call) -> str:
        return blobs.put_bytes(rfc8785.dumps({"note": call.body["reason"].strip()})).digest

    @api.command(f"{path}/requests", decide, body=schemas.DeskRequestBody, prepare=keep_reason)
    @_of(desk)
    def ask_decision(call: Call) -> Reply:
        """Ask for dead letters to be released or refused; a second person has to confirm."""
        body = call.body
        items = None if body["items"] is None else tuple(dict.fromkeys(body["items"]))
        wanted = Wanted(body["kind"], body["cause"], items)
        request_id, chosen, appended = desk.ask(
            call.unit, body["action"], wanted, call.prepared, _by(call)
        )
        shown = {
            "request_id": request_id,
            "action": body["action"],
            "count": len(chosen),
            "behind": sum(letter.behind for letter in chosen),
            "sample": [_letter(desk, letter) for letter in chosen[:SAMPLE]],
        }
        return Reply(201, shown, read_after=token(call.unit.store, appended))

    @api.command(f"{path}/requests/<uuid:request_id>/confirm", decide)
    @_of(desk)
    def confirm_decision(call: Call) -> Reply:
        """Carry out what was asked, as the second person; who asked may not."""
        done = desk.confirm(call.unit, call.params["request_id"], _by(call))
        body = {"state": "confirmed", "done": done.done, "passed_over": done.passed_over}
        return Reply(body=body, read_after=token(call.unit.store, done.appended))

    @api.command(
        f"{path}/requests/<uuid:request_id>/decline",
        decide,
        body=schemas.DeskReasonBody,
        prepare=keep_reason,
    )
    @_of(desk)
    def decline_decision(call: Call) -> Reply:
        """Decline what was asked, or take it back; nothing is done."""
        request_id = call.params["request_id"]
        appended = desk.decline(call.unit, request_id, call.prepared, _by(call))
        read_after = token(call.unit.store, appended)
        return Reply(body={"state": "declined"}, read_after=read_after)


def _of(desk: Desk) -> Callable[[Callable[[Call], Reply]], Callable[[Call], Reply]]:
    """Name the handler after its service: in the joined description every operation has its own."""

    def name(handler: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
        handler.__name__ = f"{handler.__name__}_of_{desk.service}"
        return handler

    return name


def _by(call: Call) -> By:
    return By(
        handler=call.principal.handler,
        agency=call.principal.agency,
        now=call.unit.now,
        seed=call.command_id,
        behalf=call.principal.behalf,
        correlation=correlation_id() or call.command_id,
    )


def _letter(desk: Desk, letter: Letter) -> dict[str, Any]:
    shown = {**vars(letter), "since": letter.since}
    return {**shown, **_words(desk.kinds[letter.kind].words(letter.cause))}


def _words(words: PlainCause) -> dict[str, str]:
    return {"vi": words.vi, "en": words.en}


def _request(row: Mapping[str, Any], blobs: BlobStore) -> dict[str, Any]:
    names = ("request_id", "action", "asked_by", "asked_at", "state", "decided_by", "decided_at")
    return {
        **{name: row[name] for name in names},
        "count": len(row["items"]),
        "reason": _note(blobs, row["reason"]),
        "answer": _note(blobs, row["answer"]),
        "done": row["done"],
        "passed_over": row["passed_over"] or [],
    }


def _note(blobs: BlobStore, digest: str | None) -> str | None:
    """The text of a reason; None when there is none, or when it was erased by order."""
    if not digest:
        return None
    try:
        note = json.loads(blobs.read(digest, limit=_LONGEST)).get("note")
    except BlobMissing:
        return None
    return str(note)


def _behind(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    values = decode_cursor(cursor, {"at": str, "item": str})
    return _instant(values["at"]), values["item"]


def _older(cursor: str) -> tuple[datetime, UUID]:
    values = decode_cursor(cursor, {"at": str, "id": str})
    try:
        return _instant(values["at"]), UUID(values["id"])
    except ValueError as error:
        raise _strange() from error


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise _strange() from error
    if at.tzinfo is None:
        raise _strange()
    return at


def _strange() -> Exception:
    return malformed(
        "cursor_malformed", "Con trỏ trang không hợp lệ.", "The cursor is not one of ours."
    )
