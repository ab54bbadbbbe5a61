"""Certificates from request to revocation, devices from hand-over to return.

Whoever holds a key is one stream, so that no order of acts leaves two devices in one hand, or a
certificate in use that was revoked, lost or given back. Ways and forms: Decree 68/2024/NĐ-CP.
"""

from uuid import UUID

from services.directory.commands import (
    FileRequest,
    ForwardRequest,
    HandOverDevice,
    RecoverDevice,
    RefuseRequest,
    RegisterCertificate,
    ReportLost,
    ReturnDevice,
    RevokeCertificate,
)
from services.directory.domain.subscriber import Certificate, Event, Request, Subscriber
from services.directory.errors import (
    AlreadyRegistered,
    CertificateEnded,
    CertificateExpired,
    CertificateInUse,
    CertificateUnknown,
    DeviceInHand,
    DeviceIsLost,
    DeviceNotInHand,
    DeviceWithoutCertificate,
    ReceiverUnfit,
    RequestNotOpen,
    RequestOpen,
    RequestUnknown,
)
from services.directory.events import (
    CertificateRegistered,
    CertificateRequestFiled,
    CertificateRequestForwarded,
    CertificateRequestRefused,
    CertificateRevoked,
    DeviceHandedOver,
    DeviceLost,
    DeviceRecovered,
    DeviceReturned,
)

# Whose keys sign, and can be asked for by form; the others are the authorities' own.
HOLDERS = ("leader", "seal", "service")
AUTHORITIES = ("ca", "ocsp", "tsa")
ISSUING = ("issue", "renew", "change")
ACTS = (*ISSUING, "revoke", "recover")
# Decree 68/2024/NĐ-CP, article 17, as far as it is known here.
REVOKED_FOR = (
    "key_compromised", "device_lost", "device_broken", "left", "data_changed", "agency_ended",
    "other",
)  # fmt: skip
RETURNED_FOR = ("left", "replaced", "broken", "revoked", "other")

Command = (
    FileRequest
    | ForwardRequest
    | RefuseRequest
    | RegisterCertificate
    | RevokeCertificate
    | HandOverDevice
    | ReturnDevice
    | ReportLost
    | RecoverDevice
)


def decide(subscriber: Subscriber, command: Command) -> list[Event]:
    """What happens, nothing when it has happened, or a refusal."""
    match command:
        case FileRequest():
            return _file(subscriber, command)
        case ForwardRequest():
            return _forward(subscriber, command)
        case RefuseRequest():
            return _refuse(subscriber, command)
        case RegisterCertificate():
            return _register(subscriber, command)
        case RevokeCertificate():
            return _revoke(subscriber, command)
        case HandOverDevice():
            return _hand_over(subscriber, command)
        case ReturnDevice() | ReportLost():
            return _give_up(subscriber, command)
        case RecoverDevice():
            _in_hand(subscriber, command.device)
            asked = _asked(subscriber, "recover", device=command.device)
            return [DeviceRecovered(command.device, command.owner_id, asked)]


def _file(subscriber: Subscriber, command: FileRequest) -> list[Event]:
    event = CertificateRequestFiled(**vars(command))
    if known := subscriber.requests.get(command.request_id):
        if known.filed == event:
            return []
        raise AlreadyRegistered
    for number, other in subscriber.requests.items():
        same = other.filed.act == command.act or {other.filed.act, command.act} <= set(ISSUING)
        if other.open and same and other.filed.kind == command.kind:
            raise RequestOpen(request_id=str(number))
    if command.act == "issue":
        for name, one in subscriber.certificates.items():
            if one.registered.kind == command.kind and one.in_use(command.filed_on):
                raise CertificateInUse(certificate_id=str(name))
    elif command.act == "recover":
        _in_hand(subscriber, command.device)
    else:
        _check_named(subscriber, command)
    return [event]


def _check_named(subscriber: Subscriber, command: FileRequest) -> None:
    """The certificate that is to be renewed, changed or revoked must be there and fit for it."""
    one = _certificate(subscriber, command.certificate_id)
    if one.registered.kind != command.kind:
        raise CertificateUnknown
    if "revoked" in one.ended or (one.ended and command.act in ISSUING):
        raise CertificateEnded(ended=min(one.ended))
    if command.act == "renew" and not one.in_use(command.filed_on):
        raise CertificateExpired(valid_to=one.registered.valid_to.isoformat())


