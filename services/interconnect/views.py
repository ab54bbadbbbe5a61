"""Dispatches and packets as HTTP shows them: rows of the read models, and names out of blobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.blobs import BlobStore
from services.interconnect import queries
from services.interconnect.domain import LABELS, Shown, permitted, shown
from services.interconnect.domain.disclosure import LEVELS
from services.interconnect.domain.envelope import VERDICTS
from services.interconnect.reachable import CLOSED
from services.interconnect.reasons import words_of
from services.interconnect.texts import member, read_text

Row = dict[str, Any]
_EARLIER = ("updates", "replaces")


@dataclass(frozen=True)
class _Told:
    status_code: str
    told_at: datetime


def line(row: Row) -> Row:
    """A dispatch in a list; the counts are deliveries by transport status."""
    names = ("foreign_id", "urgency", "opened_at")
    return {
        "document_id": row["dispatch_id"],
        **{name: row[name] for name in names},
        "deliveries": {state: row[state] for state in queries.TRANSPORTS},
    }


def dispatch(row: Row, deliveries: Sequence[Row], statuses: Sequence[Row], blobs: BlobStore) -> Row:
    """A dispatch in full, for its sender."""
    told: dict[str, list[Row]] = {}
    for status in statuses:
        told.setdefault(status["delivery_id"], []).append(status)
    names = ("agency_id", "foreign_id", "packet", "urgency", "opened_at", "trace", *_EARLIER)
    return {
        "document_id": row["dispatch_id"],
        **{name: row[name] for name in names},
        "deliveries": [
            _delivery(each, told.get(each["delivery_id"], []), blobs) for each in deliveries
        ],
    }


def packet(row: Row, statuses: Sequence[Row], blobs: BlobStore) -> Row:
    """An arrived packet, for its recipient."""
    # What was given back to its sender is not handed out: only its trace stays.
    withdrawn = row["withdrawn_at"] is not None
    text = {} if withdrawn else read_text(blobs, row["text"])
    names = (
        "packet_id",
        "document_id",
        "recipient_id",
        "recipient_code",
        "channel",
        "packet",
        "axis_doc_id",
        "foreign_id",
        "code",
        "issued_on",
        "type_name",
        "urgency",
        "answers",
        "arrived_at",
        "withdrawn_at",
        "supersedes",
    )
    return {
        **{name: row[name] for name in names},
        "sender": {
            "agency_id": row["sender_id"],
            "code": row["sender_code"],
            "name": row["sender_name"],
        },
        "business": row["business"] or None,
        "files": [] if withdrawn else row["files"],
        "envelope": _envelope(row),
        "recall": _asked(row["recall_asked_at"], row["recall_note"], blobs),
        "subject": text.get("subject"),
        "summary": text.get("summary"),
        "signer": text.get("signer"),
        "statuses": [_sent(each) for each in statuses],
    }


def disclosure(agency_id: UUID, level: str) -> Row:
    """What an agency's senders see of its steps."""
    vi, en = LEVELS[level]
    return {"agency_id": agency_id, "level": level, "vi": vi, "en": en}


def unread(row: Row) -> Row:
    """A packet on the desk."""
    names = ("packet_id", "kind", "reason_code", "axis_doc_id", "packet", "status_code", "state")
    words = words_of(row["reason_code"])
    shown = {name: row[name] for name in (*names, "foreign_id", "arrived_at")}
    return {**shown, "reason": {"vi": words.vi, "en": words.en}}


def _sent(row: Row) -> Row:
    """A step that the sender was told; or by which level of disclosure he was not, or why the axis
    refused it."""
    names = ("channel", "sent_at", "pair_number", "withheld", "reason_code")
    return {**_label(row["status_code"]), **{name: row[name] for name in names}}


