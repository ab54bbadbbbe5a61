"""The directory's read models, kept by its own events."""

from datetime import date
from typing import Any

from libs.db import Unit, put_row
from libs.eventstore import Recorded
from libs.messaging.applier import Handler
from libs.messaging.read_models import ReadModels
from services.directory.tables import (
    agency,
    certificate,
    client,
    client_secret,
    code_owner,
    person,
    position,
)


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
    put_row(
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
    put_row(unit, person, {"person_id": message.person_id, "card": message.card})


def project_position(message: Any, _event: Recorded, unit: Unit) -> None:
    """A person's position."""
    put_row(
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
    put_row(
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
    put_row(unit, client, row)


PROJECTIONS: dict[str, Handler] = {
    "AgencyRegistered": project_agency,
    "PersonRegistered": project_person,
    "PositionAssigned": project_position,
    "CertificateRegistered": project_certificate,
    "ClientRegistered": project_client,
}

READ_MODELS = ReadModels(
    PROJECTIONS,
    rebuilt=(agency, person, position, certificate, client),
    kept={
        client_secret: "a secret stands in no event",
        code_owner: "claimed by the command that enters an agency, before its event",
    },
)
