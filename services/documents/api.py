"""The documents service over HTTP; everything under the agency that the token names."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid5

from libs.blobs import BlobMissing, BlobStore, open_store
from libs.db import Database, database_of
from libs.service import api_of
from libs.web.api import Api
from libs.web.call import Call, Reply
from libs.web.commands import StoredReply
from libs.web.desk import add_desk
from libs.web.paging import decode_cursor, encode_cursor
from services.documents import handlers, queries, schemas, types, views
from services.documents.answers import agency_of, answer, order_of
from services.documents.api_copies import add_copy_routes
from services.documents.api_trays import add_tray_routes
from services.documents.commands import (
    AgreeRecall,
    ApproveDocument,
    AttachFile,
    DraftDocument,
    RefuseDocument,
    RefuseRecall,
    ReturnDraft,
    ReviewDraft,
    VoidDocument,
)
from services.documents.domain.attachments import LARGEST
from services.documents.domain.incoming import WITHDRAWN
from services.documents.domain.register import INCOMING
from services.documents.errors import (
    DocumentsError,
    DocumentUnknown,
    FileErased,
    NoFile,
    NoReport,
    TypeUnknown,
    WithdrawnDocument,
)
from services.documents.events import Signer
from services.documents.settings import Settings
from services.documents.texts import put_text
from services.documents.uploads import keep_file

DOCUMENT = "/v1/documents/<uuid:document_id>"


def build_api(settings: Settings) -> Api:
    """The API with all its parts."""
    api = api_of("documents", settings, DocumentsError)
    database = database_of(settings.database_url, "documents")
    add_routes(api, database, open_store(settings.blob_url))
    return api


def add_routes(api: Api, database: Database, blobs: BlobStore) -> None:
    """All routes of the service."""
    _drafting(api, blobs)
    _steps(api, blobs)
    _arrivals(api, blobs)
    _recalls(api, blobs)
    add_look_ups(api, database, blobs)
    _files(api, database, blobs)
    add_desk(api, "/v1/desk/documents", database, blobs)
    add_tray_routes(api, database, blobs)
    add_copy_routes(api, database, blobs)


def _drafting(api: Api, blobs: BlobStore) -> None:
    def keep_text(call: Call) -> str:
        return put_text(blobs, _text(call))

    @api.command("/v1/documents", "documents.draft", body=schemas.DraftBody, prepare=keep_text)
    def draft_document(call: Call) -> Reply:
        """Write a draft (dự thảo)."""
        body, agency_id = call.body, agency_of(call)
        cosigners = tuple(Signer(**each) for each in body["cosigners"])
        agencies = [agency_id, *(each.agency_id for each in cosigners)]
        code, unit_sign = body["type_code"], body["unit_sign"]
        if code in types.COPIES:
            raise TypeUnknown  # a copy is made of a document
        command = DraftDocument(
            document_id=uuid5(call.command_id, "document"),
            agency_id=agency_id,
            notation=handlers.sign_of(call.unit, agencies, code, unit_sign),
            type_code=types.document_type(code).code,
            text=call.prepared,
            urgency=body["urgency"],
            signer_id=body["signer_id"],
            signer_position_id=body["signer_position_id"],
            recipients=tuple(dict.fromkeys(body["recipients"])),
            answers=body["answers"],
            carries_out=body["carries_out"],
            updates=body["updates"],
            replaces=body["replaces"],
            cosigners=cosigners,
        )
        done = handlers.draft(call.unit, order_of(call), command, body["subject"])
        return answer(call, done, status=201)

    @api.command(
        f"{DOCUMENT}/text",
        "documents.revise",
        body=schemas.TextBody,
        method="PUT",
        prepare=keep_text,
    )
    def revise_draft(call: Call) -> Reply:
        """Replace the draft's text."""
        text, document_id = call.prepared, call.params["document_id"]
        subject = call.body["subject"]
        return answer(call, handlers.revise(call.unit, order_of(call), document_id, text, subject))

    @api.command(f"{DOCUMENT}/review", "documents.review")
    def review_draft(call: Call) -> Reply:
        """Find the draft ready for the leader (thẩm tra)."""
        return _change(call, ReviewDraft())

    @api.command(
        f"{DOCUMENT}/return",
        "documents.return",
        body=schemas.NoteBody,
        prepare=_note_keeper(blobs),
    )
    def return_draft(call: Call) -> Reply:
        """Send the draft back to its author; a cosigner's agency may, when it is its turn."""
        return _change(call, ReturnDraft(call.prepared, agency_of(call)))


