"""Who may sign for whom, which signatures were made, which verdicts were found."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Table, update

from libs.db import Unit, put_row
from libs.eventstore import Recorded
from libs.messaging.applier import Handler
from libs.messaging.read_models import ReadModels
from services.signatures.tables import agency, certificate, position, signature, validation


def _fields(table: Table, message: Any) -> dict[str, Any]:
    """The table's columns that the message has, by name."""
    known = message.DESCRIPTOR.fields_by_name
    return {c.name: getattr(message, c.name) for c in table.columns if c.name in known}


def _copied_to(table: Table) -> Handler:
    def project(message: Any, _event: Recorded, unit: Unit) -> None:
        put_row(unit, table, _fields(table, message))

    return project


def project_revocation(message: Any, _event: Recorded, unit: Unit) -> None:
    """Nothing is signed with a revoked certificate."""
    _end(unit, [message.certificate_id], "revoked")


def project_return(message: Any, _event: Recorded, unit: Unit) -> None:
    """Nor with what was on a device that came back."""
    _end(unit, message.certificates, "returned")


def project_loss(message: Any, _event: Recorded, unit: Unit) -> None:
    """Nor with what was on a device that is lost."""
    _end(unit, message.certificates, "lost")


def _end(unit: Unit, certificates: Iterable[str], why: str) -> None:
    unit.connection.execute(
        update(certificate)
        .where(certificate.c.certificate_id.in_(list(certificates)))
        .values(ended=why)
    )


def project_signature(message: Any, event: Recorded, unit: Unit) -> None:
    """A signature that was made."""
    row = _fields(signature, message)
    row["signed_at"] = datetime.fromisoformat(message.signed_at)
    put_row(unit, signature, {**row, "position": event.position})


PROJECTIONS: dict[str, Handler] = {
    "AgencyRegistered": _copied_to(agency),
    "PositionAssigned": _copied_to(position),
    "CertificateRegistered": _copied_to(certificate),
    "CertificateRevoked": project_revocation,
    "DeviceReturned": project_return,
    "DeviceLost": project_loss,
    "SignatureMade": project_signature,
    "FileValidated": _copied_to(validation),
}

READ_MODELS = ReadModels(
    PROJECTIONS,
    rebuilt=(agency, position, certificate, signature, validation),
)
