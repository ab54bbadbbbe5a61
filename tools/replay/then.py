"""The installation as it was: the services' own projections and routes, over the past.

Nothing is told twice here. The projections of each service fill temporary tables with the events
up to the instant (`libs.messaging.past`), and the service's own routes answer from them as they
answered then, under the rights that the person's position gave.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from libs.blobs import BlobStore
from libs.contracts import message
from libs.db import Database, engine_for
from libs.eventstore import Place, Recorded
from libs.messaging.past import Past
from libs.web.access import AccessTable
from libs.web.api import Api
from libs.web.inside import Known, ask
from libs.web.principal import Principal
from services.audit import queries
from services.documents import api as documents
from services.documents.errors import DocumentsError
from services.documents.projections import READ_MODELS as DOCUMENTS
from services.interconnect import api as interconnect
from services.interconnect.errors import InterconnectError
from services.interconnect.projections import READ_MODELS as INTERCONNECT
from services.workflow import api as workflow
from services.workflow.errors import WorkflowError
from services.workflow.projections import READ_MODELS as WORKFLOW
from tools.platform.handle import ROOT
from tools.replay.times import VIETNAM

DIRECTORY = ("agency", "person", "certificate")
MATTERS = ("document", "register", "process", "dispatch", "delivery", "packet")
_MODELS = {"documents": DOCUMENTS, "workflow": WORKFLOW, "interconnect": INTERCONNECT}
_REFUSALS = {
    "documents": DocumentsError,
    "workflow": WorkflowError,
    "interconnect": InterconnectError,
}
_SERVICE_OF = {
    "documents": "documents",
    "tasks": "workflow",
    "processes": "workflow",
    "dispatches": "interconnect",
}
PAGE = 500
_LONGEST_QUESTION = "5min"


@dataclass(frozen=True)
class Moment:
    """An instant, and the place in the store's order up to which events were known then."""

    at: datetime
    place: Place

    @property
    def day(self) -> date:
        """The day in Việt Nam."""
        return self.at.astimezone(VIETNAM).date()


class Store:
    """The events of the installation, entered as `audit`, which may read them all."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.database = Database(engine_for(url, pool_size=2, application="replay"), "audit")

    def close(self) -> None:
        """End the connections."""
        self.database.engine.dispose()

    def moment(self, at: datetime) -> Moment:
        """What was known at an instant."""
        with self.database.unit() as unit:
            return Moment(at, queries.place_at(unit.connection, at))

    def directory(self, until: Place) -> list[Recorded]:
        """Everything that was entered in the directory."""
        with self.database.unit() as unit:
            found = queries.events_of_categories(unit.connection, DIRECTORY, until)
            return [event for part in _parts(found) for event in unit.store.read_ids(part)]

    def matters(self, subject: queries.Subject, until: Place) -> Iterator[list[Recorded]]:
        """The events of the streams of a subject, in the store's order, page by page."""
        with self.database.unit() as unit:
            unit.connection.execute(text(f"SET LOCAL statement_timeout = '{_LONGEST_QUESTION}'"))
            found = queries.events_of_subject(unit.connection, subject, MATTERS, until)
        for part in _parts(found):
            with self.database.unit() as unit:
                yield unit.store.read_ids(part)


def _parts(found: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for first in range(0, len(found), PAGE):
        yield found[first : first + PAGE]


class Directory:
    """Agencies, people and positions as the directory knew them at a place."""

    def __init__(self, events: Sequence[Recorded], until: Place) -> None:
        self.agencies: dict[str, Any] = {}
        self.cards: dict[str, str] = {}
        self.positions: dict[str, Any] = {}
        for event in events:
            if event.place <= until:
                self._enter(event)

    def _enter(self, event: Recorded) -> None:
        if event.type == "AgencyRegistered":
            entry = message(event)
            self.agencies[entry.agency_id] = entry
        elif event.type == "PersonRegistered":
            entry = message(event)
            self.cards[entry.person_id] = entry.card
        elif event.type == "PositionAssigned":
            entry = message(event)
            self.positions[entry.position_id] = entry

    def held_by(self, person_id: UUID, on: date) -> list[Any]:
        """The positions that the person held on a day."""
        return [
            entry
            for entry in self.positions.values()
            if entry.person_id == str(person_id) and entry.valid_from <= on.isoformat()
        ]

    def agencies_called(self, id_or_code: str) -> list[str]:
        """The agency of this id, or those that have this code."""
        return [
            agency_id
            for agency_id, entry in self.agencies.items()
            if id_or_code in (agency_id, *(code.code for code in entry.codes))
        ]


class Then:
    """The read models of the services that officials use, moved forward by `advance`."""

    def __init__(self, url: str, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._access = AccessTable.read(ROOT / "proto" / "access.toml")
        self._pasts = {name: Past(url, name, models) for name, models in _MODELS.items()}

    def close(self) -> None:
        """Let the tables go."""
        for past in self._pasts.values():
            past.close()

    def advance(self, events: Sequence[Recorded]) -> None:
        """Apply events, in the store's order."""
        for past in self._pasts.values():
            past.advance(events)

    @property
    def failed(self) -> dict[str, str]:
        """Streams that stand still because an event could not be applied, with the cause."""
        return {stream: why for past in self._pasts.values() for stream, why in past.failed.items()}

    def ask(
        self, who: Principal, at: datetime, path: str, **args: str
    ) -> tuple[int, dict[str, Any]]:
        """What the route answered this person then: status and JSON."""
        service = _SERVICE_OF[path.split("/")[2]]
        past = self._pasts[service].database
        api = Api(
            service,
            Known(who),
            self._access,
            refusal=_REFUSALS[service],
            clock=lambda: at,
        )
        if service == "workflow":
            workflow.add_look_ups(api, past)
        elif service == "documents":
            documents.add_look_ups(api, past, self._blobs)
        else:
            interconnect.add_look_ups(api, past, self._blobs)
        return ask(api, path, args)


@contextmanager
def rebuilt(store: Store, blobs: BlobStore) -> Iterator[Then]:
    """Empty read models of the past, for as long as the block lasts."""
    then = Then(store.url, blobs)
    try:
        yield then
    finally:
        then.close()
