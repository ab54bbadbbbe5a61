"""The directory's read models, kept by its own events."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, update

from libs.db import Unit, put_row
from libs.eventstore import Recorded
from libs.messaging.applier import Handler
from libs.messaging.read_models import ReadModels
from services.directory.tables import (
    agency,
    certificate,
    certificate_request,
    client,
    client_secret,
    code_owner,
    device,
    device_holder,
    person,
    position,
)

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


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


def project_closing(message: Any, event: Recorded, unit: Unit) -> None:
    """An agency's last day."""
    unit.connection.execute(
        update(agency)
        .where(agency.c.agency_id == message.agency_id)
        .values(
            closed_on=date.fromisoformat(message.closed_on),
            successor_id=message.successor_id or None,
            version=event.version,
        )
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
            "valid_from": _day(message.valid_from),
        },
    )


def project_certificate(message: Any, event: Recorded, unit: Unit) -> None:
    """A certificate's entry; it answers its request."""
    names = ("certificate_id", "owner_id", "kind", "fingerprint", "file")
    chain = ("device", "issuer_key", "subject_key", "authority")
    row = {name: getattr(message, name) for name in (*names, *chain)}
    days = {name: _day(getattr(message, name)) for name in ("valid_from", "valid_to")}
    put_row(unit, certificate, {**row, **days})
    _move_request(unit, message.request_id, "done", event)


def project_filing(message: Any, _event: Recorded, unit: Unit) -> None:
    """A request that waits for its answer."""
    names = ("request_id", "owner_id", "agency_id", "act", "kind", "form", "device", "reason_code")
    row = {name: getattr(message, name) for name in names}
    row["certificate_id"] = message.certificate_id or None
    put_row(
        unit,
        certificate_request,
        {**row, "filed_on": _day(message.filed_on), "state": "filed"},
    )


def project_forwarding(message: Any, _event: Recorded, unit: Unit) -> None:
    """A request is on its way to the authority."""
    unit.connection.execute(
        update(certificate_request)
        .where(certificate_request.c.request_id == message.request_id)
        .values(
            state="forwarded",
            reference=message.reference,
            forwarded_on=_day(message.forwarded_on),
        )
    )


def project_refusal(message: Any, event: Recorded, unit: Unit) -> None:
    """A request was refused."""
    _move_request(unit, message.request_id, "refused", event, note=message.note)


def project_revocation(message: Any, event: Recorded, unit: Unit) -> None:
    """A certificate was revoked, whatever ended its use before."""
    revoked_on = datetime.fromisoformat(message.revoked_at).astimezone(VIETNAM).date()
    unit.connection.execute(
        update(certificate)
        .where(certificate.c.certificate_id == message.certificate_id)
        .values(ended="revoked", ended_on=func.least(certificate.c.ended_on, revoked_on))
    )
    _move_request(unit, message.request_id, "done", event)


def project_hand_over(message: Any, _event: Recorded, unit: Unit) -> None:
    """Who holds a device from now on."""
    names = ("owner_id", "device", "kind", "receiver_id", "permission")
    row = {name: getattr(message, name) for name in names}
    again = {"state": "in_hand", "ended_on": None, "reason_code": None}
    put_row(unit, device, {**row, "handed_on": _day(message.handed_on), **again})


def project_return(message: Any, _event: Recorded, unit: Unit) -> None:
    """A device came back."""
    _give_up(message, unit, "returned", _day(message.returned_on), message.reason_code)


def project_loss(message: Any, _event: Recorded, unit: Unit) -> None:
    """A device is lost."""
    _give_up(message, unit, "lost", _day(message.lost_on), None)


def project_recovery(message: Any, event: Recorded, unit: Unit) -> None:
    """A device works again: its request is answered."""
    _move_request(unit, message.request_id, "done", event)


def _give_up(message: Any, unit: Unit, state: str, day: date, reason: str | None) -> None:
    unit.connection.execute(
        update(device)
        .where(device.c.owner_id == message.owner_id, device.c.device == message.device)
        .values(state=state, ended_on=day, reason_code=reason)
    )
    unit.connection.execute(
        update(certificate)
        .where(certificate.c.certificate_id.in_(list(message.certificates)))
        .values(ended=state, ended_on=day)
    )


def _move_request(
    unit: Unit, request_id: str, state: str, event: Recorded, note: str | None = None
) -> None:
    if request_id:
        ended_on = event.occurred_at.astimezone(VIETNAM).date()
        unit.connection.execute(
            update(certificate_request)
            .where(certificate_request.c.request_id == request_id)
            .values(state=state, ended_on=ended_on, note=note)
        )


def _day(text: str) -> date:
    return date.fromisoformat(text)


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
    "AgencyClosed": project_closing,
    "PersonRegistered": project_person,
    "PositionAssigned": project_position,
    "CertificateRegistered": project_certificate,
    "CertificateRequestFiled": project_filing,
    "CertificateRequestForwarded": project_forwarding,
    "CertificateRequestRefused": project_refusal,
    "CertificateRevoked": project_revocation,
    "DeviceHandedOver": project_hand_over,
    "DeviceReturned": project_return,
    "DeviceLost": project_loss,
    "DeviceRecovered": project_recovery,
    "ClientRegistered": project_client,
}

READ_MODELS = ReadModels(
    PROJECTIONS,
    rebuilt=(agency, person, position, certificate, certificate_request, device, client),
    kept={
        client_secret: "a secret stands in no event",
        device_holder: "claimed by the command that hands a device over, before its event",
        code_owner: "claimed by the command that enters an agency, before its event",
    },
)
