"""One recipient's delivery: the transport status and the processing statuses, kept apart.

Transport: opened, then sent or refused. Processing: what the recipient tells about its own work,
by the nine codes of the field. Whatever is told is recorded; only what is shown follows a rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid5

from services.interconnect.commands import (
    Command,
    OpenDelivery,
    RecordRefusal,
    RecordSent,
    RecordStatus,
)
from services.interconnect.errors import DeliveryNotOpened, StatusCodeUnknown
from services.interconnect.events import (
    DeliveryOpened,
    DeliveryRefused,
    PacketSent,
    StatusReceived,
)

Event = DeliveryOpened | PacketSent | DeliveryRefused | StatusReceived

INSIDE, AXIS = "inside", "axis"

LABELS: dict[str, tuple[str, str]] = {
    "01": ("Đã đến", "arrived"),
    "02": ("Từ chối tiếp nhận", "refused"),
    "03": ("Đã tiếp nhận", "accepted"),
    "04": ("Phân công", "assigned"),
    "05": ("Đang xử lý", "in process"),
    "06": ("Hoàn thành", "finished"),
    "13": ("Lấy lại", "take back"),
    "15": ("Đồng ý lấy lại/cập nhật", "take-back or update agreed"),
    "16": ("Từ chối lấy lại/cập nhật", "take-back or update refused"),
}
"""The nine processing statuses (trạng thái xử lý) in Vietnamese and English."""

# 13 and 16 say nothing about the work itself: anything else is shown before them.
_RANK = {"13": 0, "16": 0, "01": 1, "02": 2, "03": 2, "04": 3, "05": 4, "06": 5, "15": 6}

# Several units may be assigned, and begin, one after the other: 04 and 05 may follow themselves.
_NEXT: dict[str | None, frozenset[str]] = {
    None: frozenset({"01"}),
    "01": frozenset({"02", "03"}),
    "02": frozenset(),
    "03": frozenset({"04", "05", "06"}),
    "04": frozenset({"04", "05", "06"}),
    "05": frozenset({"04", "05", "06"}),
    "06": frozenset(),
}

_AXIS_PACKETS = UUID("5b0d8b5e-7c1c-5a0e-9a43-0f6f1c1f8f51")


def delivery_id(dispatch_id: UUID, recipient_id: UUID) -> str:
    """The delivery of a dispatch to one recipient."""
    return f"{dispatch_id}-{recipient_id}"


def inside_packet_id(dispatch_id: UUID, recipient_id: UUID) -> UUID:
    """The arrival of a dispatch at one recipient inside this installation."""
    return uuid5(dispatch_id, str(recipient_id))


def axis_packet_id(axis_doc_id: str, recipient_id: UUID | None = None) -> UUID:
    """A packet of the axis; for one of our recipients, or as a whole."""
    whole = uuid5(_AXIS_PACKETS, axis_doc_id)
    return whole if recipient_id is None else uuid5(whole, str(recipient_id))


@dataclass(frozen=True)
class Delivery:
    """What is known of one delivery. `transport` is empty, opened, sent or refused."""

    opened: DeliveryOpened | None = None
    transport: str = ""
    told: tuple[StatusReceived, ...] = ()


def decide(delivery: Delivery, command: Command) -> list[Event]:
    """Say what happened, or nothing when it was recorded before.

    Raises `DeliveryNotOpened` and `StatusCodeUnknown`; no order of statuses is refused.
    """
    if isinstance(command, OpenDelivery):
        return [] if delivery.opened else [_opened(command)]
    if delivery.opened is None:
        raise DeliveryNotOpened
    match command:
        case RecordSent():
            return _sent(delivery.opened, command) if delivery.transport == "opened" else []
        case RecordRefusal():
            return _refused(delivery.opened, command) if delivery.transport == "opened" else []
        case RecordStatus():
            status = _status(delivery.opened, command)
            return [] if any(_same(status, told) for told in delivery.told) else [status]


def evolve(delivery: Delivery, event: Event) -> Delivery:
    """Apply a fact."""
    match event:
        case DeliveryOpened():
            return replace(delivery, opened=event, transport="opened")
        case PacketSent():
            return replace(delivery, transport="sent")
        case DeliveryRefused():
            return replace(delivery, transport="refused")
        case StatusReceived():
            return replace(delivery, told=(*delivery.told, event))


def _opened(command: OpenDelivery) -> DeliveryOpened:
    return DeliveryOpened(
        delivery_id=delivery_id(command.dispatch_id, command.recipient_id),
        dispatch_id=command.dispatch_id,
        document_id=command.document_id,
        sender_id=command.sender_id,
        recipient_id=command.recipient_id,
        channel=command.channel,
    )


def _sent(opened: DeliveryOpened, command: RecordSent) -> list[Event]:
    return [
        PacketSent(
            delivery_id=opened.delivery_id,
            dispatch_id=opened.dispatch_id,
            document_id=opened.document_id,
            sender_id=opened.sender_id,
            recipient_id=opened.recipient_id,
            channel=opened.channel,
            packet=command.packet,
            axis_doc_id=command.axis_doc_id,
        )
    ]


def _refused(opened: DeliveryOpened, command: RecordRefusal) -> list[Event]:
    return [
        DeliveryRefused(
            delivery_id=opened.delivery_id,
            dispatch_id=opened.dispatch_id,
            document_id=opened.document_id,
            sender_id=opened.sender_id,
            recipient_id=opened.recipient_id,
            reason_code=command.reason_code,
        )
    ]


def _status(opened: DeliveryOpened, command: RecordStatus) -> StatusReceived:
    if command.status_code not in LABELS:
        raise StatusCodeUnknown
    return StatusReceived(
        delivery_id=opened.delivery_id,
        dispatch_id=opened.dispatch_id,
        document_id=opened.document_id,
        sender_id=opened.sender_id,
        recipient_id=opened.recipient_id,
        status_code=command.status_code,
        told_at=command.told_at,
        unit=command.unit,
        staff=command.staff,
        note=command.note,
        status_packet=command.status_packet,
        channel=command.channel,
    )


def _same(one: StatusReceived, other: StatusReceived) -> bool:
    # Status packets have no id: the same content in other bytes, or by another way, is a repeat.
    return one == replace(other, status_packet=one.status_packet, channel=one.channel)


class Step(Protocol):
    """What a rule needs of a told status."""

    @property
    def status_code(self) -> str: ...
    @property
    def told_at(self) -> datetime: ...


@dataclass(frozen=True)
class Shown:
    """The processing status that the sender sees."""

    status_code: str
    told_at: datetime
    reopened: bool = False


def shown(steps: Sequence[Step]) -> Shown | None:
    """The highest by rank, then by the time told; of two at one instant the later recorded.

    A 05 told after the last 06 is shown as reopened. `steps` are in the order of recording.
    """
    if not steps:
        return None
    best = max(steps, key=lambda step: (_RANK[step.status_code], step.told_at))
    best = [step for step in steps if _place(step) == _place(best)][-1]
    if best.status_code == "06":
        later = [s.told_at for s in steps if s.status_code == "05" and s.told_at > best.told_at]
        if later:
            return Shown("05", max(later), reopened=True)
    return Shown(best.status_code, best.told_at)


def _place(step: Step) -> tuple[int, datetime]:
    return _RANK[step.status_code], step.told_at


def permitted(before: Sequence[str], code: str) -> bool:
    """Whether `code` may follow the codes told before, in the order told (domain rules of 3.2).

    For showing only: 13 asks for the document back and is answered by 15, which ends everything,
    or by 16, after which processing goes on where it was.
    """
    if "15" in before:
        return False
    asks = [each for each in before if each in ("13", "16")]
    asked = bool(asks) and asks[-1] == "13"
    if code in ("15", "16"):
        return asked
    if code == "13":
        return not asked and "02" not in before
    work = [each for each in before if each not in ("13", "16")]
    return code in _NEXT[work[-1] if work else None]
