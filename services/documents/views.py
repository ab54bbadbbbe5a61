"""Documents and registers as HTTP shows them: rows of the read models, and text out of blobs."""

from typing import Any
from uuid import UUID

from libs.blobs import BlobStore
from services.documents.domain.incoming import (
    FAILED,
    LONGEST_NOTE,
    REPLACED,
    VERIFIED,
    WITHDRAWN,
)
from services.documents.domain.register import OUTGOING
from services.documents.reasons import sentences
from services.documents.texts import read_text

PDF = "application/pdf"
_LINE = (
    "document_id",
    "direction",
    "state",
    "version",
    "type_code",
    "type_name",
    "code",
    "number",
    "arrival_number",
    "issued_on",
    "accepted_on",
    "urgency",
    "sender_id",
    "verdict",
    "verdict_pending",
    "verdict_before",
    "verdict_at",
    "recall_asked_at",
    "replaced_by",
    "opened_at",
    "changed_at",
)
_DETAIL = (
    "foreign_id",
    "signer_id",
    "signer_position_id",
    "answers",
    "carries_out",
    "updates",
    "replaces",
    "business",
    "took_the_place_of",
    "reason_code",
    "copy_of",
)

# What a register says of a line whose document is no longer in force (cột ghi chú).
_NOTES = {WITHDRAWN: "Bên gửi đã lấy lại", REPLACED: "Đã được cập nhật, thay thế"}

Row = dict[str, Any]


def line(row: Row, blobs: BlobStore) -> Row:
    """A document in a list. An arrival's subject is read from its text, which may be erased."""
    subject = row["subject"] or _text(row, blobs).get("subject")
    return {**{name: row[name] for name in _LINE}, "subject": subject}


def detail(row: Row, names: dict[UUID, str], blobs: BlobStore) -> Row:
    """A document in full; `names` are those of the agencies in it."""
    text = _text(row, blobs)
    return {
        **{name: row[name] for name in (*_LINE, *_DETAIL)},
        "subject": text.get("subject"),
        "signers": _signers(row),
        "text": text,
        "files": files(row),
        "sender_name": names.get(row["sender_id"]),
        "recipients": [{"agency_id": each, "name": names.get(each)} for each in row["recipients"]],
        "note": read_text(blobs, row["note"]).get("note"),
        **sentences(row["reason_code"] if row["direction"] == OUTGOING else None),
        "has_report": row["report"] is not None,
        "recall_note": read_text(blobs, row["recall_note"]).get("note"),
        "prepared_refusal": prepared_refusal(row, blobs),
    }


def _signers(row: Row) -> list[Row]:
    """Who signs, in order, and who has."""
    return [
        {**signer, "signed": number < row["signatures"]}
        for number, signer in enumerate(row["signers"])
    ]


def _text(row: Row, blobs: BlobStore) -> Row:
    """The document's text; none of one that was given back to its sender."""
    return {} if row["state"] == WITHDRAWN else read_text(blobs, row["text"])


def prepared_refusal(row: Row, blobs: BlobStore) -> Row | None:
    """The refusal (02) that a clerk only has to confirm, for an arrival whose check failed.

    It is a body for the refuse command; the note says what the report found, in Vietnamese.
    """
    if row["state"] != VERIFIED or row["verdict"] != FAILED:
        return None
    if not row["files"]:
        return {"reason_code": "missing_file", "note": "Gói tin không có tệp văn bản."}
    reasons = read_text(blobs, row["report"]).get("reasons", [])
    found = list(dict.fromkeys(str(reason["vi"]) for reason in reasons))
    note = " ".join(found) or "Kiểm tra chữ ký số: không hợp lệ."
    return {"reason_code": "bad_signature", "note": note[:LONGEST_NOTE]}


def files(row: Row) -> list[Row]:
    """The document's files, the main one marked; an outgoing one has its newest PDF first."""
    found = [] if row["state"] == WITHDRAWN else row["files"]
    if row["direction"] == OUTGOING and row["file"]:
        name = f"{row['code'] or row['document_id']}.pdf".replace("/", "-")
        found = [{"name": name, "content_type": PDF, "digest": row["file"]}, *found]
    return [{**file, "main": file["digest"] == row["file"]} for file in found]


def outgoing_entry(row: Row, names: dict[UUID, str], blobs: BlobStore) -> Row:
    """A line of the outgoing register: the ten columns of Decree 30/2020, Annex IV.

    Copies, transfer and signature of receipt belong to paper: they stay empty.
    """
    return {
        **_entry(row, blobs),
        "signer": read_text(blobs, row["card"]).get("full_name"),
        "recipients": [names.get(each) for each in row["recipients"]],
        "kept_by": row["author"],
        "copies": None,
    }


def incoming_entry(row: Row, blobs: BlobStore) -> Row:
    """A line of the incoming register: the ten columns of Decree 30/2020, Annex IV.

    Who handles the document is the workflow's to tell; transfer and receipt belong to paper.
    """
    return {
        **_entry(row, blobs),
        "arrived_on": row["accepted_on"],
        "arrival_number": row["line"],
        "author": row["author"],
        "handled_by": None,
    }


def _entry(row: Row, blobs: BlobStore) -> Row:
    subject = row["subject"] or _text(row, blobs).get("subject")
    return {
        "document_id": row["document_id"],
        "number": row["line"],
        "code": row["code"],
        "issued_on": row["issued_on"],
        "type_name": row["type_name"],
        "subject": subject,
        "transferred_on": None,
        "received_by": None,
        "note": "Hủy" if row["void"] else _NOTES.get(row["state"]),
    }
