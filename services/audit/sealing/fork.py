"""A fork's statement: two persons decide that the log goes on although sealed events are lost.

STATE/operators   public keys of the persons who may decide (name+id+base64), one a line
STATE/fork        the statement, a signed note: one person writes it, another signs it too
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from libs.translog import Malformed, Note, Use, VerifierKey, decimal, hash_from_base64, to_base64
from services.audit.sealing.errors import ForkRefused
from services.audit.sealing.shards import ShardName

STATEMENT = "fork"
OPERATORS = "operators"
PERSONS = 2
_FIRST = "lienthong log fork"
_LINES = 7
_LONGEST_REASON = 500


@dataclass(frozen=True)
class Fork:
    """Of the log `old` the first `kept` entries, under `kept_root`, stay good; `new` follows."""

    old: str
    new: ShardName
    kept: int
    kept_root: bytes
    at: datetime
    reason: str

    @property
    def text(self) -> str:
        """The lines that are signed."""
        lines = (
            _FIRST, self.old, str(self.new), str(self.kept), to_base64(self.kept_root),
            self.at.isoformat(timespec="seconds"), self.reason,
        )  # fmt: skip
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a statement; raises `Malformed`."""
        lines = text.removesuffix("\n").split("\n")
        if len(lines) != _LINES or lines[0] != _FIRST:
            raise Malformed("not the statement of a fork")
        _, old, new, kept, root, at, reason = lines
        try:
            name, instant = ShardName.parse(new), datetime.fromisoformat(at)
        except ValueError as error:
            raise Malformed(f"not the statement of a fork: {error}") from error
        return cls(old, name, decimal(kept), hash_from_base64(root), instant, reason)


def checked_reason(text: str) -> str:
    """A reason in one line; raises `ForkRefused`."""
    reason = text.strip()
    if not reason.isprintable() or not 0 < len(reason) <= _LONGEST_REASON:
        raise ForkRefused(f"a reason is one line of 1 to {_LONGEST_REASON} characters")
    return reason


def operators(state: Path) -> list[VerifierKey]:
    """Who may decide; raises `ForkRefused`."""
    path = state / OPERATORS
    try:
        lines = [line.strip() for line in path.read_text("utf-8").split("\n")]
        keys = [VerifierKey.parse(line) for line in lines if line]
    except (FileNotFoundError, ValueError) as error:
        raise ForkRefused(f"{path} must hold the public keys of two persons: {error}") from error
    if len({key.public for key in keys}) < PERSONS or any(key.use is not Use.NOTE for key in keys):
        raise ForkRefused(f"{path} must hold the public keys of at least two persons")
    return keys


def persons(note: Note, known: Sequence[VerifierKey]) -> list[str]:
    """The names of the operators who have signed a statement; a key counts once.

    Raises `SignatureRefused` when one of their signatures is wrong.
    """
    return sorted({signed.key.public: signed.key.name for signed in note.checked(known)}.values())
