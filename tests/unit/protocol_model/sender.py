"""The sender: the real rules of a delivery, with the jobs around them in their simplest form."""

from datetime import datetime
from functools import reduce
from uuid import UUID, uuid5

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
from services.interconnect.domain import delivery as rules
from services.interconnect.domain.delivery import OPENED, Delivery
from services.interconnect.errors import NotAskable, RequestOpen
from services.interconnect.events import RecallAsked, UpdateAsked
from tests.unit.protocol_model.network import Document, Name, Network, Recall, Status

CUT = "cut"
SENDER, RECIPIENT = UUID(int=1), UUID(int=2)


def id_of(name: Name) -> UUID:
    return uuid5(UUID(int=0), name)


class Sender:
    """All deliveries to one recipient. While he is `unreachable` the axis takes no recalls.

    When that is `CUT`, they leave all the same, and a later try is declined.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.documents: dict[Name, Document] = {}
        self.deliveries: dict[Name, Delivery] = {}
        self.tried: frozenset[Name] = frozenset()
        self.unreachable: bool | str = False

    def issue(self, document: Document) -> None:
        """Open the delivery; an update is asked of the older one's, or this one is not sent."""
        self.documents[document.name] = document
        self.deliveries[document.name] = Delivery()
        name = id_of(document.name)
        opening = OpenDelivery(
            dispatch_id=name,
            document_id=name,
            sender_id=SENDER,
            recipient_id=RECIPIENT,
            channel="axis",
        )
        self._do(document.name, opening)
        if document.business == "update":
            try:
                self._do(document.older, AskUpdate(by=name))
            except RequestOpen:
                refusal = RecordRefusal(reason_code="earlier_request_open", never_left=True)
                self._do(document.name, refusal)
            except NotAskable:
                pass  # the older one is out of force there: this one is an ordinary document

    def may_send(self, name: Name) -> bool:
        return self.deliveries[name].transport == OPENED

    def hand_over(self, name: Name) -> None:
        """The axis takes the packet; whether we come to record it is another matter.

        What was recalled before the first try is kept back; later it may have left already.
        """
        recalled = isinstance(self.deliveries[name].request, RecallAsked)
        if recalled and name not in self.tried:
            self._do(name, RecordWithdrawal())
            self._lapse(name, never_left=True)
        else:
            self.tried |= {name}
            self.network.send(self.documents[name])

    def may_record(self, name: Name) -> bool:
        return self.may_send(name) and name in self.tried

    def record_sent(self, name: Name) -> None:
        self._do(name, RecordSent(packet="p", axis_doc_id="d"))
        self._replace(name)

    def refuse(self, name: Name) -> None:
        """The axis declines the packet for good; an earlier try may have left."""
        never_left = name not in self.tried
        self._do(name, RecordRefusal(reason_code="axis-18", never_left=never_left))
        self._replace(name)
        self._lapse(name, never_left=never_left)

    def recall(self, name: Name, at: datetime) -> bool:
        """Ask for the document back, if it may be asked; whether it was."""
        try:
            self._do(name, AskRecall(at=at, note="n"))
        except NotAskable:
            return False
        return True

    def receive(self, status: Status) -> None:
        command = RecordStatus(
            status_code=status.code,
            told_at=status.told_at,
            unit="",
            staff=None,
            note=None,
            status_packet="",
            channel="axis",
        )
        name = self._meant(status)
        self._do(name, command)
        self._replace(name)

    def _meant(self, status: Status) -> Name:
        """The document that is meant: of one name, an answer is for what was asked about."""
        called = [name for name, each in self.documents.items() if each.wire == status.name]
        asked = [name for name in called if self.deliveries[name].request]
        return asked[0] if asked and status.code in ("15", "16") else called[-1]

    def _replace(self, name: Name) -> None:
        """What was taken stands in the place of what it replaces, and so on."""
        document = self.documents[name]
        if document.business == "replacement" and self.deliveries[name].taken:
            self._do(document.older, RecordReplaced(by=id_of(name)))
            self._replace(document.older)

    def _lapse(self, name: Name, *, never_left: bool) -> None:
        document = self.documents[name]
        if document.business == "update":
            self._do(document.older, LapseUpdate(by=id_of(name), never_left=never_left))

    def _do(self, name: Name, command: Command) -> None:
        delivery = self.deliveries[name]
        delivery = reduce(rules.evolve, rules.decide(delivery, command), delivery)
        asked = delivery.recall_to_send
        if asked:
            cut = self.unreachable == CUT
            told: Command = LapseRecall(reason_code="axis-23", never_left=not cut)
            if cut or not self.unreachable:
                self.network.send(Recall(name, asked.asked_at))
            if not self.unreachable:
                told = RecordRecallSent(status_packet="", channel="axis")
            delivery = reduce(rules.evolve, rules.decide(delivery, told), delivery)
        self.deliveries[name] = delivery

    def standing(self, name: Name) -> str:
        """What the sender believes of the document at the recipient."""
        delivery = self.deliveries[name]
        if delivery.transport == "refused":
            return "never sent"
        if delivery.transport == "withdrawn":
            return "never sent"
        if delivery.refused:
            return "refused"
        return delivery.outcome or "in force"

    def gave_up(self, name: Name) -> bool:
        """Whether something was given up that may have been asked there."""
        return bool(self.deliveries[name].lapsed)

    def asks(self, name: Name) -> str:
        """The request that the sender believes open: "recall", the newer document, or nothing."""
        match self.deliveries[name].request:
            case RecallAsked():
                return "recall"
            case UpdateAsked(by=by):
                return next(each for each in self.documents if id_of(each) == by)
            case None:
                return ""
