"""Trays over HTTP: what waits for a leader, one confirmation for all of it, how far it is."""

from typing import Any
from uuid import UUID, uuid5

from libs.blobs import BlobStore
from libs.db import Database
from libs.messaging.read_after import token
from libs.web.api import Api
from libs.web.call import Call, Reply
from libs.web.problems import not_found
from services.documents import queries, schemas, trays, views
from services.documents.commands import ConfirmTray
from services.documents.errors import NoPosition, TrayChanged
from services.documents.handlers import Order
from services.documents.reasons import sentences
from services.documents.tray_lines import STATES

TRAYS = "/v1/trays"


def add_tray_routes(api: Api, database: Database, blobs: BlobStore) -> None:
    """The routes of trays."""

    @api.query(f"{TRAYS}/waiting", "documents.approve")
    def show_waiting(call: Call) -> Reply:
        """What waits for the caller's signature (chờ ký), urgent ones first."""
        with database.snapshot() as unit:
            rows = queries.waiting(unit.connection, *_signer(call))
        documents = [views.line(row, blobs) for row in rows]
        return Reply(body={"documents": documents, "digest": trays.digest(rows)})

    @api.command(TRAYS, "documents.approve", body=schemas.TrayBody)
    def confirm_tray(call: Call) -> Reply:
        """Sign many documents by one confirmation (ký duyệt theo lô)."""
        principal = call.principal
        person_id, position_id = _signer(call)
        command = ConfirmTray(
            tray_id=uuid5(call.command_id, "tray"),
            agency_id=UUID(principal.agency),
            person_id=person_id,
            position_id=position_id,
            documents=_documents(call, person_id, position_id),
            own_device=call.body["own_device"],
        )
        order = Order(call.command_id, command.agency_id, principal.handler, principal.behalf)
        appended = trays.confirm(call.unit, order, command)
        body = {"tray_id": command.tray_id, "total": len(set(command.documents))}
        return Reply(202, body, read_after=token(call.unit.store, appended))

    @api.query(f"{TRAYS}/<uuid:tray_id>", "documents.read")
    def show_tray(call: Call) -> Reply:
        """How far a tray is: each document with its state, and the reason where it failed."""
        with database.snapshot() as unit:
            tray = queries.one_tray(unit.connection, call.params["tray_id"])
            if tray is None:
                raise not_found()
            call.require_agency(tray["agency_id"])
            rows = queries.tray_lines(unit.connection, tray["tray_id"])
        counts = {state: sum(row["state"] == state for row in rows) for state in STATES}
        done = counts["signed"] + counts["failed"]
        head = {**tray, "total": len(rows), **counts, "done": done == len(rows)}
        return Reply(body={**head, "documents": [_line(row) for row in rows]})


def _signer(call: Call) -> tuple[UUID, UUID]:
    principal = call.principal
    try:
        return UUID(principal.subject), UUID(principal.position)
    except (ValueError, TypeError) as error:
        raise NoPosition from error


def _documents(call: Call, person_id: UUID, position_id: UUID) -> tuple[UUID, ...]:
    """Those that are named, or all that wait, if they are still what the leader saw."""
    if call.body["documents"] is not None:
        return tuple(call.body["documents"])
    rows = queries.waiting(call.unit.connection, person_id, position_id)
    if trays.digest(rows) != call.body["digest"]:
        raise TrayChanged
    return tuple(row["document_id"] for row in rows)


def _line(row: dict[str, Any]) -> dict[str, Any]:
    names = ("document_id", "code", "subject", "urgency", "state", "reason_code", "ended_at")
    return {**{name: row[name] for name in names}, **sentences(row["reason_code"])}
