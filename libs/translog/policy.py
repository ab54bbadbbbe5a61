"""Whose signatures make a checkpoint good (C2SP tlog-policy).

log <vkey> [<url>]
witness <name> <vkey> [<url>]
group <name> all|any|<number> <name>...
quorum <name>|none
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from libs.translog.checkpoint import Checkpoint
from libs.translog.errors import Malformed, PolicyRefused
from libs.translog.keys import Use, VerifierKey
from libs.translog.note import Note

NONE = "none"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Party:
    """A log or a witness: its key, and where it is spoken to, if that is said."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True)
class Group:
    """Witnesses or groups of which at least `least` must have co-signed."""

    least: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Accepted:
    """A checkpoint that the policy takes: who signed it, and which witnesses, and when (Unix)."""

    checkpoint: Checkpoint
    log: VerifierKey
    witnesses: Mapping[str, int]


@dataclass(frozen=True)
class Policy:
    """Known logs, known witnesses, and the witnesses that must agree."""

    logs: tuple[Party, ...] = ()
    witnesses: Mapping[str, Party] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = NONE

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a policy file; raises `Malformed`, naming the line."""
        reader = _Reader()
        for number, line in enumerate(text.split("\n"), start=1):
            if _CONTROL.search(line):
                raise Malformed(f"line {number} of the policy: a control character")
            words = [word for word in re.split("[ \t]+", line) if word]
            if words and not words[0].startswith("#"):
                try:
                    reader.take(words)
                except Malformed as error:
                    raise Malformed(f"line {number} of the policy: {error}") from error
        if reader.quorum is None:
            raise Malformed("the policy names no quorum")
        return cls(tuple(reader.logs), reader.witnesses, reader.groups, reader.quorum)

    def accept(self, note: Note) -> Accepted:
        """Return what a note says if a known log and enough witnesses have signed it.

        Raises `PolicyRefused`, `SignatureRefused` when a known key's signature is wrong, and
        `Malformed` when the text is no checkpoint.
        """
        checkpoint = Checkpoint.parse(note.text)
        logs = [log.key for log in self.logs if log.key.name == checkpoint.origin]
        if not logs:
            raise PolicyRefused(f"the policy knows no log {checkpoint.origin[:200]}")
        log = note.signed_by(logs)[0].key
        cosigned = self.cosigned(note)
        if not self.satisfied_by(cosigned):
            names = ", ".join(sorted(cosigned)) or "none"
            raise PolicyRefused(f"too few witnesses for {self.quorum}; there are: {names}")
        return Accepted(checkpoint, log, cosigned)

    def satisfied_by(self, cosigned: Mapping[str, int]) -> bool:
        """Tell whether these witnesses (by the policy's names) are the quorum."""
        return self.quorum == NONE or self._holds(self.quorum, cosigned)

    def cosigned(self, note: Note) -> dict[str, int]:
        """Return the witnesses (by the policy's names) that have co-signed, and when (Unix).

        Raises `SignatureRefused` when a known key's signature is wrong.
        """
        names = {party.key: name for name, party in self.witnesses.items()}
        return {names[each.key]: each.at for each in note.checked(names) if each.at is not None}

    def _holds(self, name: str, cosigned: Mapping[str, int]) -> bool:
        if name in self.witnesses:
            return name in cosigned
        group = self.groups[name]
        return sum(self._holds(member, cosigned) for member in group.members) >= group.least


class _Reader:
    """Takes one line after another; what a line names must stand above it."""

    def __init__(self) -> None:
        self.logs: list[Party] = []
        self.witnesses: dict[str, Party] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._members: set[str] = set()

    def take(self, words: list[str]) -> None:
        match words:
            case ["log", key] | ["log", key, _]:
                self.logs.append(Party(_key(key, Use.NOTE, self.logs), *words[2:]))
            case ["witness", name, key] | ["witness", name, key, _]:
                self._check_new(name)
                known = list(self.witnesses.values())
                self.witnesses[name] = Party(_key(key, Use.COSIGNATURE, known), *words[3:])
            case ["group", name, least, *members] if members:
                self._group(name, least, members)
            case ["quorum", name]:
                self._quorum(name)
            case _:
                raise Malformed("not a log, a witness, a group or a quorum")

    def _group(self, name: str, least: str, members: list[str]) -> None:
        self._check_new(name)
        for member in members:
            self._check_known(member)
            if member in self._members:
                raise Malformed(f"{member} is a member twice")
            self._members.add(member)
        wanted = {"all": str(len(members)), "any": "1"}.get(least, least)
        if not re.fullmatch("[1-9][0-9]{0,8}", wanted) or int(wanted) > len(members):
            raise Malformed(f"{least[:30]!r} of {len(members)} members cannot be asked for")
        self.groups[name] = Group(int(wanted), tuple(members))

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise Malformed("a second quorum")
        if name != NONE:
            self._check_known(name)
        self.quorum = name

    def _check_new(self, name: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise Malformed(f"{name} is taken")

    def _check_known(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise Malformed(f"{name} is not defined above")


def _key(text: str, use: Use, known: list[Party]) -> VerifierKey:
    key = VerifierKey.parse(text)
    if key.use is not use:
        raise Malformed(f"the key of {key.name} is not for this use")
    if any(key.public == party.key.public for party in known):
        raise Malformed(f"the key of {key.name} stands there twice")
    return key
