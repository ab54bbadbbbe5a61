"""The packets from one agency to another, counted: 1, 2, 3, ..., documents and answers together.

A receiver who misses a number knows that a packet was lost, without asking.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from services.interconnect.commands import NumberPacket
from services.interconnect.events import PacketNumbered

DOCUMENT, STATUS = "document", "status"


@dataclass(frozen=True)
class Pair:
    """Sender and recipient, and the last number that a packet between them got."""

    sender_id: UUID
    recipient_id: UUID
    last: int = 0

    @property
    def next_number(self) -> int:
        """The number that the next packet gets."""
        return self.last + 1


def decide(pair: Pair, command: NumberPacket) -> list[PacketNumbered]:
    """Give the next number. Never refuses."""
    return [
        PacketNumbered(
            sender_id=pair.sender_id,
            recipient_id=pair.recipient_id,
            number=pair.next_number,
            **vars(command),
        )
    ]


def evolve(pair: Pair, event: PacketNumbered) -> Pair:
    """Each event carries the whole state, so the last one is enough."""
    return replace(pair, last=event.number)
