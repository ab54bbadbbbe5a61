"""How long evidence (bằng chứng) holds, when it is to be renewed, and in which order it is made.

Evidence ends with the first certificate of its timestamp, or when one of its algorithms is no
longer believed. Only a new timestamp made before that day keeps what the old one proves.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.signatures.commands import AddEvidence, RefuseEvidence
from services.signatures.events import EvidenceAdded, EvidenceRefused

Event = EvidenceAdded | EvidenceRefused

MARGIN = timedelta(days=90)
"""How long before its end evidence is renewed: room for an authority that is away for weeks."""
_LEAST = timedelta(days=1)

# Until when an algorithm is believed, by NIST SP 800-57 part 1 rev. 5 (112 bits: to the end of
# 2030) and NIST IR 8547 (RSA and elliptic curves at all: to the end of 2035). No end is set for
# SHA-2. What stands in neither table is believed no longer.
_NEVER, _LONG_AGO = datetime(9999, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)
_FOR_NOW = frozenset({"sha256", "sha384", "sha512"})
_SHORT_KEYS_END = datetime(2031, 1, 1, tzinfo=UTC)
_ALL_KEYS_END = datetime(2036, 1, 1, tzinfo=UTC)
_SMALLEST = {"rsa": 2048, "ec": 256}  # bits
_LONG = {"rsa": 3072, "ec": 256}


@dataclass(frozen=True)
class Evidence:
    """One file's state: what was made last."""

    newest: EvidenceAdded | None = None


NEW = Evidence()


def decide(evidence: Evidence, command: AddEvidence | RefuseEvidence) -> list[Event]:
    """Record evidence made over the newest, or that none is; nothing for a job that ran twice."""
    told = command.refusal if isinstance(command, RefuseEvidence) else command
    newest = evidence.newest.evidence if evidence.newest else told.file
    if told.over != newest:
        return []
    if isinstance(command, RefuseEvidence):
        return [command.refusal]
    ends = holds_until(command.certificate_ends, command.algorithms)
    return [EvidenceAdded(**vars(command), holds_until=ends)]


def evolve(evidence: Evidence, event: Event) -> Evidence:
    """Apply a fact."""
    return Evidence(event) if isinstance(event, EvidenceAdded) else evidence


def holds_until(certificate_ends: datetime, algorithms: Collection[str]) -> datetime:
    """The instant at which the first of its certificates or algorithms ends."""
    return min([certificate_ends, *map(algorithm_ends, algorithms)])


def algorithm_ends(name: str) -> datetime:
    """When an algorithm, as `rsa-2048`, stops being believed; long ago for an unknown one."""
    if name in _FOR_NOW:
        return _NEVER
    kind, _, bits = name.partition("-")
    if kind not in _SMALLEST or not bits.isdecimal() or int(bits) < _SMALLEST[kind]:
        return _LONG_AGO
    return _ALL_KEYS_END if int(bits) >= _LONG[kind] else _SHORT_KEYS_END


def renewal_due(stamped_at: datetime, ends: datetime) -> datetime:
    """When evidence is to be renewed: `MARGIN` before its end, or halfway of what is short.

    At least a day after it was made: an authority whose certificate is about to end must not be
    asked without pause.
    """
    life = ends - stamped_at
    return stamped_at + max(life - MARGIN, life / 2, _LEAST)
