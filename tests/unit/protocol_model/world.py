"""Both sides and the network between them: what can happen next, and what must hold at the end."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.unit.protocol_model.network import Network, Status
from tests.unit.protocol_model.receiver import DUTIES, Receiver
from tests.unit.protocol_model.sender import Sender

Step = tuple[str, Any]


class World:
    """A sender, a receiver and what is on its way. `pace` is what the clock gains with a step.

    Unless it is `declining` the axis takes every document.
    """

    def __init__(
        self,
        most_copies: int,
        pace: timedelta = timedelta(0),
        duties: tuple[str, ...] = DUTIES,
        declining: bool = True,
    ) -> None:
        self.declining = declining
        self.network = Network(most_copies)
        self.sender = Sender(self.network)
        self.receiver = Receiver(self.network, duties)
        self.now = datetime(2026, 11, 22, 1, tzinfo=UTC)
        self.pace = pace

    def steps(self) -> list[Step]:
        """Everything that may happen next without anybody ordering it at the sender's."""
        found: list[Step] = [("deliver", each) for each in self.network.waiting]
        for name in self.sender.documents:
            if self.sender.may_send(name):
                found.append(("hand_over", name))
            if self.declining and self.sender.may_send(name):
                found.append(("refuse", name))
            if self.sender.may_record(name):
                found.append(("record_sent", name))
        return found + self.clerks_steps()

    def clerks_steps(self) -> list[Step]:
        names = self.receiver.documents
        return [("act", (name, what)) for name in names for what in self.receiver.acts(name)]

    def do(self, step: Step) -> None:
        """Let one thing happen."""
        self.now += self.pace
        match step:
            case "deliver", message:
                self.deliver(message)
            case "act", (name, what):
                self.receiver.act(name, what, self.now)
            case "issue", document:
                self.sender.issue(document)
            case "recall", name:
                self.sender.recall(name, self.now)
            case "unreachable", value:
                self.sender.unreachable = value
            case kind, name:
                getattr(self.sender, kind)(name)

    def deliver(self, message: Any) -> None:
        self.network.take(message)
        if isinstance(message, Status):
            self.sender.receive(message)
        else:
            self.receiver.receive(message, self.now)

    def settle(self) -> None:
        """Every job ends, and everything on its way arrives at least once."""
        for name in self.sender.documents:
            if self.sender.may_send(name):
                self.sender.hand_over(name)
            if self.sender.may_record(name):
                self.sender.record_sent(name)
        while left := self.network.undelivered:
            self.deliver(left[-1])

    def finish(self) -> None:
        """The clerk leaves nothing unanswered."""
        self.settle()
        while steps := self.clerks_steps():
            self.do(steps[0])
            self.settle()

    def check(self) -> None:
        """Whether both sides say the same of every document."""
        for name in self.sender.documents:
            told = (self.sender.standing(name), self.sender.asks(name))
            found = (self.receiver.standing(name), self.receiver.asked(name))
            if told == (found[0], "") and found[0] in ("updated", "replaced"):
                # A second update of it is on the clerk's table; nobody waits for her answer.
                continue
            if told == (found[0], "") and self.sender.gave_up(name):
                continue
            assert told == found, f"{name}: the sender says {told}, the receiver {found}"

    def copy(self) -> "World":
        """This world once more; what is in it never changes, only which of it is there."""
        world = World(self.network.most_copies, self.pace, self.receiver.duties, self.declining)
        world.now = self.now
        world.network.copies = self.network.copies.copy()
        world.sender.documents = dict(self.sender.documents)
        world.sender.deliveries = dict(self.sender.deliveries)
        world.sender.tried = self.sender.tried
        world.sender.unreachable = self.sender.unreachable
        world.receiver.packets = dict(self.receiver.packets)
        world.receiver.documents = dict(self.receiver.documents)
        return world

    def check_end(self) -> None:
        """Whether both sides agree when all has arrived, and when all is answered."""
        world = self.copy()
        world.settle()
        world.check()
        world.finish()
        world.check()
        assert not any(world.sender.asks(name) for name in world.sender.documents)

    def key(self) -> Any:
        """What tells this world from another."""
        return (
            frozenset(self.network.copies.items()),
            frozenset(self.sender.deliveries.items()),
            self.sender.tried,
            self.sender.unreachable,
            frozenset(self.receiver.packets.items()),
            frozenset(self.receiver.documents.items()),
        )
