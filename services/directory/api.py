"""The directory over HTTP: entries by the operator, look-ups for all, tokens for machines."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from libs.blobs import BlobStore, open_store
from libs.db import Database, Unit, database_of
from libs.eventstore import Context
from libs.messaging.read_after import token
from libs.observability import correlation_id
from libs.service import api_of
from libs.web.api import Api
from libs.web.call import Call, Reply
from libs.web.desk import add_desk
from libs.web.issuer import LIFE, TokenIssuer
from libs.web.paging import decode_cursor, encode_cursor
from libs.web.problems import not_found
from services.directory import certificates, commands, queries, schemas, views
from services.directory.errors import AgencyUnknown, ClientRefused, DirectoryError, NotYet
from services.directory.events import AgencyCode
from services.directory.forecast import expiries
from services.directory.handlers import handle, keep_secret, works_in
from services.directory.secrets import hashed, matches
from services.directory.settings import Settings

# All services below the one base URL, joined when the code is built.
OPENAPI = Path(__file__).resolve().parents[2] / "proto" / "openapi.json"

SUBSCRIBER = "/v1/subscribers/<uuid:owner_id>"
REQUEST = f"{SUBSCRIBER}/requests/<uuid:request_id>"
DEVICE = f"{SUBSCRIBER}/devices/<device>"


def build_api(settings: Settings) -> Api:
    """All routes of the directory."""
    api = api_of("directory", settings, DirectoryError)
    database = database_of(settings.database_url, "directory")
    blobs = open_store(settings.blob_url)
    _entries(api, blobs)
    _requests(api, blobs)
    _devices(api)
    _subscribers(api, database, blobs)
    _survey(api, database, blobs)
    _look_ups(api, database, blobs)
    _tokens(api, database, TokenIssuer(settings.public_url, settings.token_key_file))
    add_desk(api, "/v1/desk/directory", database, blobs)
    return api


def _entries(api: Api, blobs: BlobStore) -> None:
    @api.command("/v1/agencies", "directory.register", body=schemas.AgencyBody)
    def register_agency(call: Call) -> Reply:
        """Enter an agency."""
        codes = tuple(AgencyCode(**code) for code in call.body["codes"])
        return _carry_out(call, commands.RegisterAgency(**{**call.body, "codes": codes}))

    @api.command(
        "/v1/agencies/<uuid:agency_id>/close", "directory.register", body=schemas.CloseBody
    )
    def close_agency(call: Call) -> Reply:
        """Enter that an agency ended (giải thể, sáp nhập), and who takes over its work."""
        reply = _carry_out(call, commands.CloseAgency(call.params["agency_id"], **call.body))
        return replace(reply, status=200, body={"closed": True})

    def keep_card(call: Call) -> str:
        card = {"full_name": call.body["full_name"]}
        return views.put_text(blobs, card, call.command_id)

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
    read = certificates.read(body["pem"])
    file = blobs.put_bytes(body["pem"].encode()).digest
    told = {name: body[name] for name in ("owner_id", "kind", "request_id", "device")}
    return certificates.entry(read, file=file, **told)


def _requests(api: Api, blobs: BlobStore) -> None:
    """Requests to the authority, by form (Decree 68/2024/NĐ-CP)."""

    def keep_form(call: Call) -> str:
        return views.put_text(blobs, views.plain(call.body["details"]), call.command_id)

    def keep_note(call: Call) -> str:
        return views.put_text(blobs, {"note": call.body["note"]}, call.command_id)

    @api.command(
        f"{SUBSCRIBER}/requests",
        "directory.ask_certificates",
        body=schemas.RequestBody,
        prepare=keep_form,
    )
    def file_request(call: Call) -> Reply:
        """Ask for a certificate, its renewal, change or revocation, or a device's recovery."""
        call.require_agency(call.body["agency_id"])
        told = {name: value for name, value in call.body.items() if name != "details"}
        request_id, owner_id = call.command_id, call.params["owner_id"]
        command = commands.FileRequest(
            request_id, owner_id, form=call.prepared, filed_on=_today(call), **told
        )
        reply = _carry_out(call, command)
        return replace(reply, body={"request_id": str(request_id)})

    @api.command(f"{REQUEST}/forward", "directory.manage_certificates", body=schemas.ForwardBody)
    def forward_request(call: Call) -> Reply:
        """Enter that a request went to the authority."""
        told = {**call.body, "forwarded_on": call.body["forwarded_on"] or _today(call)}
        return _done(call, commands.ForwardRequest(**_request_of(call), **told))

    @api.command(
        f"{REQUEST}/refuse",
        "directory.manage_certificates",
        body=schemas.ReasonBody,
        prepare=keep_note,
    )
    def refuse_request(call: Call) -> Reply:
        """Refuse a request, with the reason."""
        return _done(call, commands.RefuseRequest(**_request_of(call), note=call.prepared))


