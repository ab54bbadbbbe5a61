"""A signing order ends once: with its signatures or its refusal.

An order for the signer's own device is opened, given out and comes back before; it may be given
out again as long as nothing came back, and ends by itself when its time is over.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from services.signatures.commands import (
    ExpireDeviceSigning,
    FinishSigning,
    OpenDeviceSigning,
    PrepareDeviceSigning,
    RefuseSigning,
    TakeReturned,
)
from services.signatures.errors import NotTheSigner, SigningClosed
from services.signatures.events import (
    DeviceSignatureReturned,
    DeviceSigningOpened,
    DeviceSigningPrepared,
    SignatureMade,
    SigningFinished,
    SigningRefused,
)

FILE, DIGEST = "file", "digest"
MEANS = (FILE, DIGEST)
ATTACHMENT = "attachment"
EXPIRED = "device_signing_expired"

_ByDevice = OpenDeviceSigning | PrepareDeviceSigning | TakeReturned | ExpireDeviceSigning
Command = FinishSigning | RefuseSigning | _ByDevice
Event = (
    SignatureMade
    | SigningFinished
    | SigningRefused
    | DeviceSigningOpened
    | DeviceSigningPrepared
    | DeviceSignatureReturned
)


@dataclass(frozen=True)
class Order:
    """One stream's state."""

    ended: bool = False
    opened: DeviceSigningOpened | None = None
    prepared: DeviceSigningPrepared | None = None
    returned: DeviceSignatureReturned | None = None


NEW = Order()


def decide(order: Order, command: Command) -> list[Event]:
    """What happened; for jobs, which may run twice, nothing once the order has ended.

    Raises `NotTheSigner`, `SigningClosed`.
    """
    match command:
        case FinishSigning():
            return [] if order.ended else _finished(command)
        case RefuseSigning():
            return [] if order.ended else [SigningRefused(**vars(command))]
        case OpenDeviceSigning(opened=opened):
            return [] if order.ended or order.opened else [opened]
        case PrepareDeviceSigning():
            return [_prepared(order, command)]
        case TakeReturned():
            return [_returned(order, command)]
        case ExpireDeviceSigning(at=at):
            return _expired(order, at)
        case _:
            assert_never(command)


def evolve(order: Order, event: Event) -> Order:
    """Apply a fact."""
    match event:
        case SignatureMade():
            return order
        case DeviceSigningOpened():
            return replace(order, opened=event)
        case DeviceSigningPrepared():
            return replace(order, prepared=event)
        case DeviceSignatureReturned():
            return replace(order, returned=event)
        case _:
            return replace(order, ended=True)


def _finished(command: FinishSigning) -> list[Event]:
    last = [made for made in command.signatures if made.role != ATTACHMENT][-1]
    ids = (last.signing_id, last.document_id, last.agency_id)
    return [*command.signatures, SigningFinished(*ids, last.file, command.attachments)]


def _prepared(order: Order, command: PrepareDeviceSigning) -> DeviceSigningPrepared:
    opened = _still_open(order, command.at)
    if str(opened.signer_id) != command.person_id:
        raise NotTheSigner
    return DeviceSigningPrepared(
        signing_id=opened.signing_id,
        document_id=opened.document_id,
        agency_id=opened.agency_id,
        means=command.means,
        expires_at=min(command.expires_at, opened.expires_at),
    )


def _returned(order: Order, command: TakeReturned) -> DeviceSignatureReturned:
    opened = _still_open(order, command.at)
    if order.prepared is None or command.at >= order.prepared.expires_at:
        raise SigningClosed
    return DeviceSignatureReturned(
        signing_id=opened.signing_id,
        document_id=opened.document_id,
        agency_id=opened.agency_id,
        returned=command.returned,
    )


def _still_open(order: Order, at: datetime) -> DeviceSigningOpened:
    opened = order.opened
    if opened is None or order.ended or order.returned or at >= opened.expires_at:
        raise SigningClosed
    return opened


def _expired(order: Order, at: datetime) -> list[Event]:
    opened = order.opened
    if opened is None or order.ended or order.returned or at < opened.expires_at:
        return []
    ids = (opened.signing_id, opened.document_id, opened.agency_id)
    return [SigningRefused(*ids, EXPIRED)]
