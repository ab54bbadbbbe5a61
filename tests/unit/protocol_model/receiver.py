"""The receiver: the real rules of packets and incoming documents, and a clerk."""

from datetime import date, datetime
from functools import reduce
from uuid import UUID

from services.documents.commands import (
    AcceptDocument,
    AgreeRecall,
    ReceiveRecall,
    RecordArrival,
    RefuseDocument,
    RefuseRecall,
    VerifyArrival,
)
from services.documents.domain import incoming as rules
from services.documents.domain.incoming import (
    REFUSED,
    UPDATE,
    VERIFIED,
    WITHDRAWN,
    Command,
    Event,
    Incoming,
    effect_on_older,
)
from services.documents.events import (
    ArrivedFile,
    DocumentAccepted,
    DocumentArrived,
    DocumentRefused,
    DocumentReplaced,
    DocumentWithdrawn,
    RecallRefused,
    UpdateRefused,
)
from services.interconnect.commands import RecordRecall
from services.interconnect.domain import packet as packets
from services.interconnect.domain.packet import Packet
from services.interconnect.events import PacketArrived, RecallArrived, RecallHeld
from tests.unit.protocol_model.network import Document, Name, Network, Recall, Status
from tests.unit.protocol_model.sender import RECIPIENT, SENDER, id_of

FILE = ArrivedFile("a.pdf", "application/pdf", "0" * 64)
TODAY = date(2026, 11, 22)
DUTIES = ("accept", "refuse", "agree_recall", "refuse_recall")