def _steps(api: Api, blobs: BlobStore) -> None:
    @api.command(f"{DOCUMENT}/approve", "documents.approve", body=schemas.ApproveBody)
    def approve_document(call: Call) -> Reply:
        """Approve and sign: only the signer named in the draft, then each cosigner (ký)."""
        who, own_device = call.principal, call.body["own_device"]
        order = uuid5(call.command_id, "signing")
        command = ApproveDocument(who.subject, who.position, own_device, signing_id=order)
        return _change(call, command)

    @api.command(f"{DOCUMENT}/issue", "documents.issue")
    def issue_document(call: Call) -> Reply:
        """Number, seal and issue (cấp số, đóng dấu, phát hành)."""
        return answer(call, handlers.issue(call.unit, order_of(call), call.params["document_id"]))

    @api.command(f"{DOCUMENT}/seal", "documents.issue")
    def seal_document(call: Call) -> Reply:
        """Seal a joint document as a further agency of it (đóng dấu văn bản liên tịch)."""
        return answer(call, handlers.seal(call.unit, order_of(call), call.params["document_id"]))

    @api.command(
        f"{DOCUMENT}/void",
        "documents.void",
        body=schemas.NoteBody,
        prepare=_note_keeper(blobs),
    )
    def void_document(call: Call) -> Reply:
        """Abandon the document; a number that it has stays taken (hủy)."""
        command = VoidDocument(call.prepared)
        document_id = call.params["document_id"]
        return answer(call, handlers.void(call.unit, order_of(call), document_id, command))


def _arrivals(api: Api, blobs: BlobStore) -> None:
    @api.command(f"{DOCUMENT}/accept", "documents.accept")
    def accept_document(call: Call) -> Reply:
        """Accept the incoming document and enter it in the register (tiếp nhận, vào sổ)."""
        return answer(call, handlers.accept(call.unit, order_of(call), call.params["document_id"]))

    @api.command(
        f"{DOCUMENT}/refuse",
        "documents.refuse",
        body=schemas.RefusalBody,
        prepare=_note_keeper(blobs),
    )
    def refuse_document(call: Call) -> Reply:
        """Refuse the incoming document, with the reason (từ chối tiếp nhận)."""
        command = RefuseDocument(call.body["reason_code"], call.prepared)
        document_id = call.params["document_id"]
        return answer(call, handlers.refuse(call.unit, order_of(call), document_id, command))


def _recalls(api: Api, blobs: BlobStore) -> None:
    @api.command(f"{DOCUMENT}/agree-recall", "documents.answer_recall")
    def agree_recall(call: Call) -> Reply:
        """Give the incoming document back to its sender (đồng ý lấy lại)."""
        return _answer(call, AgreeRecall(call.unit.now))

    @api.command(
        f"{DOCUMENT}/refuse-recall",
        "documents.answer_recall",
        body=schemas.NoteBody,
        prepare=_note_keeper(blobs),
    )
    def refuse_recall(call: Call) -> Reply:
        """Keep the incoming document, with the reason (từ chối lấy lại)."""
        return _answer(call, RefuseRecall(call.prepared, call.unit.now))


def add_look_ups(api: Api, database: Database, blobs: BlobStore) -> None:
    """The questions about documents and registers, asked of read models of today or of the past."""

    @api.query("/v1/documents", "documents.read", args=schemas.ListArgs)
    def list_documents(call: Call) -> Reply:
        """The agency's documents, newest first."""
        args, agency_id = call.args, agency_of(call)
        after = (
            decode_cursor(args["cursor"], {"tx": int, "position": int}) if args["cursor"] else {}
        )
        with database.snapshot() as unit:
            rows = queries.documents(
                unit.connection,
                agency_id,
                direction=args["direction"],
                state=args["state"],
                after=(after["tx"], after["position"]) if after else None,
                limit=args["limit"],
            )
        full = len(rows) == args["limit"]
        last = {name: rows[-1][name] for name in ("tx", "position")} if full else None
        documents = [views.line(row, blobs) for row in rows]
        return Reply(body={"documents": documents, "next": encode_cursor(last) if last else None})

    @api.query(DOCUMENT, "documents.read")
    def show_document(call: Call) -> Reply:
        """One document; its ETag is the version that If-Match takes."""
        with database.snapshot() as unit:
            row = _row(call, unit.connection)
            agencies = tuple(filter(None, [*row["recipients"], row["sender_id"]]))
            names = queries.known_agencies(unit.connection, agencies)
        return Reply(body=views.detail(row, names, blobs), etag=row["version"])

    @api.query("/v1/registers", "documents.read_register", args=schemas.RegisterArgs)
    def show_register(call: Call) -> Reply:
        """A register of the agency: the columns of Decree 30/2020 (sổ đăng ký văn bản)."""
        args, agency_id = call.args, agency_of(call)
        after = decode_cursor(args["cursor"], {"after": int})["after"] if args["cursor"] else 0
        series = args["series"]
        with database.snapshot() as unit:
            rows = queries.register(
                unit.connection, agency_id, args["year"], series, after, args["limit"]
            )
            recipients = tuple({each for row in rows for each in row["recipients"]})
            names = queries.known_agencies(unit.connection, recipients)
        if series == INCOMING:
            entries = [views.incoming_entry(row, blobs) for row in rows]
        else:
            entries = [views.outgoing_entry(row, names, blobs) for row in rows]
        full = len(rows) == args["limit"]
        following = encode_cursor({"after": rows[-1]["line"]}) if full else None
        head = {"year": args["year"], "series": series}
        return Reply(body={**head, "entries": entries, "next": following})


