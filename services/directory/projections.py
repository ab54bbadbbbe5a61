"""The directory's read models, kept by its own events."""

from datetime import date
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert

from libs.db import Unit
from libs.eventstore import Recorded
from libs.messaging.applier import Handler
from services.directory.tables import agency, certificate, client, person, position


def _put(unit: Unit, table: Table, row: dict[str, Any]) -> None:
    """Write the row; a rebuild over an old one replaces it."""
    statement = insert(table).values(**row)
    key = [column.name for column in table.primary_key]
    changes = {name: statement.excluded[name] for name in row if name not in key}
    unit.connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changes))


def project_agency(message: Any, event: Recorded, unit: Unit) -> None:
    """An agency's current entry."""
    codes = [
        {
            "code": code.code,
            "scheme": code.scheme,
            "valid_from": code.valid_from,
            "valid_to": code.valid_to or None,
        }
        for code in message.codes
    ]
    _put(
        unit,
        agency,
        {
            "agency_id": message.agency_id,
            "parent_id": message.parent_id or None,
            "tier": message.tier,
            "name": message.name,
            "place": message.place,
            "channel": message.channel,
            "codes": codes,
            "short_sign": message.short_sign,
            "refuse_invalid": message.refuse_invalid,
            "version": event.version,
        },
    )


def project_person(message: Any, _event: Recorded, unit: Unit) -> None:
    """A person's card."""
    _put(unit, person, {"person_id": message.person_id, "card": message.card})


def project_position(message: Any, _event: Recorded, unit: Unit) -> None:
    """A person's position."""
    _put(
        unit,
        position,
        {
            "position_id": message.position_id,
            "person_id": message.person_id,
            "agency_id": message.agency_id,
            "unit": message.unit,
            "title": message.title,
            "authority": message.authority,
            "roles": list(message.roles),
            "valid_from": date.fromisoformat(message.valid_from),
        },
    )


def project_certificate(message: Any, _event: Recorded, unit: Unit) -> None:
    """A certificate's entry."""
    _put(
        unit,
        certificate,
        {
            "certificate_id": message.certificate_id,
            "owner_id": message.owner_id,
            "kind": message.kind,
            "fingerprint": message.fingerprint,
            "file": message.file,
            "valid_from": date.fromisoformat(message.valid_from),
            "valid_to": date.fromisoformat(message.valid_to),
        },
    )


def project_client(message: Any, _event: Recorded, unit: Unit) -> None:
    """A machine client's rights."""
    row = {
        "client_id": message.client_id,
        "agency_id": message.agency_id,
        "roles": list(message.roles),
    }
    _put(unit, client, row)


PROJECTIONS: dict[str, Handler] = {
    "AgencyRegistered": project_agency,
    "PersonRegistered": project_person,
    "PositionAssigned": project_position,
    "CertificateRegistered": project_certificate,
    "ClientRegistered": project_client,
}
