"""Copies over HTTP: sao y, sao lục, trích sao of a document that the agency has."""

from uuid import uuid5

from libs.blobs import BlobStore
from libs.db import Database
from libs.web.api import Api
from libs.web.call import Call, Reply
from services.documents import handlers, queries, schemas, types
from services.documents.answers import agency_of, answer, order_of
from services.documents.commands import DraftDocument
from services.documents.domain.copies import EXTRACT
from services.documents.errors import DocumentUnknown
from services.documents.texts import put_text, read_text

LONGEST_SUBJECT = 500


def add_copy_routes(api: Api, database: Database, blobs: BlobStore) -> None:
    """The route of copies."""

    def keep_text(call: Call) -> str:
        """The copy's text: it names what it is a copy of."""
        with database.unit() as unit:
            row = queries.one_document(unit.connection, call.params["document_id"])
        if row is None or str(row["agency_id"]) != call.principal.agency:
            raise DocumentUnknown
        subject = row["subject"] or read_text(blobs, row["text"]).get("subject", "")
        name = types.COPIES[call.body["form"]].name
        told = f"{name} {row['type_name']} {row['code'] or ''}: {subject}"
        words = {"summary": "", "paragraphs": call.body["paragraphs"], "addressees": []}
        return put_text(blobs, {"subject": told[:LONGEST_SUBJECT], **words})

    @api.command(
        "/v1/documents/<uuid:document_id>/copies",
        "documents.copy",
        body=schemas.CopyBody,
        prepare=keep_text,
    )
    def copy_document(call: Call) -> Reply:
        """Draft a copy (sao y, sao lục) or an extract (trích sao) of a document."""
        body, agency_id, order = call.body, agency_of(call), order_of(call)
        form, source_id = body["form"], call.params["document_id"]
        source = handlers.copy_source(call.unit, order, source_id, form)
        whole = form != EXTRACT
        command = DraftDocument(
            document_id=uuid5(call.command_id, "document"),
            agency_id=agency_id,
            notation=handlers.sign_of(call.unit, [agency_id], form, ""),
            type_code=form,
            text=call.prepared,
            urgency=body["urgency"],
            signer_id=body["signer_id"],
            signer_position_id=body["signer_position_id"],
            recipients=tuple(dict.fromkeys(body["recipients"])),
            copy_of=source_id,
            copy_file=source.file if whole else "",
            copy_pages=source.pages if whole else 0,
        )
        subject = read_text(blobs, call.prepared)["subject"]
        return answer(call, handlers.draft(call.unit, order, command, subject), status=201)