class Receiver:
    """One agency: its packets, and the documents that were made of them.

    Its clerk does what is among `duties`.
    """

    def __init__(self, network: Network, duties: tuple[str, ...] = DUTIES) -> None:
        self.network = network
        self.duties = duties
        self.packets: dict[Name, Packet] = {}
        self.documents: dict[Name, Incoming] = {}

    def receive(self, message: Document | Recall, at: datetime) -> None:
        """Take a packet, and let the documents service follow."""
        packet = self.packets.get(message.name, Packet())
        if isinstance(message, Recall):
            events = self._recall(packet, message)
        elif self._brings_nothing(message):
            return
        else:
            events = [] if packet.arrived else packets.join(packet, _arrival(message))
        self.packets[message.name] = reduce(packets.evolve, events, packet)
        for event in events:
            self._follow(message.name, event, at)

    def _brings_nothing(self, message: Document) -> bool:
        """Whether another packet has brought this document, or has taken its DocumentId."""
        others = (each.arrived for name, each in self.packets.items() if name != message.name)
        known = [each for each in others if each and each.foreign_id == message.wire]
        new = _arrival(message)
        return packets.is_repeat(new, known) or packets.takes_a_name(new, known)

    def _called(self, wire: Name) -> list[Name]:
        documents = self.documents.items()
        return [name for name, each in documents if each.arrived.foreign_id == wire]

    def _recall(self, packet: Packet, message: Recall) -> list[packets.Event]:
        if packet.arrived is None:
            held = RecallHeld(
                packet_id=UUID(int=0),
                sender_id=SENDER,
                recipient_id=RECIPIENT,
                foreign_id=message.name,
                asked_at=message.asked_at,
                request_packet="",
                axis_doc_id="",
            )
            return packets.hold(packet, held)
        command = RecordRecall(
            asked_at=message.asked_at, note=None, request_packet="", channel="axis"
        )
        return packets.recall(packet, command)

    def _follow(self, name: Name, event: packets.Event, at: datetime) -> None:
        match event:
            case PacketArrived():
                self._record(name, event, at)
            case RecallArrived():
                self.do(name, ReceiveRecall(event.asked_at, None, at), at)

    def _record(self, name: Name, event: PacketArrived, at: datetime) -> None:
        command = RecordArrival(
            document_id=id_of(name),
            agency_id=RECIPIENT,
            packet_id=id_of(name),
            sender_id=SENDER,
            foreign_id=event.foreign_id,
            code="",
            issued_on=None,
            type_name="",
            text="",
            urgency=0,
            files=(FILE,),
            validation_id=id_of(name),
            refuse_invalid=False,
            business=event.business,
            supersedes=event.supersedes,
        )
        self.do(name, command, at)
        self.do(name, VerifyArrival(id_of(name), "TOTAL_PASSED", "", refuse_invalid=False), at)
        for other, newer in list(self.documents.items()):
            if other != name and event.foreign_id in newer.arrived.supersedes:
                self._affect(name, newer, at)

    def do(self, name: Name, command: Command, at: datetime) -> None:
        """Carry out a command, tell what follows, and let older documents follow."""
        document = self.documents.get(name)
        events = rules.decide(document, command)
        if not events:
            return
        document = reduce(rules.evolve, events, document)
        assert document is not None
        self.documents[name] = document
        for event in events:
            for code, told_at in _told(event, at):
                wire = document.arrived.foreign_id
                self.network.send(Status(wire, code, told_at.replace(microsecond=0)))
        for wire in document.arrived.supersedes:
            for older in self._called(wire):
                if older != name:
                    self._affect(older, document, at)

    def _affect(self, older: Name, newer: Incoming, at: datetime) -> None:
        command = effect_on_older(newer, at)
        if command:
            self.do(older, command, at)

    def acts(self, name: Name) -> list[str]:
        """What the clerk may do now."""
        document = self.documents[name]
        answers = ["agree_recall", "refuse_recall"] if document.recall else []
        found = [*(["accept", "refuse"] if document.state == VERIFIED else []), *answers]
        return [what for what in found if what in self.duties]

    def act(self, name: Name, what: str, at: datetime) -> None:
        commands: dict[str, Command] = {
            "accept": AcceptDocument("r", 1, TODAY),
            "refuse": RefuseDocument("other", "n"),
            "agree_recall": AgreeRecall(at),
            "refuse_recall": RefuseRecall("n", at),
        }
        self.do(name, commands[what], at)

    def standing(self, name: Name) -> str:
        """What became of the document here."""
        if name not in self.documents:
            return "never sent"
        document = self.documents[name]
        if document.replaced:
            return "updated" if document.replaced.business == UPDATE else "replaced"
        return {"refused": "refused", "withdrawn": "recalled"}.get(document.state, "in force")

    def asked(self, name: Name) -> str:
        """What the clerk has to answer: "recall", the update that waits, or nothing."""
        document = self.documents.get(name)
        if document is None or document.state in (REFUSED, WITHDRAWN):
            return ""
        if document.recall:
            return "recall"
        waiting = [
            other
            for other, newer in self.documents.items()
            if other != name
            and document.arrived.foreign_id in newer.arrived.supersedes
            and newer.arrived.business == UPDATE
            and newer.state == VERIFIED
        ]
        return waiting[0] if waiting else ""


def _arrival(message: Document) -> PacketArrived:
    return PacketArrived(
        packet_id=id_of(message.name),
        sender_id=SENDER,
        recipient_id=RECIPIENT,
        channel="axis",
        packet="",
        foreign_id=message.wire,
        code="",
        type_name="",
        text=message.name,
        urgency=0,
        files=(),
        sender_code="",
        recipient_code="",
        business=message.business,
        supersedes=(message.older,) if message.older else (),
    )


def _told(event: Event, at: datetime) -> list[tuple[str, datetime]]:
    """The status that the event is told by, and when it says that it happened."""
    match event:
        case DocumentArrived():
            return [("01", at)]
        case DocumentRefused():
            return [("02", at)]
        case DocumentAccepted():
            return [("03", at)]
        case DocumentWithdrawn(answered_at=answered_at):
            return [("15", answered_at)]
        case DocumentReplaced(business="update", answered_at=answered_at):
            return [("15", answered_at)]
        case RecallRefused(answered_at=answered_at) | UpdateRefused(answered_at=answered_at):
            return [("16", answered_at)]
        case _:
            return []
