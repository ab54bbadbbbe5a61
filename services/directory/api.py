"""The directory over HTTP: entries by the operator, look-ups for all, tokens for machines."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import rfc8785
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from libs.blobs import BlobStore, open_store
from libs.db import Database, Unit, database_of
from libs.eventstore import Context
from libs.messaging.read_after import token
from libs.observability import correlation_id
from libs.service import api_of
from libs.web.api import Api
from libs.web.call import Call, Reply
from libs.web.issuer import LIFE, TokenIssuer
from libs.web.paging import decode_cursor, encode_cursor
from libs.web.problems import not_found
from services.directory import commands, queries, schemas
from services.directory.errors import CertificateUnreadable, ClientRefused, DirectoryError
from services.directory.events import AgencyCode
from services.directory.handlers import handle, keep_secret
from services.directory.secrets import hashed, matches
from services.directory.settings import Settings

# All services below the one base URL, joined when the code is built.
OPENAPI = Path(__file__).resolve().parents[2] / "proto" / "openapi.json"


def build_api(settings: Settings) -> Api:
    """All routes of the directory."""
    api = api_of("directory", settings, DirectoryError)
    database = database_of(settings.database_url, "directory")
    blobs = open_store(settings.blob_url)
    _entries(api, blobs)
    _look_ups(api, database, blobs)
    _tokens(api, database, TokenIssuer(settings.public_url, settings.token_key_file))
    return api


def _entries(api: Api, blobs: BlobStore) -> None:
    @api.command("/v1/agencies", "directory.register", body=schemas.AgencyBody)
    def register_agency(call: Call) -> Reply:
        """Enter an agency."""
        codes = tuple(AgencyCode(**code) for code in call.body["codes"])
        return _carry_out(call, commands.RegisterAgency(**{**call.body, "codes": codes}))

    def keep_card(call: Call) -> str:
        # The salt keeps a short name from being guessed out of the card's digest.
        salt = str(uuid5(call.command_id, "salt"))
        card = {"full_name": call.body["full_name"], "salt": salt}
        return blobs.put_bytes(rfc8785.dumps(card)).digest

    @api.command("/v1/people", "directory.register", body=schemas.PersonBody, prepare=keep_card)
    def register_person(call: Call) -> Reply:
        """Enter a person; the name goes into a card that can be erased."""
        return _carry_out(call, commands.RegisterPerson(call.body["person_id"], call.prepared))

    @api.command("/v1/positions", "directory.register", body=schemas.PositionBody)
    def assign_position(call: Call) -> Reply:
        """Give a person a position."""
        roles = tuple(call.body["roles"])
        return _carry_out(call, commands.AssignPosition(**{**call.body, "roles": roles}))

    @api.command(
        "/v1/certificates",
        "directory.register",
        body=schemas.CertificateBody,
        prepare=lambda call: _certificate(call.body, blobs),
    )
    def register_certificate(call: Call) -> Reply:
        """Enter a certificate; its facts are read from the PEM."""
        return _carry_out(call, call.prepared)

    @api.command(
        "/v1/clients",
        "directory.register",
        body=schemas.ClientBody,
        prepare=lambda call: hashed(call.body["client_secret"]),
    )
    def register_client(call: Call) -> Reply:
        """Give an agency's machine an account; the secret is kept as a hash alone."""
        body = call.body
        keep_secret(call.unit, body["client_id"], call.prepared)
        command = commands.RegisterClient(
            body["client_id"], body["agency_id"], tuple(body["roles"])
        )
        return _carry_out(call, command)


def _carry_out(call: Call, command: Any) -> Reply:
    unit: Unit = call.unit
    context = Context(
        agency=call.principal.agency,
        handler=call.principal.handler,
        behalf=call.principal.behalf,
        occurred_at=call.now,
        trace=call.command_id,
        correlation=correlation_id() or call.command_id,
    )
    appended = handle(command, unit, context, call.command_id)
    if not appended:
        return Reply(200, {"registered": False})
    return Reply(201, {"registered": True}, read_after=token(unit.store, appended))


