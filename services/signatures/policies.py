"""Requests of the documents service become jobs."""

from typing import Any
from uuid import UUID

from google.protobuf.json_format import MessageToDict

from libs.contracts.journal import caused_by, continuing
from libs.db import Unit
from libs.eventstore import Context, Recorded
from libs.messaging.applier import Handler
from services.signatures.evidence_jobs import ask_for_evidence


def _add_job(
    kind: str, job_id: str, message: Any, context: Context, unit: Unit, **more: str
) -> None:
    unit.jobs.add(
        UUID(job_id),
        kind,
        {**MessageToDict(message, preserving_proto_field_name=True), **more},
        context,
        urgent=message.urgency > 0,
    )


def on_signature_requested(message: Any, event: Recorded, unit: Unit) -> None:
    """The leader ordered his signature, by a key of ours or by his own device: it is his step."""
    if message.own_device:
        context = continuing(event, now=unit.now)
        _add_job("device_open", message.signing_id, message, context, unit)
        return
    context, owner = continuing(event, now=unit.now), message.signer_id
    _add_job("sign_leader", message.signing_id, message, context, unit, owner=owner)


def on_seal_requested(message: Any, event: Recorded, unit: Unit) -> None:
    """The clerk ordered number, date and seal: they are the clerk's step."""
    context, owner = continuing(event, now=unit.now), message.agency_id
    _add_job("sign_seal", message.signing_id, message, context, unit, owner=owner)


def on_validation_requested(message: Any, event: Recorded, unit: Unit) -> None:
    """A verdict is wanted."""
    context = caused_by(event, agency=event.agency, handler="system:signatures", now=unit.now)
    _add_job("validate", message.validation_id, message, context, unit)


def on_document_issued(message: Any, event: Recorded, unit: Unit) -> None:
    """What was issued is to be believed for decades."""
    context = caused_by(event, agency=event.agency, handler="system:signatures", now=unit.now)
    ask_for_evidence(unit, message.file, context)


POLICIES: dict[str, Handler] = {
    "SignatureRequested": on_signature_requested,
    "SealRequested": on_seal_requested,
    "ValidationRequested": on_validation_requested,
    "DocumentIssued": on_document_issued,
}
