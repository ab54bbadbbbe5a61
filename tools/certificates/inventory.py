"""Who holds which certificate, and which documents wait: folded from the events themselves.

As the role `monitor`, which reads every category and no service's tables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from libs.contracts import message
from libs.contracts.journal import Journal
from libs.eventstore import Recorded
from libs.eventstore.bulk import BulkReader
from services.directory.domain.subscriber import Certificate, Subscriber, evolve
from services.directory.events import (
    EVENTS,
    AgencyClosed,
    AgencyRegistered,
    PersonRegistered,
    PositionAssigned,
)

_OVER = {
    "DocumentAccepted", "DocumentRefused", "DocumentWithdrawn", "DocumentReplaced",
    "DocumentIssued", "DocumentVoided",
}  # fmt: skip
_JOURNAL = Journal(EVENTS)


@dataclass
class Waiting:
    """A document that waits: an arrival for its clerk, a draft for its signer or its seal."""

    document_id: str
    agency_id: UUID
    code: str = ""
    verdict: str = ""
    report: str = ""
    signer_id: UUID | None = None
    signed: bool = False


@dataclass
class Inventory:
    """The directory and the waiting documents, as the store has them."""

    agencies: dict[UUID, AgencyRegistered] = field(default_factory=dict)
    closed: dict[UUID, date] = field(default_factory=dict)
    cards: dict[UUID, str] = field(default_factory=dict)
    positions: list[PositionAssigned] = field(default_factory=list)
    subscribers: dict[UUID, Subscriber] = field(default_factory=lambda: defaultdict(Subscriber))
    arrivals: dict[str, Waiting] = field(default_factory=dict)
    drafts: dict[str, Waiting] = field(default_factory=dict)

    def certificates(self) -> Iterator[Certificate]:
        """Every certificate that was entered, whatever became of it."""
        for subscriber in self.subscribers.values():
            yield from subscriber.certificates.values()

    def places(self, owner_id: UUID) -> set[UUID]:
        """The agencies in which a person works, or the agency itself."""
        if owner_id in self.agencies:
            return {owner_id}
        return {one.agency_id for one in self.positions if one.person_id == owner_id}

    def gone(self, owner_id: UUID, day: date) -> bool:
        """Whether all that somebody signs for was closed before that day."""
        places = self.places(owner_id)
        return bool(places) and all(self.closed.get(one, day) < day for one in places)

    def agencies_of(self, owner_id: UUID) -> list[str]:
        """The names of the agencies in which a person works, or the agency's own."""
        names = (self.agencies[one].name for one in self.places(owner_id) if one in self.agencies)
        return sorted(names)


def read(url: str, watch: Callable[[int], None] = lambda _count: None) -> Inventory:
    """Fold the store that `url` enters; `watch` is told how many events were read."""
    found, count = Inventory(), 0
    with BulkReader(url) as reader:
        for category in ("agency", "person", "certificate", "document"):
            apply = _apply_document if category == "document" else _apply_entry
            for event in reader.category(category):
                apply(found, event)
                count += 1
                if count % 1000 == 0:
                    watch(count)
    watch(count)
    return found


def _apply_entry(found: Inventory, recorded: Recorded) -> None:
    event = _JOURNAL.event(recorded)
    if recorded.category == "certificate":
        owner = event.owner_id
        found.subscribers[owner] = evolve(found.subscribers[owner], event)
    elif isinstance(event, AgencyRegistered):
        found.agencies[event.agency_id] = event
    elif isinstance(event, AgencyClosed):
        found.closed[event.agency_id] = event.closed_on
    elif isinstance(event, PersonRegistered):
        found.cards[event.person_id] = event.card
    elif isinstance(event, PositionAssigned):
        found.positions.append(event)


def _apply_document(found: Inventory, recorded: Recorded) -> None:
    name = recorded.stream.removeprefix("document-")
    waiting = found.arrivals.get(name) or found.drafts.get(name)
    if recorded.type in _OVER:
        found.arrivals.pop(name, None)
        found.drafts.pop(name, None)
    elif recorded.type == "DocumentArrived":
        told = message(recorded)
        found.arrivals[name] = Waiting(name, UUID(told.agency_id), told.code)
    elif recorded.type == "DocumentDrafted":
        told = message(recorded)
        signer = UUID(told.signer_id)
        found.drafts[name] = Waiting(name, UUID(told.agency_id), signer_id=signer)
    elif waiting and recorded.type == "ArrivalVerified":
        told = message(recorded)
        waiting.verdict, waiting.report = told.verdict, told.report
    elif waiting and recorded.type == "DocumentSigned":
        waiting.signed = True
