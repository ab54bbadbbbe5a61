"""Carrying out what people order: read the streams, decide, append once."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from uuid import UUID

from libs.db import Unit
from libs.eventstore import Appended, Context
from services.interconnect.commands import AskRecall, SetDisclosure
from services.interconnect.domain import delivery_id
from services.interconnect.domain import disclosure as disclosures
from services.interconnect.errors import NotAskable, NothingToRecall, NotSentTo
from services.interconnect.events import DispatchOpened
from services.interconnect.journal import (
    JOURNAL,
    Write,
    delivery_stream,
    delivery_writes,
    disclosure_stream,
    hold_dispatch,
    load_disclosure,
)
from services.interconnect.recalls import add_recall_job


@dataclass(frozen=True)
class Asked:
    """Who was asked for the document back, and who was not, with the code of the reason."""

    asked: list[UUID]
    left_out: dict[UUID, str]
    appended: list[Appended]


def recall(
    unit: Unit,
    opened: DispatchOpened,
    recipients: Collection[UUID] | None,
    note: str,
    context: Context,
    seed: UUID,
) -> Asked:
    """Ask these recipients, or all, for the document back; those who cannot be asked are left out.

    `note` is the digest of the reason. Raises `NotSentTo`, and `NothingToRecall` when nobody can
    be asked.
    """
    wanted = opened.recipients if recipients is None else tuple(dict.fromkeys(recipients))
    if strangers := set(wanted) - set(opened.recipients):
        raise NotSentTo(strangers)
    asked: list[UUID] = []
    left_out: dict[UUID, str] = {}
    writes: list[Write] = []
    command = AskRecall(at=unit.now, note=note)
    hold_dispatch(unit, opened.dispatch_id)
    names = [delivery_id(opened.dispatch_id, recipient) for recipient in wanted]
    unit.store.prefetch([delivery_stream(name) for name in names])
    for recipient, name in zip(wanted, names, strict=True):
        try:
            writes += delivery_writes(unit, name, [command])
            asked.append(recipient)
        except NotAskable as error:
            left_out[recipient] = error.code
    if not asked:
        raise NothingToRecall(left_out)
    appended = JOURNAL.append_all(unit.store, writes, context, seed)
    context = replace(context, after_tx=appended[-1].place.tx)
    for recipient in asked:
        name = delivery_id(opened.dispatch_id, recipient)
        add_recall_job(unit, name, seed, context, urgent=opened.urgency > 0)
    return Asked(asked, left_out, appended)


def disclose(
    unit: Unit, agency_id: UUID, level: str, context: Context, seed: UUID
) -> list[Appended]:
    """Lay down what senders see of an agency's steps; nothing is appended when it is the same."""
    disclosure, version = load_disclosure(unit, agency_id)
    events = disclosures.decide(disclosure, SetDisclosure(level=level))
    if not events:
        return []
    stream = disclosure_stream(agency_id)
    return [JOURNAL.append(unit.store, stream, version, events, context, seed)]