def _files(api: Api, database: Database, blobs: BlobStore) -> None:
    @api.upload(f"{DOCUMENT}/attachments", "documents.attach", LARGEST, args=schemas.AttachmentArgs)
    def attach_file(call: Call) -> StoredReply:
        """Attach the file in the body to the draft (đính kèm tài liệu)."""
        assert call.upload is not None
        file = keep_file(call.upload, call.args["name"], blobs)
        what = {"digest": file.digest, "name": file.name}
        return call.upload.commit(what, lambda ready: _change(ready, AttachFile(file)))

    @api.query(f"{DOCUMENT}/file", "documents.read", args=schemas.FileArgs)
    def get_file(call: Call) -> Reply:
        """A file of the document, checked against its digest before the first byte goes out."""
        with database.snapshot() as unit:
            row = _kept(call, unit.connection)
        found, index = views.files(row), call.args["index"]
        if index is None:
            found, index = [file for file in found if file["main"]], 0
        if index >= len(found):
            raise NoFile
        file = found[index]
        content = _read(blobs, file["digest"])
        # What a sender says of his file is not repeated: the bytes tell.
        kind = views.PDF if content.startswith(b"%PDF-") else "application/octet-stream"
        return _bytes(content, kind, file["digest"], file["name"])

    @api.query(f"{DOCUMENT}/report", "documents.read")
    def get_report(call: Call) -> Reply:
        """The validation report of an incoming document's main file."""
        with database.snapshot() as unit:
            digest = _kept(call, unit.connection)["report"]
        if digest is None:
            raise NoReport
        return _bytes(_read(blobs, digest), "application/json", digest, "report.json")


def _note_keeper(blobs: BlobStore) -> Callable[[Call], str]:
    return lambda call: put_text(blobs, {"note": call.body["note"]})


def _text(call: Call) -> dict[str, Any]:
    return {name: call.body[name] for name in ("subject", "summary", "paragraphs", "addressees")}


def _change(call: Call, command: handlers.OutgoingOrder) -> Reply:
    document_id = call.params["document_id"]
    return answer(call, handlers.change(call.unit, order_of(call), document_id, command))


def _answer(call: Call, command: AgreeRecall | RefuseRecall) -> Reply:
    document_id = call.params["document_id"]
    return answer(call, handlers.answer_recall(call.unit, order_of(call), document_id, command))


def _row(call: Call, connection: Any) -> dict[str, Any]:
    row = queries.one_document(connection, call.params["document_id"])
    if row is None or call.principal.agency not in map(str, row["participants"]):
        raise DocumentUnknown
    return row


def _kept(call: Call, connection: Any) -> dict[str, Any]:
    """The document's row; what was given back to its sender is not handed out."""
    row = _row(call, connection)
    if row["state"] == WITHDRAWN:
        raise WithdrawnDocument
    return row


def _read(blobs: BlobStore, digest: str) -> bytes:
    try:
        return blobs.read(digest)
    except BlobMissing as error:
        raise FileErased from error


def _bytes(content: bytes, kind: str, digest: str, name: str) -> Reply:
    headers = {
        "Content-Type": kind,
        "Content-Length": str(len(content)),
        "ETag": f'"{digest}"',
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name[:200], safe='')}",
    }
    return Reply(content=[content], headers=headers)
