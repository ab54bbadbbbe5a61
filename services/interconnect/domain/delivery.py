"""One recipient's delivery: transport, the recipient's own statuses, and requests about it.

Transport: opened, then sent, refused or withdrawn. Processing: what the recipient tells about its
own work, by the nine codes of the field. Whatever is told is recorded; only what is shown follows
a rule. Requests (recall, lấy lại; update, cập nhật) are asked one at a time, because an answer does
not say which request it answers: 15 and 16 close the open one, and so does 02.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from operator import attrgetter
from typing import Any

from services.interconnect.commands import (
    AskRecall,
    AskUpdate,
    Command,
    LapseRecall,
    LapseUpdate,
    OpenDelivery,
    RecordFailure,
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

FAILED_THERE = "axis-fail"
"""Why a delivery is refused whose packet the recipient's own system failed."""
OPENED, SENT, REFUSED, WITHDRAWN = "opened", "sent", "refused", "withdrawn"
RECALLED, UPDATED, REPLACED = "recalled", "updated", "replaced"

_ACCEPTED = ("03", "04", "05", "06")
_OF_A_UNIT = ("04", "05")
_TELLER = attrgetter("teller_id")
_KEY = attrgetter("teller_id", "status_code", "told_at")
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Delivery:
    """What is known of one delivery.

    `transport` is empty, opened, sent, refused or withdrawn; `outcome` is empty while the document
    is in force at the recipient, else recalled, updated or replaced. `request` is the open one;
    those that `lapsed` were given up though they may have left: each may be answered, and until
    then nothing is asked whose answer could be taken for theirs. `may_have_left`: of a refused
    one, that an earlier try may have brought it.
    """

    opened: DeliveryOpened | None = None
    transport: str = ""
    told: tuple[StatusReceived, ...] = ()
    request: Request | None = None
    lapsed: tuple[Request, ...] = ()
    asked: tuple[RecallAsked, ...] = ()
    recalls_sent: int = 0
    outcome: str = ""
    may_have_left: bool = False

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
        case RecordSent() | RecordRefusal() | RecordFailure() | RecordWithdrawal():
            return _transport(delivery, command, names)
        case RecordStatus():
            status = _status(names, command)
            if any(_same(status, told) for told in delivery.told):
                return []
            proof = _proof(delivery, names) if delivery.transport == REFUSED else []
            return [*proof, status]
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
            given_up = replace(delivery, recalls_sent=delivery.recalls_sent + 1)
            return _lapsed(given_up, event, delivery.asked[-1])
        case UpdateAsked():
            return replace(delivery, request=event)
        case UpdateLapsed():
            return _lapsed(delivery, event, _update_of(event))
        case DeliveryReplaced():
            return replace(delivery, outcome=REPLACED)


def _lapsed(delivery: Delivery, event: RecallLapsed | UpdateLapsed, request: Request) -> Delivery:
    lapsed = delivery.lapsed if event.never_left else (*delivery.lapsed, request)
    return replace(delivery, request=None, lapsed=lapsed)


def _update_of(event: UpdateLapsed) -> UpdateAsked:
    asked = {name: value for name, value in vars(event).items() if name != "never_left"}
    return UpdateAsked(**asked)


def _moved(delivery: Delivery, event: PacketSent | DeliveryRefused | DeliveryWithdrawn) -> Delivery:
    match event:
        case PacketSent():
            return replace(delivery, transport=SENT)
        case DeliveryRefused():
            return _refused(delivery, event)
        case DeliveryWithdrawn():
            return replace(delivery, transport=WITHDRAWN, request=None, outcome=RECALLED)


def _refused(delivery: Delivery, event: DeliveryRefused) -> Delivery:
    """What was asked of a document that had left may be answered; of a recall that it has not
    followed nobody is told."""
    refused = replace(delivery, transport=REFUSED, request=None, recalls_sent=len(delivery.asked))
    if event.never_left:
        return replace(refused, outcome="")
    told = delivery.transport == SENT or isinstance(delivery.request, UpdateAsked)
    asked = (delivery.request,) if delivery.request and told else ()
    return replace(refused, lapsed=(*delivery.lapsed, *asked), may_have_left=True)


