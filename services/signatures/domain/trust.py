"""Whom verdicts trust (kho tin cậy): versions that one person proposes and another approves.

The store is the union of its parts, one for each source: certificates that an operator gave, and
the list that each scheme publishes (ETSI TS 119 612). An approved version replaces its source's
part. A published list is never followed by an older one, nor used after its end.

A scheme is known by its operator's name as the list writes it: a list under another name is another
source, whose numbers begin anew, beside the old part until that one's end.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.signatures.commands import ApproveTrust, ProposeTrust, RefuseTrustList, RejectTrust
from services.signatures.errors import (
    ListExpired,
    ListNotNewer,
    ProposerMayNotDecide,
    TrustVersionDecided,
    TrustVersionUnknown,
    TrustWithoutRoot,
)
from services.signatures.events import (
    TrustListRefused,
    TrustVersionApproved,
    TrustVersionProposed,
    TrustVersionRejected,
)

Command = ProposeTrust | ApproveTrust | RejectTrust | RefuseTrustList
Event = TrustVersionProposed | TrustVersionApproved | TrustVersionRejected | TrustListRefused


@dataclass(frozen=True)
class Trust:
    """The one store's state: its parts by source, what is open, what was decided."""

    parts: Mapping[str, TrustVersionProposed] = field(default_factory=dict)
    proposed: Mapping[UUID, TrustVersionProposed] = field(default_factory=dict)
    approved: frozenset[UUID] = frozenset()
    rejected: frozenset[UUID] = frozenset()


NEW = Trust()


def decide(trust: Trust, command: Command) -> list[Event]:
    """Refuse, do nothing for what was done, or say what happens.

    Raises `ListNotNewer`, `ListExpired`, `TrustVersionUnknown`, `TrustVersionDecided`,
    `ProposerMayNotDecide`, `TrustWithoutRoot`.
    """
    match command:
        case ProposeTrust(version=version, at=at):
            if version.version_id in trust.proposed:
                return []
            _require_newer(trust, version, at)
            return [version]
        case ApproveTrust():
            return _approve(trust, command)
        case RejectTrust():
            if command.version_id in trust.rejected:
                return []
            version = _open(trust, command.version_id, command.decided_by)
            return [TrustVersionRejected(version.version_id, command.decided_by, command.note)]
        case RefuseTrustList(refusal=refusal):
            return [refusal]


def evolve(trust: Trust, event: Event) -> Trust:
    """Apply a fact."""
    match event:
        case TrustVersionProposed():
            return replace(trust, proposed={**trust.proposed, event.version_id: event})
        case TrustVersionApproved():
            version = trust.proposed[event.version_id]
            return replace(
                trust,
                parts={**trust.parts, version.source: version},
                approved=trust.approved | {event.version_id},
            )
        case TrustVersionRejected():
            return replace(trust, rejected=trust.rejected | {event.version_id})
        case TrustListRefused():
            return trust


def _approve(trust: Trust, command: ApproveTrust) -> list[Event]:
    if command.version_id in trust.approved:
        return []
    version = _open(trust, command.version_id, command.decided_by)
    _require_newer(trust, version, command.at)
    parts = in_use({**trust.parts, version.source: version}.values(), command.at)
    if not parts:
        raise TrustWithoutRoot
    return [
        TrustVersionApproved(
            version_id=version.version_id,
            approved_by=command.decided_by,
            number=len(trust.approved) + 1,
            version=version_of(parts),
        )
    ]


def in_use(parts: Iterable[TrustVersionProposed], at: datetime) -> list[TrustVersionProposed]:
    """Those of the store's parts that verdicts trust at that instant.

    None whose end is over, and none at all without a root among them: then nobody is trusted.
    """
    left = [part for part in parts if part.valid_until is None or part.valid_until > at]
    return left if any(part.roots for part in left) else []


def version_of(parts: Iterable[TrustVersionProposed]) -> str:
    """The name that reports give a store: SHA-256 over its certificates' fingerprints."""
    fingerprints = {one for part in parts for one in part.certificates}
    return hashlib.sha256(b"".join(sorted(bytes.fromhex(one) for one in fingerprints))).hexdigest()


def _open(trust: Trust, version_id: UUID, decided_by: UUID) -> TrustVersionProposed:
    """The version that is open for this person to decide."""
    if version_id in trust.approved | trust.rejected:
        raise TrustVersionDecided
    version = trust.proposed.get(version_id)
    if version is None:
        raise TrustVersionUnknown
    if version.proposed_by == decided_by:
        raise ProposerMayNotDecide
    return version


def _require_newer(trust: Trust, version: TrustVersionProposed, at: datetime) -> None:
    """A published list rises in its number and has not ended; an operator's has neither."""
    if version.valid_until is not None and version.valid_until <= at:
        raise ListExpired(valid_until=version.valid_until.isoformat())
    present = trust.parts.get(version.source)
    if version.sequence and present is not None and version.sequence <= present.sequence:
        raise ListNotNewer(sequence=version.sequence, present=present.sequence)
