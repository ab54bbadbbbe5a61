"""The signatures service over HTTP: what was signed, and what was found of a file."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import rfc8785

from libs.blobs import BlobStore, open_store
from libs.db import Database, database_of
from libs.eventstore import Context
from libs.messaging.read_after import token
from libs.observability import correlation_id
from libs.service import api_of
from libs.web.api import Api
from libs.web.call import Call, Reply
from libs.web.commands import StoredReply
from libs.web.desk import add_desk
from libs.web.problems import not_found
from services.signatures import queries, schemas
from services.signatures.api_devices import add_device_routes
from services.signatures.bundles import Bundle, described, read_pem
from services.signatures.commands import ApproveTrust, ProposeTrust, RejectTrust
from services.signatures.consultations import record
from services.signatures.domain.trust import in_use, version_of
from services.signatures.errors import (
    EvidencePending,
    EvidenceWasRefused,
    PersonNeeded,
    SignaturesError,
)
from services.signatures.events import TrustVersionProposed
from services.signatures.settings import Settings
from services.signatures.trust_orders import bring_list, handle

LARGEST_REPORT = 4 * 1024 * 1024
LARGEST_KEPT = 64 * 1024 * 1024
LARGEST_LIST = 10 * 1024 * 1024
LARGEST_BUNDLE = 8 * 1024 * 1024
CERTIFICATES = "certificates"
VERSION = "/v1/trust/versions/<uuid:version_id>"


def build_api(settings: Settings) -> Api:
    """The API with all its parts."""
    api = api_of("signatures", settings, SignaturesError)
    add_routes(api, database_of(settings.database_url, "signatures"), open_store(settings.blob_url))
    return api


def add_routes(api: Api, database: Database, blobs: BlobStore) -> None:
    """All routes of the service."""
    add_device_routes(api, database, blobs)

    @api.query("/v1/signings/<uuid:document_id>", "signatures.read")
    def list_signatures(call: Call) -> Reply:
        """The signatures made on one of the agency's documents."""
        with database.snapshot() as unit:
            rows = queries.signatures_of(unit.connection, call.params["document_id"])
        if not rows:
            raise not_found()
        call.require_agency(rows[0]["agency_id"])
        return Reply(body={"signatures": [_shown(row) for row in rows]})

    @api.query("/v1/validations/<uuid:validation_id>", "signatures.read")
    def show_validation(call: Call) -> Reply:
        """A verdict with its whole report."""
        with database.snapshot() as unit:
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
    _proposing(api, blobs)
    _deciding(api, blobs)
    _trusted(api, database, blobs)
    add_desk(api, "/v1/desk/signatures", database, blobs)


def _report(
    call: Call, database: Database, blobs: BlobStore, form: str, content_type: str
) -> Reply:
    with database.snapshot() as unit:
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
        with database.snapshot() as unit:
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
        """The file with its evidence of any agency's document, for auditors: a recorded look."""
        row = _kept(call, database)
        reply = _evidence_file(row, blobs)
        with database.unit() as unit:
            record(unit, call.principal, row)
        return reply


def _kept(call: Call, database: Database) -> dict[str, Any]:
    with database.snapshot() as unit:
        row = queries.evidence_of(unit.connection, call.params["document_id"])
    if row is None:
        raise not_found()
    call.require_agency(row["agency_id"])
    return row


def _evidence_file(row: dict[str, Any], blobs: BlobStore) -> Reply:
    if row["evidence"] is None:
        raise EvidenceWasRefused if row["refused"] else EvidencePending
    content = blobs.read(row["evidence"], limit=LARGEST_KEPT)
    headers = {
        "Content-Type": "application/pdf",
        "Content-Length": str(len(content)),
        "ETag": f'"{row["evidence"]}"',
        "Content-Disposition": f'attachment; filename="{row["document_id"]}.pdf"',
    }
    return Reply(content=[content], headers=headers)


