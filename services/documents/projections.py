"""Read models: documents for lists and details, registers, replicas of the directory."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, insert, update

from libs.db import Unit, put_row
from libs.eventstore import Recorded
from libs.messaging.applier import Handler
from libs.messaging.read_models import ReadModels
from services.documents import tray_lines
from services.documents.domain import incoming, outgoing
from services.documents.domain.register import INCOMING, OUTGOING, code_text
from services.documents.events import EVENTS
from services.documents.lookup import remember_names
from services.documents.tables import (
    agency,
    document,
    person,
    position,
    register_entry,
    subject,
    tray,
    tray_line,
    wire_name,
)
from services.documents.types import document_type


def project_agency(message: Any, _recorded: Recorded, unit: Unit) -> None:
    """Keep the newest entry of an agency."""
    row = {
        name: getattr(message, name)
        for name in ("agency_id", "tier", "name", "place", "short_sign", "refuse_invalid")
    }
    put_row(unit, agency, {**row, "parent_id": message.parent_id or None})


def project_closing(message: Any, _recorded: Recorded, unit: Unit) -> None:
    """Keep the last day of an agency."""
    unit.connection.execute(
        update(agency)
        .where(agency.c.agency_id == message.agency_id)
        .values(closed_on=message.closed_on, successor_id=message.successor_id or None)
    )


def project_person(message: Any, _recorded: Recorded, unit: Unit) -> None:
    """Keep a person's card."""
    put_row(unit, person, {"person_id": message.person_id, "card": message.card})


def project_position(message: Any, _recorded: Recorded, unit: Unit) -> None:
    """Keep the newest entry of a position."""
    names = ("position_id", "person_id", "agency_id", "unit", "title", "authority")
    put_row(unit, position, {name: getattr(message, name) for name in names})


def project_draft(message: Any, recorded: Recorded, unit: Unit) -> None:
    """A new row for a draft."""
    first = _signer(message.agency_id, message.signer_id, message.signer_position_id)
    more = [_signer(one.agency_id, one.person_id, one.position_id) for one in message.cosigners]
    signers = [first, *more]
    row = {
        "direction": OUTGOING,
        "state": outgoing.DRAFTED,
        "type_code": message.type_code,
        "type_name": document_type(message.type_code).name,
        "files": [],
        "signer_id": message.signer_id,
        "signer_position_id": message.signer_position_id,
        "recipients": list(message.recipients),
        "answers": message.answers or None,
        "carries_out": message.carries_out or None,
        "updates": message.updates or None,
        "replaces": message.replaces or None,
        "took_the_place_of": [],
        "participants": list(dict.fromkeys(signer["agency_id"] for signer in signers)),
        "signers": signers,
        "copy_of": message.copy_of or None,
    }
    _open(message, recorded, unit, row)


def _signer(agency_id: str, person_id: str, position_id: str) -> dict[str, str]:
    return {"agency_id": agency_id, "person_id": person_id, "position_id": position_id}


def project_arrival(message: Any, recorded: Recorded, unit: Unit) -> None:
    """A new row for an incoming document."""
    main = incoming.main_file(message.files)
    row = {
        "direction": INCOMING,
        "state": incoming.ARRIVED,
        "type_name": message.type_name,
        "code": message.code,
        "issued_on": message.issued_on or None,
        "file": main.digest if main else None,
        "files": [_shown(file) for file in message.files],
        "recipients": [],
        "sender_id": message.sender_id,
        "foreign_id": message.foreign_id,
        "business": message.business or None,
        "took_the_place_of": [],
        "participants": [message.agency_id],
        "signers": [],
    }
    _open(message, recorded, unit, row)
    remember_names(
        unit.connection,
        UUID(message.agency_id),
        UUID(message.sender_id),
        UUID(message.document_id),
        message.foreign_id,
        message.supersedes,
    )


def _open(message: Any, recorded: Recorded, unit: Unit, row: dict[str, Any]) -> None:
    common = {
        "document_id": message.document_id,
        "agency_id": message.agency_id,
        "text": message.text,
        "urgency": message.urgency,
        "version": recorded.version,
        "tx": recorded.tx,
        "position": recorded.position,
        "opened_at": recorded.occurred_at,
        "changed_at": recorded.occurred_at,
        "signatures": 0,
        "seals": 0,
    }
    unit.connection.execute(insert(document).values(**common, **row))


