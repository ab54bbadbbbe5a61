"""As if certificates had expired: who could not sign, and which verdicts would be others.

A signature counts while every certificate above it is valid, or until then was proven by archive
evidence (B-LTA); its timestamp while the authority's is. That is the verdict rule's part that a
calendar decides; revocation cannot be foreseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from services.signatures.pdf.reasons import Reason, reason
from tools.certificates.chain import Chain, name_of
from tools.certificates.inventory import Inventory, Waiting

SIGNERS = ("leader", "seal", "service")
_PROVEN = "B-LTA"


class Dead(Protocol):
    """Whether a certificate counts as expired in the rehearsal."""

    def __call__(self, sha256: str, not_after: datetime) -> bool: ...


def expired_by(instant: datetime) -> Dead:
    """As of a later instant."""
    return lambda _sha256, not_after: not_after < instant


def as_if_expired(sha256: str, now: datetime) -> Dead:
    """As of now, and one certificate more."""
    return lambda each, not_after: each == sha256 or not_after < now


@dataclass(frozen=True)
class Stopped:
    """Somebody who could sign and then could not; `waiting` documents would stand."""

    kind: str
    owner_id: str
    name: str
    agencies: tuple[str, ...]
    because: str
    waiting: int


@dataclass(frozen=True)
class Changed:
    """A waiting document whose verdict would be another."""

    document_id: str
    agency: str
    code: str
    verdict: str
    then: str
    reason: str
    vi: str
    en: str


@dataclass(frozen=True)
class Rehearsal:
    """What would stop."""

    stopped: tuple[Stopped, ...]
    changed: tuple[Changed, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def rehearse(
    inventory: Inventory,
    chains: Mapping[UUID, Chain],
    now: datetime,
    dead: Dead,
    name: Callable[[UUID], str],
    report: Callable[[str], Mapping[str, Any]],
) -> Rehearsal:
    """Compare today with a day on which more is dead.

    `chains` are those of the certificates by their id; `name` and `report` read a holder's name
    and a verdict's report.
    """
    today = expired_by(now)
    stopped = [
        Stopped(
            kind=kind,
            owner_id=str(owner),
            name=name(owner),
            agencies=tuple(inventory.agencies_of(owner)),
            because=_first_dead(held, dead),
            waiting=_waiting(inventory.drafts.values(), kind, owner),
        )
        for (owner, kind), held in _signers(inventory, chains).items()
        if any(_alive(one, today) for one in held) and not any(_alive(one, dead) for one in held)
    ]
    stamps_stop = any(
        _alive(chains[one.registered.certificate_id], today)
        and not _alive(chains[one.registered.certificate_id], dead)
        for one in inventory.certificates()
        if one.registered.kind == "tsa" and one.registered.certificate_id in chains
    )
    changed = [
        _changed(inventory, waiting, why)
        for waiting in inventory.arrivals.values()
        if waiting.verdict == "TOTAL_PASSED" and waiting.report
        for why in _other_verdict(report(waiting.report), dead, stamps_stop)
    ]
    return Rehearsal(tuple(stopped), tuple(changed))


def _signers(
    inventory: Inventory, chains: Mapping[UUID, Chain]
) -> dict[tuple[UUID, str], list[Chain]]:
    """The chains with which somebody may sign, by holder and purpose."""
    found: dict[tuple[UUID, str], list[Chain]] = {}
    for one in inventory.certificates():
        entry = one.registered
        if entry.kind in SIGNERS and entry.certificate_id in chains:
            key = (entry.owner_id, entry.kind)
            found.setdefault(key, []).append(chains[entry.certificate_id])
    return found


def _alive(chain: Chain, dead: Dead) -> bool:
    return not any(dead(one.sha256.hex(), one.not_valid_after) for one in chain.links)


def _first_dead(held: Sequence[Chain], dead: Dead) -> str:
    for chain in held:
        for one in chain.links:
            if dead(one.sha256.hex(), one.not_valid_after):
                return name_of(one)
    return ""


def _waiting(drafts: Iterable[Waiting], kind: str, owner: UUID) -> int:
    if kind == "leader":
        return sum(one.signer_id == owner and not one.signed for one in drafts)
    return sum(one.agency_id == owner for one in drafts) if kind == "seal" else 0


def _other_verdict(report: Mapping[str, Any], dead: Dead, stamps_stop: bool) -> list[Reason]:
    """Why a passed verdict would be open, at most one reason."""
    for signature in report.get("signatures", ()):
        if signature["level"] == _PROVEN:
            continue
        for link in (signature["signer"], *signature["chain"]):
            if dead(link["sha256"], datetime.fromisoformat(link["not_after"])):
                return [reason("certificate_outside_validity", signature["field"])]
        if stamps_stop and signature["timestamp_at"]:
            return [reason("timestamp_invalid", signature["field"])]
    return []


def _changed(inventory: Inventory, waiting: Waiting, why: Reason) -> Changed:
    agency = inventory.agencies.get(waiting.agency_id)
    return Changed(
        waiting.document_id,
        agency.name if agency else "",
        waiting.code,
        waiting.verdict,
        why.verdict,
        why.code,
        why.vi,
        why.en,
    )
