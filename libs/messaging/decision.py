"""What a consumer does with a message: a pure decision over positions."""

from dataclasses import dataclass
from enum import Enum

from libs.eventstore.model import Place


class Decision(Enum):
    """The four answers to a message, and the one to another epoch's."""

    APPLY = "apply"
    DUPLICATE = "duplicate"
    AHEAD = "ahead"
    FOREIGN = "foreign"


@dataclass(frozen=True)
class Position:
    """How far a consumer has come in one category, and in which epoch of the store."""

    epoch: str
    place: Place


def decide(mine: Position, epoch: str, predecessor: Place, place: Place) -> Decision:
    """Apply when the message follows my position; never skip, never apply twice.

    A message of another epoch tells of a past that a restore has undone. Any other predecessor
    than my position shows a gap: the store has what is missing, and is asked.
    """
    if epoch != mine.epoch:
        return Decision.FOREIGN
    if place <= mine.place:
        return Decision.DUPLICATE
    if predecessor == mine.place:
        return Decision.APPLY
    return Decision.AHEAD
