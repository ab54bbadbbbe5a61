"""One recipient's delivery: transport, the recipient's own statuses, and requests about it.

Transport: opened, then sent, refused or withdrawn. Processing: what the recipient tells about its
own work, by the nine codes of the field. Whatever is told is recorded; only what is shown follows
a rule. Requests (recall, lấy lại; update, cập nhật) are asked one at a time, because an answer does
not say which request it answers: 15 and 16 close the open one, and so does 02.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from services.interconnect.commands import (
    AskRecall,
    AskUpdate,
    Command,
    LapseRecall,
    LapseUpdate,
    OpenDelivery,
    RecordRecallSent,
    RecordRefusal,
    RecordReplaced,
    RecordSent,
    RecordStatus,
    RecordWithdrawal,
)
from services.interconnect.domain.names import delivery_id
from services.interconnect.domain.statuses import LABELS
from services.interconnect.errors import (
    DeliveryNotMade,
    DeliveryNotOpened,
    RecalledAlready,
    RefusedByRecipient,
    ReplacedAlready,
    RequestOpen,
    StatusCodeUnknown,
)
from services.interconnect.events import (
    DeliveryOpened,
    DeliveryRefused,
    DeliveryReplaced,
    DeliveryWithdrawn,
    PacketSent,
    RecallAsked,
    RecallLapsed,
    RecallSent,
    StatusReceived,
    UpdateAsked,
    UpdateLapsed,
)

Event = (
    DeliveryOpened
    | PacketSent
    | DeliveryRefused
    | StatusReceived
    | RecallAsked
    | RecallSent
    | RecallLapsed
    | DeliveryWithdrawn
    | UpdateAsked
    | UpdateLapsed
    | DeliveryReplaced
)
Request = RecallAsked | UpdateAsked

OPENED, SENT, REFUSED, WITHDRAWN = "opened", "sent", "refused", "withdrawn"
RECALLED, UPDATED, REPLACED = "recalled", "updated", "replaced"

_ACCEPTED = ("03", "04", "05", "06")
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Delivery:
    """What is known of one delivery.

    `transport` is empty, opened, sent, refused or withdrawn; `outcome` is empty while the document
    is in force at the recipient, else recalled, updated or replaced. `request` is the open one;
    `lapsed` was given up, and may have left all the same: its answer still counts.
    """

    opened: DeliveryOpened | None = None
    transport: str = ""
    told: tuple[StatusReceived, ...] = ()
    request: Request | None = None
    lapsed: RecallAsked | None = None
    asked: tuple[RecallAsked, ...] = ()
    recalls_sent: int = 0
    outcome: str = ""

    @property
    def refused(self) -> bool:
        """Whether the recipient did not accept the document (02); that ends every request."""
        return any(each.status_code == "02" for each in self.told)

    @property
    def taken(self) -> bool:
        """Whether the recipient has accepted the document, or an update in its place."""
        accepted = any(each.status_code in _ACCEPTED for each in self.told)
        return self.transport == SENT and (accepted or self.outcome == UPDATED)

    @property
    def recall_to_send(self) -> RecallAsked | None:
        """The open recall that the recipient must be told of, and was not told of yet."""
        unsent = self.transport == SENT and self.recalls_sent < len(self.asked)
        open_recall = self.request if isinstance(self.request, RecallAsked) else None
        return open_recall if unsent else None


def decide(delivery: Delivery, command: Command) -> list[Event]:
    """Say what happened, or nothing when it was recorded before.

    Raises `DeliveryNotOpened`, `StatusCodeUnknown` (no order of statuses is refused) and, for what
    is asked of the recipient, the errors of `_require_askable`.
    """
    if isinstance(command, OpenDelivery):
        return [] if delivery.opened else [_opened(command)]
    if delivery.opened is None:
        raise DeliveryNotOpened
    names = _names(delivery.opened)
    match command:
        case RecordSent() | RecordRefusal() | RecordWithdrawal():
            return _transport(delivery, command, names)
        case RecordStatus():
            status = _status(names, command)
            return [] if any(_same(status, told) for told in delivery.told) else [status]
        case AskRecall():
            return _recall(delivery, command, names)
        case RecordRecallSent():
            unsent = delivery.recalls_sent < len(delivery.asked)
            return [RecallSent(**names, **vars(command))] if unsent else []
        case LapseRecall():
            asked = delivery.recall_to_send
            what = {**names, **vars(command)}
            return [RecallLapsed(**what, asked_at=asked.asked_at)] if asked else []
        case AskUpdate() | LapseUpdate() | RecordReplaced():
            return _update(delivery, command, names)


def evolve(delivery: Delivery, event: Event) -> Delivery:
    """Apply a fact."""
    match event:
        case DeliveryOpened():
            return replace(delivery, opened=event, transport=OPENED)
        case PacketSent() | DeliveryRefused() | DeliveryWithdrawn():
            return _moved(delivery, event)
        case StatusReceived():
            return _told(delivery, event)
        case RecallAsked():
            return replace(delivery, request=event, asked=(*delivery.asked, event))
        case RecallSent():
            return replace(delivery, recalls_sent=delivery.recalls_sent + 1)
        case RecallLapsed():
            sent, lapsed = delivery.recalls_sent + 1, delivery.asked[-1]
            return replace(delivery, recalls_sent=sent, request=None, lapsed=lapsed)
        case UpdateAsked():
            return replace(delivery, request=event)
        case UpdateLapsed():
            return replace(delivery, request=None)
        case DeliveryReplaced():
            return replace(delivery, outcome=REPLACED)


def _moved(delivery: Delivery, event: PacketSent | DeliveryRefused | DeliveryWithdrawn) -> Delivery:
    match event:
        case PacketSent():
            return replace(delivery, transport=SENT)
        case DeliveryRefused():
            return replace(delivery, transport=REFUSED, request=None, outcome="")
        case DeliveryWithdrawn():
            return replace(delivery, transport=WITHDRAWN, request=None, outcome=RECALLED)


def _told(delivery: Delivery, status: StatusReceived) -> Delivery:
    """A status, and what it means for what was asked; if nothing was, 15 and 16 mean nothing."""
    delivery = replace(delivery, told=(*delivery.told, status))
    request = delivery.request or delivery.lapsed
    if status.status_code not in ("02", "15", "16") or request is None:
        return delivery
    closed = replace(delivery, request=None)
    if status.status_code != "15":
        return closed
    outcome = RECALLED if isinstance(request, RecallAsked) else UPDATED
    return replace(closed, lapsed=None, outcome=outcome)


def _transport(
    delivery: Delivery,
    command: RecordSent | RecordRefusal | RecordWithdrawal,
    names: dict[str, Any],
) -> list[Event]:
    if delivery.transport != OPENED or delivery.opened is None:
        return []
    match command:
        case RecordSent():
            return [PacketSent(**names, channel=delivery.opened.channel, **vars(command))]
        case RecordRefusal():
            return [DeliveryRefused(**names, reason_code=command.reason_code)]
        case RecordWithdrawal():
            # Only a recall takes a document back before it has left.
            recalled = isinstance(delivery.request, RecallAsked)
            return [DeliveryWithdrawn(**names)] if recalled else []


def _recall(delivery: Delivery, command: AskRecall, names: dict[str, Any]) -> list[Event]:
    _require_askable(delivery)
    asked_at = command.at.replace(microsecond=0)
    if delivery.asked:
        # A request is known by its second: no two may share one.
        asked_at = max(asked_at, delivery.asked[-1].asked_at + _SECOND)
    return [RecallAsked(**names, asked_at=asked_at, note=command.note)]


def _require_askable(delivery: Delivery) -> None:
    if delivery.transport == REFUSED:
        raise DeliveryNotMade
    if delivery.refused:
        raise RefusedByRecipient
    if delivery.outcome == RECALLED:
        raise RecalledAlready
    if delivery.outcome:
        raise ReplacedAlready
    if delivery.request is not None:
        raise RequestOpen


def _update(
    delivery: Delivery,
    command: AskUpdate | LapseUpdate | RecordReplaced,
    names: dict[str, Any],
) -> list[Event]:
    ours = isinstance(delivery.request, UpdateAsked) and delivery.request.by == command.by
    match command:
        case AskUpdate():
            if ours:
                return []
            _require_askable(delivery)
            return [UpdateAsked(**names, by=command.by)]
        case LapseUpdate():
            return [UpdateLapsed(**names, by=command.by)] if ours else []
        case RecordReplaced():
            there = delivery.transport in (OPENED, SENT)
            over = delivery.outcome or delivery.refused or not there
            return [] if over else [DeliveryReplaced(**names, by=command.by)]


def _names(opened: DeliveryOpened) -> dict[str, Any]:
    """The ids that every later event repeats, so that its readers need no other."""
    return {
        "delivery_id": opened.delivery_id,
        "dispatch_id": opened.dispatch_id,
        "document_id": opened.document_id,
        "sender_id": opened.sender_id,
        "recipient_id": opened.recipient_id,
    }


def _opened(command: OpenDelivery) -> DeliveryOpened:
    return DeliveryOpened(
        delivery_id=delivery_id(command.dispatch_id, command.recipient_id), **vars(command)
    )


def _status(names: dict[str, Any], command: RecordStatus) -> StatusReceived:
    if command.status_code not in LABELS:
        raise StatusCodeUnknown
    return StatusReceived(**names, **vars(command))


def _same(one: StatusReceived, other: StatusReceived) -> bool:
    # Status packets have no id: the same content in other bytes, or by another way, is a repeat.
    return one == replace(other, status_packet=one.status_packet, channel=one.channel)