def _told(delivery: Delivery, status: StatusReceived) -> Delivery:
    """A status, and what it means for what was asked; if nothing was, 15 and 16 mean nothing."""
    delivery = replace(delivery, told=(*delivery.told, status))
    asked = (*((delivery.request,) if delivery.request else ()), *delivery.lapsed)
    match status.status_code:
        case "02":
            outcome = "" if delivery.outcome == REPLACED else delivery.outcome
            return replace(delivery, request=None, lapsed=(), outcome=outcome)
        case "15" if asked:
            outcome = RECALLED if isinstance(asked[0], RecallAsked) else UPDATED
            return replace(delivery, request=None, lapsed=(), outcome=outcome)
        case "16" if asked:
            lapsed = delivery.lapsed if delivery.request else delivery.lapsed[1:]
            return replace(delivery, request=None, lapsed=lapsed)
        case _:
            return delivery


def _transport(
    delivery: Delivery,
    command: RecordSent | RecordRefusal | RecordFailure | RecordWithdrawal,
    names: dict[str, Any],
) -> list[Event]:
    if isinstance(command, RecordFailure):
        # Whoever told a step has the document, whatever his system said of the packet.
        lost = delivery.transport == SENT and not delivery.told
        return [DeliveryRefused(**names, reason_code=FAILED_THERE)] if lost else []
    if delivery.transport != OPENED or delivery.opened is None:
        return []
    match command:
        case RecordSent():
            return [PacketSent(**names, channel=delivery.opened.channel, **vars(command))]
        case RecordRefusal() if delivery.told:
            return _proof(delivery, names)
        case RecordRefusal():
            return [DeliveryRefused(**names, **vars(command))]
        case RecordWithdrawal():
            # Only a recall takes a document back before it has left.
            recalled = isinstance(delivery.request, RecallAsked)
            return [DeliveryWithdrawn(**names)] if recalled else []


def _proof(delivery: Delivery, names: dict[str, Any]) -> list[Event]:
    """Whoever tells of a document has it: an earlier try had left, whatever the last came to."""
    assert delivery.opened is not None
    return [PacketSent(**names, channel=delivery.opened.channel, packet="")]


def _recall(delivery: Delivery, command: AskRecall, names: dict[str, Any]) -> list[Event]:
    _require_askable(delivery)
    if any(isinstance(each, UpdateAsked) for each in delivery.lapsed):
        raise RequestOpen
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
            return [] if ours else _ask_update(delivery, command, names)
        case LapseUpdate():
            return [UpdateLapsed(**names, **vars(command))] if ours else []
        case RecordReplaced():
            there = delivery.transport in (OPENED, SENT) or delivery.may_have_left
            over = delivery.outcome or delivery.refused or not there
            return [] if over else [DeliveryReplaced(**names, by=command.by)]


def _ask_update(delivery: Delivery, command: AskUpdate, names: dict[str, Any]) -> list[Event]:
    if delivery.transport == REFUSED and delivery.may_have_left:
        # Nothing is asked, but if the document is there its update is answered.
        lapsed = UpdateLapsed(**names, by=command.by)
        return [] if _update_of(lapsed) in delivery.lapsed else [lapsed]
    _require_askable(delivery)
    if delivery.lapsed:
        raise RequestOpen
    return [UpdateAsked(**names, by=command.by)]


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
    """Whether one repeats the other: by the numbers of their envelopes, or by the field's key.

    The key is teller, code and second; a step can be told at once for two units of the teller. The
    rest may differ between two tries: what is disclosed, a name that was learnt meanwhile.
    """
    if one.pair_number and other.pair_number:
        return _TELLER(one) == _TELLER(other) and one.pair_number == other.pair_number
    of_a_unit = one.status_code in _OF_A_UNIT
    return _KEY(one) == _KEY(other) and (not of_a_unit or one.unit == other.unit)
