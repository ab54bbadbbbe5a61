"""A subscriber (thuê bao): what one person or agency holds: certificates, devices, requests."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

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

Event = (
    CertificateRequestFiled
    | CertificateRequestForwarded
    | CertificateRequestRefused
    | CertificateRegistered
    | CertificateRevoked
    | DeviceHandedOver
    | DeviceReturned
    | DeviceLost
    | DeviceRecovered
)


@dataclass(frozen=True)
class Certificate:
    """A certificate, and what ended its use before its day: revoked, returned or lost."""

    registered: CertificateRegistered
    ended: frozenset[str] = frozenset()

    def in_use(self, day: date) -> bool:
        """Whether its holder may sign with it on that day, or from a later day on."""
        return not self.ended and day <= self.registered.valid_to


@dataclass(frozen=True)
class Request:
    """A request: filed, forwarded, then done or refused."""

    filed: CertificateRequestFiled
    state: str = "filed"
    forwarded: CertificateRequestForwarded | None = None

    @property
    def open(self) -> bool:
        """Whether it waits for an answer."""
        return self.state in ("filed", "forwarded")


@dataclass(frozen=True)
class Subscriber:
    """One stream's state. `devices` are those in hand, `lost` those that nobody has."""

    certificates: Mapping[UUID, Certificate] = field(default_factory=dict)
    requests: Mapping[UUID, Request] = field(default_factory=dict)
    devices: Mapping[str, DeviceHandedOver] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()

    def on_device(self, device: str) -> tuple[UUID, ...]:
        """The certificates on a device that have not ended."""
        return tuple(
            name
            for name, one in self.certificates.items()
            if one.registered.device == device and not one.ended
        )


def evolve(subscriber: Subscriber, event: Event) -> Subscriber:
    """Apply a fact."""
    match event:
        case CertificateRequestFiled():
            requests = {**subscriber.requests, event.request_id: Request(event)}
            return replace(subscriber, requests=requests)
        case CertificateRequestForwarded():
            return _with_request(subscriber, event.request_id, "forwarded", event)
        case CertificateRequestRefused():
            return _with_request(subscriber, event.request_id, "refused")
        case CertificateRegistered():
            known = {**subscriber.certificates, event.certificate_id: Certificate(event)}
            entered = replace(subscriber, certificates=known)
            return _with_request(entered, event.request_id, "done")
        case CertificateRevoked():
            ended = _end(subscriber, (event.certificate_id,), "revoked")
            return _with_request(ended, event.request_id, "done")
        case DeviceHandedOver():
            return replace(subscriber, devices={**subscriber.devices, event.device: event})
        case DeviceReturned():
            return _take(_end(subscriber, event.certificates, "returned"), event.device)
        case DeviceLost():
            gone = _take(_end(subscriber, event.certificates, "lost"), event.device)
            return replace(gone, lost=gone.lost | {event.device})
        case DeviceRecovered():
            return _with_request(subscriber, event.request_id, "done")


def _with_request(
    subscriber: Subscriber,
    request_id: UUID | None,
    state: str,
    forwarded: CertificateRequestForwarded | None = None,
) -> Subscriber:
    known = subscriber.requests.get(request_id) if request_id else None
    if request_id is None or known is None:
        return subscriber
    moved = replace(known, state=state, forwarded=forwarded or known.forwarded)
    return replace(subscriber, requests={**subscriber.requests, request_id: moved})


def _end(subscriber: Subscriber, names: tuple[UUID, ...], why: str) -> Subscriber:
    ended = {
        name: replace(one, ended=one.ended | {why}) if name in names else one
        for name, one in subscriber.certificates.items()
    }
    return replace(subscriber, certificates=ended)


def _take(subscriber: Subscriber, device: str) -> Subscriber:
    rest = {name: held for name, held in subscriber.devices.items() if name != device}
    return replace(subscriber, devices=rest)
