"""Signing by the signer's own device over HTTP: give the file out, take what comes back.

The addresses of `/v1/device-files` need no token, for a plug-in has none: their random secret was
given to the signer alone, is kept as a hash, and is good once, for ten minutes. What is handed in
counts only when it is the same file with one new signature by the signer's own certificate.
"""

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import quote

from libs.blobs import BlobStore
from libs.db import Database
from libs.messaging.read_after import token
from libs.signing_reasons import sentences
from libs.web.api import Api
from libs.web.call import Call, Reply
from libs.web.problems import not_found
from services.signatures import addresses, devices, queries, schemas
from services.signatures.devices import Addresses, Asker
from services.signatures.domain.orders import DIGEST, Order
from services.signatures.errors import CertificateEnded, CertificateUnknown, NotTheSigner

SIGNINGS = "/v1/device-signings"
FILES = "/v1/device-files/<uuid:signing_id>/<secret>"
LARGEST_FILE = 50 * 1024 * 1024  # as of a file in a packet
PDF, VALUE = "application/pdf", "application/octet-stream"


def add_device_routes(api: Api, database: Database, blobs: BlobStore) -> None:
    """The routes of signing by device."""
    _signings(api, database)
    _files(api, database, blobs)


def _signings(api: Api, database: Database) -> None:
    @api.query(SIGNINGS, "signatures.sign")
    def list_device_signings(call: Call) -> Reply:
        """What waits for a signature by the caller's own device."""
        who = call.principal
        with database.snapshot() as unit:
            rows = queries.device_signings(unit.connection, who.subject)
        mine = [row for row in rows if str(row["agency_id"]) == who.agency]
        return Reply(body={"signings": [_shown(row) for row in mine]})

    @api.query(f"{SIGNINGS}/<uuid:signing_id>", "signatures.sign")
    def show_device_signing(call: Call) -> Reply:
        """One of them: how far it is, and what a device is to sign once that is made."""
        with database.snapshot() as unit:
            row = queries.device_signing_of(unit.connection, call.params["signing_id"])
        if row is None:
            raise not_found()
        call.require_agency(row["agency_id"])
        if str(row["signer_id"]) != call.principal.subject:
            raise NotTheSigner
        return Reply(body={**_shown(row), "to_sign": _to_sign(row["prepared"])})

    @api.command(
        f"{SIGNINGS}/<uuid:signing_id>/prepare", "signatures.sign", body=schemas.PrepareBody
    )
    def prepare_device_signing(call: Call) -> Reply:
        """Get one-time addresses: where to fetch the file, and where to hand in what is signed."""
        signing_id, means = call.params["signing_id"], call.body["means"]
        loaded = devices.load(call.unit, signing_id)
        opened = loaded.order.opened
        if opened is None:
            raise not_found()
        call.require_agency(opened.agency_id)
        _check_certificate(call, loaded.order)
        who = call.principal
        asker = Asker(call.command_id, who.subject, who.handler, who.behalf)
        made = Addresses(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
        certificate = call.body["certificate"]
        done = devices.prepare(call.unit, asker, loaded, means, certificate, made)
        path = f"/v1/device-files/{signing_id}/"
        once = {"hand_in": path + made.hand_in}
        if means != DIGEST:
            once["fetch"] = path + made.fetch
        body = {
            "signing_id": signing_id,
            "means": means,
            "file_sha256": opened.file,
            "place": vars(opened.box),
            "expires_at": min(call.unit.now + devices.ADDRESS_TIME, opened.expires_at),
        }
        return Reply(201, body, read_after=token(call.unit.store, done), once=once)


def _files(api: Api, database: Database, blobs: BlobStore) -> None:
    @api.open(FILES)
    def fetch_file_to_sign(call: Call) -> Reply:
        """The file to sign, once."""
        signing_id, secret = call.params["signing_id"], call.params["secret"]
        with database.unit() as unit:
            addresses.check(unit, signing_id, addresses.FETCH, secret)
            opened = devices.load(unit, signing_id).order.opened
        assert opened is not None
        content = blobs.read(opened.file, limit=LARGEST_FILE)
        with database.unit() as unit:
            addresses.check(unit, signing_id, addresses.FETCH, secret)
            addresses.use(unit, signing_id, addresses.FETCH)
        name = quote(f"{opened.document_id}.pdf")
        headers = {
            "Content-Type": PDF,
            "Content-Length": str(len(content)),
            "Content-Disposition": f"attachment; filename={name}",
        }
        return Reply(content=[content], headers=headers)

    @api.handing_in(FILES, LARGEST_FILE, content_types=(PDF, VALUE))
    def hand_in_signature(call: Call) -> Reply:
        """The signed file, or the signature of the digest: once; it is checked by a job."""
        assert call.upload is not None
        signing_id, secret = call.params["signing_id"], call.params["secret"]
        with database.unit() as unit:  # a stranger's body is not even read
            addresses.check(unit, signing_id, addresses.HAND_IN, secret)
        writer = blobs.writer(limit=LARGEST_FILE)
        try:
            for piece in call.upload.stream:
                writer.write(piece)
            returned = writer.commit()
        finally:
            writer.abort()
        with database.unit() as unit:
            addresses.check(unit, signing_id, addresses.HAND_IN, secret)
            devices.take(unit, signing_id, returned.digest)
        return Reply(202, {"signing_id": signing_id, "state": "returned"})


def _check_certificate(call: Call, order: Order) -> None:
    """Only what the directory has entered for the signer will be taken when it comes back."""
    assert order.opened is not None
    known = queries.leader_certificates(call.unit.connection, order.opened.signer_id)
    der = base64.b64decode(call.body["certificate"])
    named = hashlib.sha256(der).hexdigest() if der else ""
    if not known or (named and named not in known):
        raise CertificateUnknown
    if named and queries.what_ended(call.unit.connection, {named}):
        raise CertificateEnded


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    names = ("signing_id", "document_id", "state", "means", "opened_at", "expires_at")
    vi, en = sentences(row["reason_code"]) if row["reason_code"] else (None, None)
    reason = {"reason_code": row["reason_code"], "reason_vi": vi, "reason_en": en}
    return {**{name: row[name] for name in names}, **reason}


def _to_sign(prepared: dict[str, Any] | None) -> dict[str, str] | None:
    """What the device signs: RSA PKCS #1 v1.5 or ECDSA (DER), with SHA-256, over `content`."""
    if prepared is None:
        return None
    content = base64.b64decode(prepared["to_sign"])
    return {
        "content": prepared["to_sign"],
        "sha256": hashlib.sha256(content).hexdigest(),
        "algorithm": "SHA-256",
    }
