"""The trust store over HTTP: one person proposes, another decides."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import rfc8785

from libs.blobs import BlobStore
from libs.db import Database
from libs.eventstore import Context
from libs.messaging.read_after import token
from libs.observability import correlation_id
from libs.web.api import Api
from libs.web.call import Call, Reply
from libs.web.commands import StoredReply
from libs.web.problems import not_found
from services.signatures import queries, schemas
from services.signatures.bundles import Bundle, described, read_pem
from services.signatures.commands import ApproveTrust, ProposeTrust, RejectTrust
from services.signatures.errors import PersonNeeded
from services.signatures.trust_orders import bring_list, handle

LARGEST_LIST = 10 * 1024 * 1024
LARGEST_BUNDLE = 8 * 1024 * 1024
CERTIFICATES = "certificates"
VERSION = "/v1/trust/versions/<uuid:version_id>"


def add_trust(api: Api, database: Database, blobs: BlobStore) -> None:
    """The routes of the trust store."""
    _proposing(api, blobs)
    _deciding(api, blobs)
    _look_ups(api, database, blobs)


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


def _look_ups(api: Api, database: Database, blobs: BlobStore) -> None:
    @api.query("/v1/trust", "signatures.read_trust")
    def show_trust(_call: Call) -> Reply:
        """The version in use, every proposal, and published lists that were not taken."""
        with database.unit() as unit:
            versions = queries.trust_versions(unit.connection)
            refused = queries.refused_lists(unit.connection)
        approved = [row for row in versions if row["state"] == "approved"]
        newest = max(approved, key=lambda row: row["number"], default=None)
        return Reply(
            body={
                "version": newest["version"] if newest else None,
                "number": newest["number"] if newest else 0,
                "versions": [_shown(row) for row in versions],
                "refused_lists": [_shown(row) for row in refused],
            }
        )

    @api.query(VERSION, "signatures.read_trust")
    def show_version(call: Call) -> Reply:
        """A proposal with its certificates: what to compare before approving it."""
        with database.unit() as unit:
            row = queries.trust_version_of(unit.connection, call.params["version_id"])
        if row is None:
            raise not_found()
        pem = blobs.read(row["bundle"], limit=LARGEST_BUNDLE)
        return Reply(body={**_shown(row), "certificates": described(pem)})


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


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _text(value) for name, value in row.items()}


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