Values = Callable[[Any], dict[str, Any]]


def _step(state: Any, values: Values = lambda _message: {}) -> Handler:
    """A projection that moves the row to `state`. A note or a reason lasts until the next step."""

    def project(message: Any, recorded: Recorded, unit: Unit) -> None:
        row = {
            "state": state,
            "version": recorded.version,
            "changed_at": recorded.occurred_at,
            "note": None,
            "reason_code": None,
            **values(message),
        }
        unit.connection.execute(
            update(document).where(document.c.document_id == message.document_id).values(**row)
        )

    return project


def _outgoing(name: str, values: Values = lambda _message: {}) -> Handler:
    return _step(outgoing.STATES[EVENTS[name]], values)


def _noted(message: Any) -> dict[str, Any]:
    return {"note": message.note or None}


def _reason(message: Any) -> dict[str, Any]:
    return {"reason_code": message.reason_code}


def _file(message: Any) -> dict[str, Any]:
    return {"file": message.file}


def _one_more_signature(message: Any) -> dict[str, Any]:
    return {"file": message.file, "signatures": document.c.signatures + 1}


def _one_more_seal(message: Any) -> dict[str, Any]:
    return {**_sealed(message), "seals": document.c.seals + 1}


def _sealed(message: Any) -> dict[str, Any]:
    return {"file": message.file, "files": [_shown(file) for file in message.attachments]}


def _returned(message: Any) -> dict[str, Any]:
    return {**_noted(message), "signatures": 0}


def _attached(message: Any) -> dict[str, Any]:
    return {"files": document.c.files.concat([_shown(message.file)])}


def _shown(file: Any) -> dict[str, str]:
    return {name: getattr(file, name) for name in ("name", "content_type", "digest")}


def _numbered(message: Any) -> dict[str, Any]:
    return {
        "number": message.number,
        "code": code_text(message.number, message.notation),
        "issued_on": message.issued_on,
    }


def project_verdict(message: Any, recorded: Recorded, unit: Unit) -> None:
    """The newest verdict beside the one that it replaces; an accepted document stays accepted."""
    values = {
        "verdict": message.verdict,
        "report": message.report or None,
        "verdict_pending": message.pending,
        "verdict_before": document.c.verdict,
        "verdict_at": recorded.occurred_at,
    }
    _step(_VERIFIED, lambda _message: values)(message, recorded, unit)


_VERIFIED = case((document.c.state == incoming.ARRIVED, incoming.VERIFIED), else_=document.c.state)


def _recalled(message: Any) -> dict[str, Any]:
    return {"recall_asked_at": message.asked_at, "recall_note": message.note or None}


def _ended(_message: Any) -> dict[str, Any]:
    return {"recall_asked_at": None, "recall_note": None}


def _accepted(message: Any) -> dict[str, Any]:
    return {"arrival_number": message.arrival_number, "accepted_on": message.accepted_on}


def project_replaced(message: Any, recorded: Recorded, unit: Unit) -> None:
    """The older document is frozen; each of the two names the other."""
    _replace(message, recorded, unit)
    column = document.c.took_the_place_of
    unit.connection.execute(
        update(document)
        .where(document.c.document_id == message.by)
        .values(took_the_place_of=func.array_append(column, UUID(message.document_id)))
    )


_replace = _step(incoming.REPLACED, lambda message: {**_ended(message), "replaced_by": message.by})
_BEFORE_FAILURE = case(
    (and_(document.c.number.is_(None), document.c.signatures == 0), outgoing.REVIEWED),
    (document.c.number.is_(None), outgoing.COSIGNING),
    (document.c.seals == 0, outgoing.NUMBERED),
    else_=outgoing.COSEALING,
)


def project_approved(message: Any, recorded: Recorded, unit: Unit) -> None:
    """The leader approved it, perhaps in a tray."""
    _approve(message, recorded, unit)
    tray_lines.approved(message, unit)


def project_cosigned(message: Any, recorded: Recorded, unit: Unit) -> None:
    """The signature of one of several signers is on it."""
    _cosign(message, recorded, unit)
    tray_lines.ended(message, recorded, unit)


