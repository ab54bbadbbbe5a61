"""Who may sign for whom, what was signed, judged and kept, and what is still to come."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Date, Table, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from libs.db import Unit, put_row
from libs.eventstore import Recorded
from libs.messaging.applier import Handler
from libs.messaging.read_models import ReadModels
from services.signatures.domain.evidence import holds_until, renewal_due
from services.signatures.tables import (
    agency,
    certificate,
    device_signing,
    document_file,
    evidence,
    evidence_refused,
    one_time_address,
    person,
    position,
    refused_list,
    signature,
    to_sign,
    trust_version,
    validation,
    waiting,
)

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
EVIDENCE, VERDICT = "evidence", "verdict"


def _fields(table: Table, message: Any) -> dict[str, Any]:
    """The table's columns that the message has, by name."""
    known = message.DESCRIPTOR.fields_by_name
    return {c.name: getattr(message, c.name) for c in table.columns if c.name in known}


def _copied_to(table: Table) -> Handler:
    def project(message: Any, _event: Recorded, unit: Unit) -> None:
        row = _fields(table, message)
        days = [name for name in row if isinstance(table.c[name].type, Date)]
        put_row(unit, table, {**row, **{name: row[name] or None for name in days}})

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


def project_issue(message: Any, event: Recorded, unit: Unit) -> None:
    """An issued file is to get evidence."""
    put_row(unit, document_file, _fields(document_file, message))
    _await_evidence(message.file, event, unit)


def project_verdict(message: Any, event: Recorded, unit: Unit) -> None:
    """The newest verdict on a file; one that is pending waits, a good file is to get evidence."""
    row = {**_fields(validation, message), "judged_at": event.occurred_at}
    put_row(unit, validation, row)
    _no_longer(unit, VERDICT, message.validation_id)
    if message.pending:
        _wait(unit, VERDICT, message.validation_id, event.occurred_at)
    if message.verdict == "TOTAL_PASSED":
        _await_evidence(message.file, event, unit)


def project_evidence(message: Any, _event: Recorded, unit: Unit) -> None:
    """The newest evidence of a file, and when it is to be renewed."""
    times = ("stamped_at", "certificate_ends", "holds_until")
    at = {name: datetime.fromisoformat(getattr(message, name)) for name in times}
    ends = holds_until(at.pop("certificate_ends"), message.algorithms)
    row = {**_fields(evidence, message), **at, "renew_at": renewal_due(at["stamped_at"], ends)}
    put_row(unit, evidence, row)
    _no_longer(unit, EVIDENCE, message.file)


def project_no_evidence(message: Any, _event: Recorded, unit: Unit) -> None:
    """The file, or its newest evidence, stays as it is: nothing is awaited, nothing renewed."""
    if message.over == message.file:
        refused = insert(evidence_refused).values(file=message.file)
        unit.connection.execute(refused.on_conflict_do_nothing())
    unit.connection.execute(
        update(evidence).where(evidence.c.file == message.file).values(renew_at=NEVER)
    )
    _no_longer(unit, EVIDENCE, message.file)


def project_proposal(message: Any, event: Recorded, unit: Unit) -> None:
    """A version that somebody proposed."""
    row = _fields(trust_version, message)
    row["certificates"] = list(message.certificates)
    row["valid_until"] = message.valid_until or None
    put_row(unit, trust_version, {**row, "state": "proposed", "proposed_at": event.occurred_at})


def project_approval(message: Any, event: Recorded, unit: Unit) -> None:
    """Another person approved it: it takes its source's place in the store."""
    told = {"number": message.number, "version": message.version}
    _decided(unit, message.version_id, event, "approved", message.approved_by, told)


def project_rejection(message: Any, event: Recorded, unit: Unit) -> None:
    """Another person rejected it."""
    _decided(unit, message.version_id, event, "rejected", message.rejected_by, {})


def _decided(
    unit: Unit, version_id: str, event: Recorded, state: str, person: str, told: dict[str, Any]
) -> None:
    row = {"state": state, "decided_by": person, "decided_at": event.occurred_at, **told}
    unit.connection.execute(
        update(trust_version).where(trust_version.c.version_id == version_id).values(**row)
    )


def project_refused_list(message: Any, event: Recorded, unit: Unit) -> None:
    """A published list that was not taken."""
    row = _fields(refused_list, message)
    put_row(unit, refused_list, {**row, "refused_at": event.occurred_at})


def _await_evidence(file: str, event: Recorded, unit: Unit) -> None:
    # The issue of a file may come here after its evidence, and a second recipient long after.
    settled = (
        select(evidence.c.file)
        .where(evidence.c.file == file)
        .union_all(select(evidence_refused.c.file).where(evidence_refused.c.file == file))
    )
    if unit.connection.execute(settled).first() is None:
        _wait(unit, EVIDENCE, file, event.occurred_at)


def _wait(unit: Unit, what: str, key: str, since: datetime) -> None:
    row = insert(waiting).values(what=what, key=key, since=since)
    unit.connection.execute(row.on_conflict_do_nothing())


def _no_longer(unit: Unit, what: str, key: str) -> None:
    unit.connection.execute(delete(waiting).where(waiting.c.what == what, waiting.c.key == key))


def project_opened(message: Any, event: Recorded, unit: Unit) -> None:
    """A file waits for its signer's device."""
    names = ("signing_id", "document_id", "agency_id", "signer_id", "file")
    row = {name: getattr(message, name) for name in names}
    box = {name: getattr(message.box, name) for name in ("page", "x1", "y1", "x2", "y2")}
    times = {"opened_at": event.occurred_at, "expires_at": message.expires_at}
    put_row(unit, device_signing, {**row, "box": box, **times, "state": "opened"})


def _device(state: str, **columns: str) -> Handler:
    """A projection of a later step; what is no order of a device has no row."""

    def project(message: Any, _event: Recorded, unit: Unit) -> None:
        values = {column: getattr(message, name) for column, name in columns.items()}
        unit.connection.execute(
            update(device_signing)
            .where(device_signing.c.signing_id == message.signing_id)
            .values(state=state, **values)
        )

    return project


PROJECTIONS: dict[str, Handler] = {
    "AgencyRegistered": _copied_to(agency),
    "PersonRegistered": _copied_to(person),
    "PositionAssigned": _copied_to(position),
    "CertificateRegistered": _copied_to(certificate),
    "CertificateRevoked": project_revocation,
    "DeviceReturned": project_return,
    "DeviceLost": project_loss,
    "SignatureMade": project_signature,
    "DeviceSigningOpened": project_opened,
    "DeviceSigningPrepared": _device("prepared", means="means", prepared_until="expires_at"),
    "DeviceSignatureReturned": _device("returned"),
    "SigningFinished": _device("signed"),
    "SigningRefused": _device("refused", reason_code="reason_code"),
    "FileValidated": project_verdict,
    "ValidationRequested": _copied_to(document_file),
    "DocumentIssued": project_issue,
    "EvidenceAdded": project_evidence,
    "EvidenceRefused": project_no_evidence,
    "TrustVersionProposed": project_proposal,
    "TrustVersionApproved": project_approval,
    "TrustVersionRejected": project_rejection,
    "TrustListRefused": project_refused_list,
}

READ_MODELS = ReadModels(
    PROJECTIONS,
    rebuilt=(
        agency,
        person,
        position,
        certificate,
        signature,
        device_signing,
        validation,
        document_file,
        evidence,
        evidence_refused,
        waiting,
        trust_version,
        refused_list,
    ),
    kept={
        one_time_address: "hashes of secrets, which no event may tell",
        to_sign: "what a worker prepared, gone with its order",
    },
)