def _devices(api: Api) -> None:
    """Revocation; and devices from hand-over to return."""

    @api.command(
        f"{SUBSCRIBER}/certificates/<uuid:certificate_id>/revoke",
        "directory.manage_certificates",
        body=schemas.RevokeBody,
    )
    def revoke_certificate(call: Call) -> Reply:
        """Enter that the authority revoked a certificate: nothing is signed with it any more."""
        at = call.body["revoked_at"] or call.now
        if at > call.now:
            raise NotYet
        reason = call.body["reason_code"]
        certificate_id, owner_id = call.params["certificate_id"], call.params["owner_id"]
        return _done(call, commands.RevokeCertificate(certificate_id, owner_id, reason, at))

    @api.command(f"{DEVICE}/hand-over", "directory.manage_certificates", body=schemas.HandOverBody)
    def hand_over_device(call: Call) -> Reply:
        """Hand a device to its holder, or from one holder to the next of the same agency."""
        today = _today(call)
        return _done(
            call, commands.HandOverDevice(**_device_of(call), **call.body, handed_on=today)
        )

    @api.command(f"{DEVICE}/return", "directory.manage_certificates", body=schemas.ReturnBody)
    def return_device(call: Call) -> Reply:
        """Take a device back: what is on it is not used any more."""
        today = _today(call)
        return _done(
            call, commands.ReturnDevice(**_device_of(call), **call.body, returned_on=today)
        )

    @api.command(f"{DEVICE}/lost", "directory.ask_certificates")
    def report_lost(call: Call) -> Reply:
        """Report that a device is lost: what is on it is not used any more."""
        owner_id = call.params["owner_id"]
        call.require_agency(owner_id, *works_in(call.unit, owner_id))
        return _done(call, commands.ReportLost(**_device_of(call), lost_on=_today(call)))

    @api.command(f"{DEVICE}/recover", "directory.manage_certificates")
    def recover_device(call: Call) -> Reply:
        """Enter that a device which wrong PINs had locked works again."""
        return _done(call, commands.RecoverDevice(**_device_of(call)))


def _request_of(call: Call) -> dict[str, Any]:
    return {name: call.params[name] for name in ("request_id", "owner_id")}


def _device_of(call: Call) -> dict[str, Any]:
    return {name: call.params[name] for name in ("device", "owner_id")}


def _done(call: Call, command: Any) -> Reply:
    return replace(_carry_out(call, command), status=200, body={"done": True})


def _today(call: Call) -> date:
    return call.now.astimezone(certificates.VIETNAM).date()


def _subscribers(api: Api, database: Database, blobs: BlobStore) -> None:
    @api.query("/v1/certificate-requests", "directory.ask_certificates", args=schemas.RequestArgs)
    def list_requests(call: Call) -> Reply:
        """Open requests, the oldest first: the agency's own, or all for the managing body."""
        agency_id = call.args["agency"]
        if agency_id is None and not call.reaches_all:
            agency_id = _own_agency(call)
        if agency_id is not None:
            call.require_agency(agency_id)
        cursor, limit = call.args["cursor"], call.args["limit"]
        after = decode_cursor(cursor, {"after": str})["after"] if cursor else None
        with database.snapshot() as unit:
            rows = queries.open_requests(unit.connection, agency_id, after, limit)
        body: dict[str, Any] = {"requests": [views.request(row, blobs) for row in rows]}
        if len(rows) == limit:
            body["next"] = encode_cursor({"after": str(rows[-1]["request_id"])})
        return Reply(body=body)

    @api.query(SUBSCRIBER, "directory.ask_certificates")
    def show_subscriber(call: Call) -> Reply:
        """A subscriber's certificates, requests and devices, with what is due when."""
        owner_id = call.params["owner_id"]
        with database.snapshot() as unit:
            _require_own(call, unit)
            held = queries.certificates_of(unit.connection, owner_id)
            requests = queries.requests_of(unit.connection, owner_id)
            devices = queries.devices_of(unit.connection, owner_id)
        return Reply(
            body={
                "owner_id": str(owner_id),
                "certificates": [views.plain(row) for row in held],
                "requests": [views.request(row, blobs) for row in requests],
                "devices": [views.device(row, held) for row in devices],
            }
        )

    @api.query(f"{REQUEST}/form", "directory.ask_certificates")
    def show_form(call: Call) -> Reply:
        """A request's form, filled, as the text of a document that can be drafted and signed."""
        with database.snapshot() as unit:
            row = queries.one_request(unit.connection, **_request_of(call))
            if row is None:
                raise not_found()
            call.require_agency(row["agency_id"])
            form = views.request_form(unit.connection, row, blobs)
        return Reply(body=form)

    @api.query(f"{DEVICE}/minutes", "directory.ask_certificates")
    def show_minutes(call: Call) -> Reply:
        """The minutes of a device's hand-over, or of its return once it is back."""
        with database.snapshot() as unit:
            _require_own(call, unit)
            rows = queries.devices_of(unit.connection, call.params["owner_id"])
            found = [row for row in rows if row["device"] == call.params["device"]]
            if not found or found[0]["state"] == "lost":
                raise not_found()
            text = views.minutes(unit.connection, found[0], blobs)
        return Reply(body=text)