def project_signed(message: Any, recorded: Recorded, unit: Unit) -> None:
    """The leader's signature, or that of the last of several, is on it."""
    _sign(message, recorded, unit)
    tray_lines.ended(message, recorded, unit)


def project_failed(message: Any, recorded: Recorded, unit: Unit) -> None:
    """What was asked for was refused."""
    _fail(message, recorded, unit)
    tray_lines.ended(message, recorded, unit, message.reason_code)


def project_voided(message: Any, recorded: Recorded, unit: Unit) -> None:
    """The document was abandoned, perhaps while it waited for a signature."""
    _void(message, recorded, unit)
    tray_lines.ended(message, recorded, unit, "document_voided")


_approve = _outgoing("DocumentApproved")
_cosign = _outgoing("SignatureAdded", _one_more_signature)
_sign = _outgoing("DocumentSigned", _one_more_signature)
_fail = _step(_BEFORE_FAILURE, _reason)
_void = _outgoing("DocumentVoided", _noted)


def project_number(message: Any, _recorded: Recorded, unit: Unit) -> None:
    """A new line of a register."""
    names = ("agency_id", "year", "series", "number", "document_id")
    row = {name: getattr(message, name) for name in names}
    unit.connection.execute(insert(register_entry).values(**row, void=False))


def project_void_number(message: Any, _recorded: Recorded, unit: Unit) -> None:
    """A line of a register became void; it stays."""
    line = register_entry.c
    unit.connection.execute(
        update(register_entry)
        .where(line.agency_id == message.agency_id, line.year == message.year)
        .where(line.series == message.series, line.number == message.voided)
        .values(void=True)
    )


PROJECTIONS: dict[str, Handler] = {
    "AgencyRegistered": project_agency,
    "AgencyClosed": project_closing,
    "PersonRegistered": project_person,
    "PositionAssigned": project_position,
    "DocumentDrafted": project_draft,
    "DraftRevised": _outgoing("DraftRevised", lambda message: {"text": message.text}),
    "AttachmentAdded": _outgoing("AttachmentAdded", _attached),
    "DraftReviewed": _outgoing("DraftReviewed"),
    "DraftReturned": _outgoing("DraftReturned", _returned),
    "DocumentApproved": project_approved,
    "DocumentRendered": _outgoing("DocumentRendered", _file),
    "SignatureRequested": _outgoing("SignatureRequested"),
    "SignatureAdded": project_cosigned,
    "DocumentSigned": project_signed,
    "DocumentNumbered": _outgoing("DocumentNumbered", _numbered),
    "SealRequested": _outgoing("SealRequested"),
    "SealAdded": _outgoing("SealAdded", _one_more_seal),
    "SignatureFailed": project_failed,
    "DocumentIssued": _outgoing("DocumentIssued", _sealed),
    "DocumentVoided": project_voided,
    "DocumentArrived": project_arrival,
    "ValidationRequested": _step(incoming.ARRIVED),
    "ArrivalVerified": project_verdict,
    "DocumentAccepted": _step(incoming.ACCEPTED, _accepted),
    "DocumentRefused": _step(
        incoming.REFUSED,
        lambda message: {**_noted(message), **_reason(message), **_ended(message)},
    ),
    "RecallReceived": _step(document.c.state, _recalled),
    "RecallRefused": _step(
        document.c.state,
        lambda message: {**_noted(message), **_reason(message), **_ended(message)},
    ),
    "UpdateRefused": _step(
        document.c.state, lambda message: {**_noted(message), **_reason(message)}
    ),
    "DocumentWithdrawn": _step(incoming.WITHDRAWN, _ended),
    "DocumentReplaced": project_replaced,
    "TrayConfirmed": tray_lines.project_tray,
    "TrayLineRefused": tray_lines.project_refused_line,
    "NumberTaken": project_number,
    "NumberVoided": project_void_number,
}

READ_MODELS = ReadModels(
    PROJECTIONS,
    rebuilt=(agency, person, position, document, register_entry, tray, tray_line),
    shared=(wire_name,),
    kept={
        subject: "people's text, written by the commands and erased with its blob",
    },
)
