"""The signatures service over HTTP: what was signed, and what was found of a file."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.blobs import BlobStore, open_store
from libs.db import Database, database_of
from libs.service import api_of
from libs.web.api import Api
from libs.web.call import Call, Reply
from libs.web.problems import not_found
from services.signatures import queries
from services.signatures.errors import EvidencePending, SignaturesError
from services.signatures.settings import Settings
from services.signatures.trust_api import add_trust

LARGEST_REPORT = 4 * 1024 * 1024
LARGEST_KEPT = 64 * 1024 * 1024


def build_api(settings: Settings) -> Api:
    """All routes of the service."""
    api = api_of("signatures", settings, SignaturesError)
    database = database_of(settings.database_url, "signatures")
    blobs = open_store(settings.blob_url)

    @api.query("/v1/signings/<uuid:document_id>", "signatures.read")
    def list_signatures(call: Call) -> Reply:
        """The signatures made on one of the agency's documents."""
        with database.unit() as unit:
            rows = queries.signatures_of(unit.connection, call.params["document_id"])
        if not rows:
            raise not_found()
        call.require_agency(rows[0]["agency_id"])
        return Reply(body={"signatures": [_shown(row) for row in rows]})

    @api.query("/v1/validations/<uuid:validation_id>", "signatures.read")
    def show_validation(call: Call) -> Reply:
        """A verdict with its whole report."""
        with database.unit() as unit:
            row = queries.validation_of(unit.connection, call.params["validation_id"])
        if row is None:
            raise not_found()
        call.require_agency(row["agency_id"])
        report = json.loads(blobs.read(row["report"], limit=LARGEST_REPORT))
        return Reply(body={**_shown(row), "report": report})

    @api.query("/v1/validations/<uuid:validation_id>/signed", "signatures.read")
    def get_signed_report(call: Call) -> Reply:
        """The report as the service signed it: a JWS whose payload is the report."""
        return _report(call, database, blobs, "signed_report", "application/jose")

    @api.query("/v1/validations/<uuid:validation_id>/xml", "signatures.read")
    def get_xml_report(call: Call) -> Reply:
        """The report by ETSI TS 119 102-2, signed by the service (XAdES)."""
        return _report(call, database, blobs, "xml_report", "application/xml")

    _archive(api, database, blobs)
    add_trust(api, database, blobs)
    return api


def _report(
    call: Call, database: Database, blobs: BlobStore, form: str, content_type: str
) -> Reply:
    with database.unit() as unit:
        row = queries.validation_of(unit.connection, call.params["validation_id"])
    if row is None or not row[form]:
        raise not_found()
    call.require_agency(row["agency_id"])
    content = blobs.read(row[form], limit=LARGEST_REPORT * 4)
    headers = {
        "Content-Type": content_type,
        "Content-Length": str(len(content)),
        "ETag": f'"{row[form]}"',
    }
    return Reply(content=[content], headers=headers)


def _archive(api: Api, database: Database, blobs: BlobStore) -> None:
    @api.query("/v1/evidence", "signatures.backlog")
    def show_backlog(call: Call) -> Reply:
        """What is still to come: evidence of files, pending verdicts, renewals that are due."""
        with database.unit() as unit:
            found = queries.backlog(unit.connection, call.now)
        body = {
            what: {"waiting": number, "since": _text(since)}
            for what, (number, since) in found.items()
        }
        return Reply(body=body)

    @api.query("/v1/evidence/<uuid:document_id>", "signatures.read")
    def show_evidence(call: Call) -> Reply:
        """What keeps the signatures of one of the agency's documents believable, until when."""
        return Reply(body=_shown(_kept(call, database)))

    @api.query("/v1/evidence/<uuid:document_id>/file", "signatures.read")
    def get_evidence(call: Call) -> Reply:
        """The document's file with its evidence, as its archive keeps it."""
        return _evidence_file(_kept(call, database), blobs)

    @api.query("/v1/archive/<uuid:document_id>", "signatures.archive")
    def get_archived(call: Call) -> Reply:
        """The file with its evidence of any agency's document, for auditors."""
        return _evidence_file(_kept(call, database), blobs)


def _kept(call: Call, database: Database) -> dict[str, Any]:
    with database.unit() as unit:
        row = queries.evidence_of(unit.connection, call.params["document_id"])
    if row is None:
        raise not_found()
    call.require_agency(row["agency_id"])
    return row


def _evidence_file(row: dict[str, Any], blobs: BlobStore) -> Reply:
    if row["evidence"] is None:
        raise EvidencePending
    content = blobs.read(row["evidence"], limit=LARGEST_KEPT)
    headers = {
        "Content-Type": "application/pdf",
        "Content-Length": str(len(content)),
        "ETag": f'"{row["evidence"]}"',
        "Content-Disposition": f'attachment; filename="{row["document_id"]}.pdf"',
    }
    return Reply(content=[content], headers=headers)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, value in row.items():
        if name != "position":
            shown[name] = _text(value)
    return shown


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