def _own_agency(call: Call) -> UUID:
    try:
        return UUID(call.principal.agency)
    except ValueError as error:
        raise AgencyUnknown from error


def _require_own(call: Call, unit: Unit) -> None:
    call.require_agency(*queries.agencies_of(unit.connection, call.params["owner_id"]))


def _survey(api: Api, database: Database, blobs: BlobStore) -> None:
    @api.query("/v1/certificates/missing", "directory.survey_certificates", args=schemas.AtArgs)
    def list_missing(call: Call) -> Reply:
        """Positions with the authority to sign and no valid certificate on a day, by agency."""
        day = call.args["at"] or _today(call)
        with database.snapshot() as unit:
            rows = queries.signing_positions(unit.connection, day)
        return Reply(body=views.missing(rows, day, blobs))

    @api.query("/v1/certificates/forecast", "directory.survey_certificates", args=schemas.UntilArgs)
    def forecast_expiries(call: Call) -> Reply:
        """What expires up to a day, by month, and what stops working with it."""
        today = _today(call)
        until = call.args["until"] or today + timedelta(days=365)
        with database.snapshot() as unit:
            ending = expiries(queries.held_certificates(unit.connection, today))
            body = views.forecast(unit.connection, ending, today, until, blobs)
        return Reply(body=body)


def _look_ups(api: Api, database: Database, blobs: BlobStore) -> None:
    @api.query("/v1/agencies", "directory.read", args=schemas.PageArgs)
    def list_agencies(call: Call) -> Reply:
        """All agencies, paged."""
        cursor, limit = call.args["cursor"], call.args["limit"]
        after = decode_cursor(cursor, {"after": str})["after"] if cursor else None
        with database.snapshot() as unit:
            rows = queries.agencies(unit.connection, after, limit)
        following = encode_cursor({"after": str(rows[-1]["agency_id"])}) if rows else None
        body = {"agencies": [views.plain(row) for row in rows]}
        return Reply(body=body | ({"next": following} if len(rows) == limit else {}))

    @api.query("/v1/agencies/<uuid:agency_id>", "directory.read")
    def show_agency(call: Call) -> Reply:
        """One agency."""
        with database.snapshot() as unit:
            row = queries.one_agency(unit.connection, call.params["agency_id"])
        if row is None:
            raise not_found()
        return Reply(body=views.plain(row), etag=row["version"])

    @api.query("/v1/agencies/<uuid:agency_id>/positions", "directory.read")
    def list_positions(call: Call) -> Reply:
        """Who holds which position in an agency."""
        with database.snapshot() as unit:
            rows = queries.positions_of(unit.connection, call.params["agency_id"])
        named = [{**row, "full_name": views.name_on(blobs, row.pop("card"))} for row in rows]
        return Reply(body={"positions": [views.plain(row) for row in named]})

    @api.query("/v1/certificates/<uuid:owner_id>", "directory.read")
    def list_certificates(call: Call) -> Reply:
        """The certificates of a person or an agency."""
        with database.snapshot() as unit:
            rows = queries.certificates_of(unit.connection, call.params["owner_id"])
        # Which token holds a key is the agency's own business.
        return Reply(body={"certificates": [views.plain(row, "device") for row in rows]})


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
