"""The vocabulary of the desk, and what each kind of dead letter brings to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from libs.db import Unit
from libs.eventstore import ANY
from libs.messaging.causes import PlainCause

RELEASE, REFUSE = "release", "refuse"


@dataclass(frozen=True)
class Letter:
    """One thing that was given up. `item` names it for ever: see `proto/lienthong/desk/v1`.

    `what` is the type of the event, the kind of the job, or what the packet was; `behind` counts
    what waits until this is settled; `request_id` is the open request about it.
    """

    item: str
    kind: str
    what: str
    since: datetime
    attempts: int
    cause: str
    behind: int
    trace: UUID | None
    request_id: UUID | None


@dataclass(frozen=True)
class Decision:
    """What two people decided; `reason` is the digest of the reason's blob.

    `seed` makes the ids of its events: see `libs.contracts.journal.event_id`.
    """

    seed: UUID
    action: str
    reason: str
    request_id: UUID
    asked_by: str
    confirmed_by: str

    def named(self) -> dict[str, UUID | str]:
        """What every event of a decision says of it."""
        return {
            "request_id": self.request_id,
            "asked_by": self.asked_by,
            "confirmed_by": self.confirmed_by,
        }


@dataclass(frozen=True)
class Settled:
    """An item that was released or refused: the event that says so, and its stream.

    `expected` is the version of a stream that is the item's own. `trace` and `tx` are those of what
    the item is about.
    """

    item: str
    stream: str
    event: object
    trace: UUID
    tx: int = 0
    expected: int = ANY


class Kind(Protocol):
    """One kind of dead letter of one service."""

    @property
    def name(self) -> str:
        """Event, job or packet."""

    def letters(self) -> str:
        """A SELECT of kind, item, what, since, attempts, cause, behind, trace: those given up."""

    def owns(self, item: str) -> bool:
        """Whether the item is of this kind."""

    def words(self, cause: str) -> PlainCause:
        """A letter's cause in plain words."""

    def effect(self, action: str) -> PlainCause:
        """What a decision would do, in plain words."""

    def settle(self, unit: Unit, items: Sequence[str], decision: Decision) -> list[Settled]:
        """Change the rows of those items that are still given up; nothing is appended here."""