def _envelope(row: Row) -> Row | None:
    """The verdict on an envelope that came, in words, and the packet's number in it."""
    verdict = row["envelope"]
    if verdict is None:
        return None
    vi, en = VERDICTS.get(verdict, VERDICTS["envelope_refused"])
    return {"verdict": verdict, "vi": vi, "en": en, "pair_number": row["pair_number"]}


def _delivery(row: Row, statuses: list[Row], blobs: BlobStore) -> Row:
    now = _now(statuses)
    agency = {"agency_id": row["recipient_id"], "code": row["code"], "name": row["name"]}
    names = ("delivery_id", "channel", "transport", "reason_code", "sent_at", "axis_doc_id")
    return {
        **{name: row[name] for name in names},
        "pair_number": row["pair_number"],
        "reason": _reason(row),
        "recipient": agency,
        "request": _request(row, blobs),
        "outcome": None
        if row["outcome"] is None
        else {"kind": row["outcome"], "by": row["outcome_by"]},
        "processing": None
        if now is None
        else {**_label(now.status_code), "told_at": now.told_at, "reopened": now.reopened},
        "steps": _steps(row, statuses, agency, blobs),
    }


def _reason(row: Row) -> Row | None:
    """Why nothing was sent, in plain words; for a closed recipient its successor."""
    if row["reason_code"] is None:
        return None
    words = words_of(row["reason_code"])
    successor = {name: row[f"successor_{name}"] for name in ("id", "code", "name")}
    named = row["reason_code"] == CLOSED and row["successor_id"] is not None
    return {"vi": words.vi, "en": words.en, "successor": successor if named else None}


def _request(row: Row, blobs: BlobStore) -> Row | None:
    """What the sender asked and nobody has answered yet."""
    if row["request"] is None:
        return None
    asked = _asked(row["asked_at"], row["request_note"], blobs) or {}
    return {"kind": row["request"], **asked, "by": row["requested_by"]}


def _asked(asked_at: datetime | None, note: str | None, blobs: BlobStore) -> Row | None:
    if asked_at is None:
        return None
    return {"asked_at": asked_at, "note": member(read_text(blobs, note), "note") or None}


def _now(statuses: list[Row]) -> Shown | None:
    """What is shown now: by instants, or by whole seconds when of one only that is known."""
    exact = all(each["done_at"] for each in statuses)
    at = "done_at" if exact else "told_at"
    return shown([_Told(each["status_code"], each[at]) for each in statuses])


def _steps(row: Row, statuses: list[Row], agency: Row, blobs: BlobStore) -> list[Row]:
    """Every status told, by its time; `seconds` since the step before, first since the sending.

    `told_at` is the instant in the step record, or else the packet's second.
    """
    steps: list[Row] = []
    codes: list[str] = []
    before = row["sent_at"]
    for each in sorted(statuses, key=lambda each: (_instant(each), each["version"])):
        at = _instant(each)
        seconds = None if before is None else (at - before).total_seconds()
        steps.append(
            {
                **_label(each["status_code"]),
                "agency": _teller(each) or agency,
                "unit": each["unit"] or None,
                "handler": member(read_text(blobs, each["staff"]), "full_name") or None,
                "note": member(read_text(blobs, each["note"]), "note") or None,
                "told_at": at,
                "received_at": each["received_at"],
                "seconds": None if seconds is None else max(round(seconds, 3), 0),
                "envelope": _envelope(each),
                "permitted": permitted(codes, each["status_code"]),
            }
        )
        codes.append(each["status_code"])
        before = at
    return steps


def _teller(status: Row) -> Row | None:
    """The successor that told the status in the place of its recipient."""
    if status["teller_id"] is None:
        return None
    names = {"code": status["teller_code"], "name": status["teller_name"]}
    return {"agency_id": status["teller_id"], **names}


def _instant(status: Row) -> datetime:
    at: datetime = status["done_at"] or status["told_at"]
    return at


def _label(code: str) -> Row:
    vi, en = LABELS[code]
    return {"code": code, "vi": vi, "en": en}