def _certificate(body: Any, blobs: BlobStore) -> commands.RegisterCertificate:
    try:
        certificate = x509.load_pem_x509_certificate(body["pem"].encode())
    except ValueError as error:
        raise CertificateUnreadable from error
    fingerprint = certificate.fingerprint(SHA256()).hex()
    return commands.RegisterCertificate(
        certificate_id=uuid5(body["owner_id"], fingerprint),
        owner_id=body["owner_id"],
        kind=body["kind"],
        fingerprint=fingerprint,
        file=blobs.put_bytes(body["pem"].encode()).digest,
        valid_from=certificate.not_valid_before_utc.date(),
        valid_to=certificate.not_valid_after_utc.date(),
    )


def _look_ups(api: Api, database: Database, blobs: BlobStore) -> None:
    @api.query("/v1/agencies", "directory.read", args=schemas.PageArgs)
    def list_agencies(call: Call) -> Reply:
        """All agencies, paged."""
        cursor, limit = call.args["cursor"], call.args["limit"]
        after = decode_cursor(cursor, {"after": str})["after"] if cursor else None
        with database.unit() as unit:
            rows = queries.agencies(unit.connection, after, limit)
        following = encode_cursor({"after": str(rows[-1]["agency_id"])}) if rows else None
        body = {"agencies": [_json(row) for row in rows]}
        return Reply(body=body | ({"next": following} if len(rows) == limit else {}))

    @api.query("/v1/agencies/<uuid:agency_id>", "directory.read")
    def show_agency(call: Call) -> Reply:
        """One agency."""
        with database.unit() as unit:
            row = queries.one_agency(unit.connection, call.params["agency_id"])
        if row is None:
            raise not_found()
        return Reply(body=_json(row), etag=row["version"])

    @api.query("/v1/agencies/<uuid:agency_id>/positions", "directory.read")
    def list_positions(call: Call) -> Reply:
        """Who holds which position in an agency."""
        with database.unit() as unit:
            rows = queries.positions_of(unit.connection, call.params["agency_id"])
        return Reply(body={"positions": [_json(_named(row, blobs.read)) for row in rows]})

    @api.query("/v1/certificates/<uuid:owner_id>", "directory.read")
    def list_certificates(call: Call) -> Reply:
        """The certificates of a person or an agency."""
        with database.unit() as unit:
            rows = queries.certificates_of(unit.connection, call.params["owner_id"])
        return Reply(body={"certificates": [_json(row) for row in rows]})


def _tokens(api: Api, database: Database, issuer: TokenIssuer) -> None:
    @api.open("/v1/token", method="POST", form=schemas.TokenForm)
    def give_token(call: Call) -> Reply:
        """A token of five minutes for a machine client (RFC 6749 section 4.4)."""
        with database.unit() as unit:
            client = queries.client_with_secret(unit.connection, call.body["client_id"])
        if not matches(call.body["client_secret"], client) or client is None:
            raise ClientRefused
        access_token = issuer.issue(
            client["client_id"], str(client["agency_id"]), client["roles"], kind="machine"
        )
        body = {"access_token": access_token, "token_type": "Bearer", "expires_in": LIFE}
        return Reply(body=body, headers={"Cache-Control": "no-store"})

    @api.open("/.well-known/openid-configuration")
    def discovery(_call: Call) -> Reply:
        """Where the keys of this service's tokens are."""
        return Reply(body=issuer.discovery(jwks_path="/v1/jwks", token_path="/v1/token"))  # noqa: S106

    @api.open("/v1/openapi.json")
    def whole_description(_call: Call) -> Reply:
        """The OpenAPI of all services together."""
        return Reply(body=json.loads(OPENAPI.read_bytes()))

    @api.open("/v1/jwks")
    def keys(_call: Call) -> Reply:
        """The public keys of this service's tokens."""
        return Reply(body=issuer.jwks())


def _named(row: dict[str, Any], read: Callable[..., bytes]) -> dict[str, Any]:
    card = json.loads(read(row.pop("card")))
    return {**row, "full_name": card["full_name"]}


def _json(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, UUID | date) else value for name, value in row.items()
    }