def _proposing(api: Api, blobs: BlobStore) -> None:
    def keep_bundle(call: Call) -> Bundle:
        bundle = read_pem(call.body["certificates"])
        blobs.put_bytes(bundle.pem)
        return bundle

    @api.command(
        "/v1/trust/versions",
        "signatures.propose_trust",
        body=schemas.CertificatesBody,
        prepare=keep_bundle,
    )
    def propose_version(call: Call) -> Reply:
        """Propose trusted authorities, to be approved by another person."""
        version_id = uuid5(call.command_id, "trust version")
        version = call.prepared.proposed(version_id, CERTIFICATES, _person(call))
        return _carry_out(call, ProposeTrust(version, call.now), version_id, status=201)

    @api.upload("/v1/trust/lists", "signatures.propose_trust", LARGEST_LIST)
    def propose_list(call: Call) -> StoredReply:
        """Bring a list that a scheme publishes (ETSI TS 119 612); its signature is checked next."""
        assert call.upload is not None
        person, writer = _person(call), blobs.writer(limit=LARGEST_LIST)
        try:
            for piece in call.upload.stream:
                writer.write(piece)
            file = writer.commit().digest
        finally:
            writer.abort()

        def order(ready: Call) -> Reply:
            list_id = uuid5(ready.command_id, "trust list")
            bring_list(ready.unit, list_id, file, person, _context(ready))
            return Reply(202, {"version_id": list_id})

        return call.upload.commit({"digest": file}, order)


def _deciding(api: Api, blobs: BlobStore) -> None:
    @api.command(f"{VERSION}/approve", "signatures.decide_trust")
    def approve_version(call: Call) -> Reply:
        """Trust what another person proposed."""
        version_id = call.params["version_id"]
        return _carry_out(call, ApproveTrust(version_id, _person(call), call.now), version_id)

    @api.command(
        f"{VERSION}/reject",
        "signatures.decide_trust",
        body=schemas.RejectionBody,
        prepare=lambda call: blobs.put_bytes(rfc8785.dumps({"note": call.body["note"]})).digest,
    )
    def reject_version(call: Call) -> Reply:
        """Do not trust what another person proposed, with the reason."""
        version_id = call.params["version_id"]
        return _carry_out(call, RejectTrust(version_id, _person(call), call.prepared), version_id)


def _trusted(api: Api, database: Database, blobs: BlobStore) -> None:
    @api.query("/v1/trust", "signatures.read_trust")
    def show_trust(call: Call) -> Reply:
        """The version in use, every proposal, and published lists that were not taken."""
        with database.snapshot() as unit:
            parts = queries.trust_parts(unit.connection)
            versions = queries.trust_versions(unit.connection)
            refused = queries.refused_lists(unit.connection)
        used = in_use(parts, call.now)
        return Reply(
            body={
                "version": version_of(used) if parts else None,
                "number": max((row["number"] or 0 for row in versions), default=0),
                "versions": [_version_shown(row, used, call.now) for row in versions],
                "refused_lists": [_shown(row) for row in refused],
            }
        )

    @api.query(VERSION, "signatures.read_trust")
    def show_version(call: Call) -> Reply:
        """A proposal with its certificates: what to compare before approving it."""
        with database.snapshot() as unit:
            parts = queries.trust_parts(unit.connection)
            row = queries.trust_version_of(unit.connection, call.params["version_id"])
        if row is None:
            raise not_found()
        pem = blobs.read(row["bundle"], limit=LARGEST_BUNDLE)
        shown = _version_shown(row, in_use(parts, call.now), call.now)
        return Reply(body={**shown, "certificates": described(pem)})


def _person(call: Call) -> UUID:
    if call.principal.kind != "person":
        raise PersonNeeded
    return UUID(call.principal.subject)


def _context(call: Call) -> Context:
    return Context(
        agency=call.principal.agency,
        handler=call.principal.handler,
        behalf=call.principal.behalf,
        occurred_at=call.now,
        trace=call.command_id,
        correlation=correlation_id() or call.command_id,
    )


def _carry_out(
    call: Call,
    command: ProposeTrust | ApproveTrust | RejectTrust,
    version_id: UUID,
    status: int = 200,
) -> Reply:
    appended = handle(command, call.unit, _context(call), call.command_id)
    after = token(call.unit.store, appended) if appended else None
    return Reply(status, {"version_id": version_id}, read_after=after)


def _version_shown(
    row: dict[str, Any], used: Sequence[TrustVersionProposed], at: datetime
) -> dict[str, Any]:
    """A version with whether verdicts trust it; an approved list whose end is over is `ended`."""
    over = row["valid_until"] is not None and row["valid_until"] <= at
    state = "ended" if over and row["state"] == "approved" else row["state"]
    trusted = any(part.version_id == row["version_id"] for part in used)
    return {**_shown(row), "state": state, "in_use": trusted}


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
