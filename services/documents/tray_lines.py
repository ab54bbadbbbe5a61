"""Where the documents of trays stand, as their events tell it."""

from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from libs.db import Unit, put_row
from libs.eventstore import Recorded
from services.documents.tables import tray, tray_line

WAITING, SIGNING, SIGNED, FAILED = "waiting", "signing", "signed", "failed"
STATES = (WAITING, SIGNING, SIGNED, FAILED)


def project_tray(message: Any, recorded: Recorded, unit: Unit) -> None:
    """A tray with its documents; what the documents told already stays."""
    row = {name: getattr(message, name) for name in ("tray_id", "agency_id", "signer_id")}
    more = {"confirmed_at": recorded.occurred_at, "own_device": message.own_device}
    put_row(unit, tray, {**row, **more})
    lines = [
        {"tray_id": message.tray_id, "document_id": each, "ordinal": number, "state": WAITING}
        for number, each in enumerate(message.documents, start=1)
    ]
    added = insert(tray_line).values(lines)
    unit.connection.execute(
        added.on_conflict_do_update(
            index_elements=["tray_id", "document_id"], set_={"ordinal": added.excluded.ordinal}
        )
    )


def project_refused_line(message: Any, recorded: Recorded, unit: Unit) -> None:
    """A document that could not be approved."""
    key = {"tray_id": message.tray_id, "document_id": message.document_id}
    ended = {"reason_code": message.reason_code, "ended_at": recorded.occurred_at}
    put_row(unit, tray_line, {**key, "state": FAILED, **ended})


def approved(message: Any, unit: Unit) -> None:
    """A document is approved, in a tray or on its own."""
    if message.tray_id:
        key = {"tray_id": message.tray_id, "document_id": message.document_id}
        put_row(unit, tray_line, {**key, "state": SIGNING})


def ended(message: Any, recorded: Recorded, unit: Unit, reason_code: str | None = None) -> None:
    """The document's open line, if it has one, ends: signed, or failed for a reason."""
    values = {"state": FAILED if reason_code else SIGNED, "reason_code": reason_code}
    unit.connection.execute(
        update(tray_line)
        .where(tray_line.c.document_id == message.document_id, tray_line.c.ended_at.is_(None))
        .values(**values, ended_at=recorded.occurred_at)
    )
