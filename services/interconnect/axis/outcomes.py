"""The axis' error codes, and what each means for us: the one table of it.

Codes are those of the axis' ErrorCode (domain facts 6.2). `http-<status>` stands for an answer
without one, `too-large` for more than we take.
"""

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """What is done after a refusal."""

    AGAIN = "nothing of ours: fetched again for as long as it lasts, sent again as often as OURS"
    DAMAGED = "tried again twice, for it may have been damaged on its way; then final"
    FINAL = "final: recorded as a fact"
    OURS = "ours to mend: tried again with back-off, then parked and shown"


@dataclass(frozen=True)
class Meaning:
    """What a code says, and whether it says so of a recipient and not of the packet."""

    text: str
    outcome: Outcome
    of_a_recipient: bool = False


MEANINGS: dict[str, Meaning] = {
    "10": Meaning("bad file or request, or a hash that does not match", Outcome.DAMAGED),
    "15": Meaning("system id or secret wrong, or our clock", Outcome.OURS),
    "18": Meaning("receiver unknown", Outcome.FINAL, of_a_recipient=True),
    "19": Meaning("sender not registered", Outcome.OURS),
    "20": Meaning("system error of the axis", Outcome.AGAIN),
    "21": Meaning("file cannot be processed", Outcome.FINAL),
    "22": Meaning("not conformant edXML", Outcome.FINAL),
    "23": Meaning("receiver locked", Outcome.FINAL, of_a_recipient=True),
    "too-large": Meaning("larger than we take", Outcome.FINAL),
    "http-413": Meaning("larger than the axis takes", Outcome.FINAL),
}
"""All other codes, `http-401` and `http-404` among them, are ours to mend."""

_UNKNOWN = Meaning("unknown", Outcome.OURS)
_TRIES = 3


def meaning(code: str) -> Meaning:
    """What a code means."""
    return MEANINGS.get(code, _UNKNOWN)


def is_final(code: str, times: int) -> bool:
    """Whether a refusal is the axis' last word.

    `times` counts those that may have been damage, with this one; tries that came to no answer, or
    failed for another reason, say nothing of the packet.
    """
    outcome = meaning(code).outcome
    return outcome is Outcome.FINAL or (outcome is Outcome.DAMAGED and times >= _TRIES)


def of_a_recipient(code: str) -> bool:
    """Whether other recipients of the same packet may still be served."""
    return meaning(code).of_a_recipient