def _forward(subscriber: Subscriber, command: ForwardRequest) -> list[Event]:
    request = _request(subscriber, command.request_id)
    event = CertificateRequestForwarded(**vars(command))
    if request.forwarded == event:
        return []
    if request.state != "filed":
        raise RequestNotOpen(state=request.state)
    return [event]


def _refuse(subscriber: Subscriber, command: RefuseRequest) -> list[Event]:
    request = _request(subscriber, command.request_id)
    if not request.open:
        raise RequestNotOpen(state=request.state)
    return [CertificateRequestRefused(**vars(command))]


def _register(subscriber: Subscriber, command: RegisterCertificate) -> list[Event]:
    event = CertificateRegistered(**vars(command))
    if known := subscriber.certificates.get(command.certificate_id):
        if known.registered == event:
            return []
        raise AlreadyRegistered
    if command.device in subscriber.lost:
        raise DeviceIsLost(device=command.device)
    if command.request_id:
        request = _request(subscriber, command.request_id)
        if request.state != "forwarded" or request.filed.act not in ISSUING:
            raise RequestNotOpen(state=request.state)
        if request.filed.kind != command.kind:
            raise RequestUnknown
        if request.filed.certificate_id:
            renewed = _certificate(subscriber, request.filed.certificate_id)
            if renewed.ended:
                raise CertificateEnded(ended=min(renewed.ended))
    return [event]


def _revoke(subscriber: Subscriber, command: RevokeCertificate) -> list[Event]:
    if "revoked" in _certificate(subscriber, command.certificate_id).ended:
        return []
    asked = _asked(subscriber, "revoke", certificate_id=command.certificate_id)
    return [CertificateRevoked(**vars(command), request_id=asked)]


def _hand_over(subscriber: Subscriber, command: HandOverDevice) -> list[Event]:
    if command.device in subscriber.lost:
        raise DeviceIsLost(device=command.device)
    if command.kind == "leader" and command.receiver_id != command.owner_id:
        raise ReceiverUnfit
    usable = (
        subscriber.certificates[name].registered.kind == command.kind
        for name in subscriber.on_device(command.device)
        if subscriber.certificates[name].in_use(command.handed_on)
    )
    if not any(usable):
        raise DeviceWithoutCertificate(device=command.device)
    for device, held in subscriber.devices.items():
        if (device == command.device) != (held.kind == command.kind):
            raise DeviceInHand(device=device)
    held_now = subscriber.devices.get(command.device)
    if held_now and held_now.receiver_id == command.receiver_id:
        return []
    return [DeviceHandedOver(**vars(command))]


def _give_up(subscriber: Subscriber, command: ReturnDevice | ReportLost) -> list[Event]:
    """A device leaves its holder's hand; what is on it ends."""
    kind = _in_hand(subscriber, command.device).kind
    made = DeviceReturned if isinstance(command, ReturnDevice) else DeviceLost
    certificates = subscriber.on_device(command.device)
    return [made(kind=kind, certificates=certificates, **vars(command))]


def _request(subscriber: Subscriber, request_id: UUID) -> Request:
    request = subscriber.requests.get(request_id)
    if request is None:
        raise RequestUnknown
    return request


def _certificate(subscriber: Subscriber, certificate_id: UUID | None) -> Certificate:
    one = subscriber.certificates.get(certificate_id) if certificate_id else None
    if one is None:
        raise CertificateUnknown
    return one


def _in_hand(subscriber: Subscriber, device: str) -> DeviceHandedOver:
    held = subscriber.devices.get(device)
    if held is None:
        raise DeviceNotInHand(device=device)
    return held


def _asked(subscriber: Subscriber, act: str, **about: object) -> UUID | None:
    """The open request for an act on this certificate or device, which the act answers."""
    for number, request in subscriber.requests.items():
        fits = all(getattr(request.filed, name) == value for name, value in about.items())
        if request.open and request.filed.act == act and fits:
            return number
    return None
