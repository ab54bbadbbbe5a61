"""What travels between the two sides, and a network that delays, repeats and reorders it.

A lost packet is sent again by its job, so loss is delay; nothing is given up.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

Name = str


@dataclass(frozen=True)
class Document:
    """A document packet: what it is for, and the older document that it names then.

    Some senders give an update the DocumentId of what it updates: then `alias` is that.
    """

    name: Name
    business: str = ""
    older: Name = ""
    alias: Name = ""

    @property
    def wire(self) -> Name:
        """What the document is called on the wire."""
        return self.alias or self.name


@dataclass(frozen=True)
class Recall:
    """A status packet 13, or a document packet of type 1."""

    name: Name
    asked_at: datetime


@dataclass(frozen=True)
class Status:
    """A status packet of the receiver, by the document's name on the wire and whole seconds."""

    name: Name
    code: str
    told_at: datetime


Message = Document | Recall | Status


class Network:
    """Messages on their way, with how many of their copies may still be delivered."""

    def __init__(self, most_copies: int) -> None:
        self.most_copies = most_copies
        self.copies: Counter[Message] = Counter()

    def send(self, message: Message) -> None:
        """Put a message on its way; each copy may arrive whenever it likes."""
        self.copies[message] = self.most_copies

    def take(self, message: Message) -> None:
        """Deliver one copy."""
        self.copies[message] -= 1
        if not self.copies[message]:
            del self.copies[message]

    @property
    def waiting(self) -> list[Message]:
        """What may be delivered next."""
        return list(self.copies)

    @property
    def undelivered(self) -> list[Message]:
        """What has not arrived even once."""
        return [each for each, copies in self.copies.items() if copies == self.most_copies]
