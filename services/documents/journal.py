"""Documents and registers as their streams tell them: what every decision starts from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any
from uuid import UUID

from libs.contracts.journal import Journal
from libs.db import Unit
from services.documents.domain import incoming, outgoing, register
from services.documents.domain.incoming import Incoming
from services.documents.domain.outgoing import Outgoing
from services.documents.domain.register import Register
from services.documents.events import EVENTS, DocumentArrived

JOURNAL = Journal(EVENTS)
SYSTEM = "system:documents"


@dataclass(frozen=True)
class Loaded:
    """A document, the version of its stream, and its trace; None and 0 for one that is not."""

    document: Outgoing | Incoming | None
    version: int
    trace: UUID | None


def document_stream(document_id: UUID) -> str:
    """The stream of a document."""
    return f"document-{document_id}"


def load(unit: Unit, document_id: UUID) -> Loaded:
    """Read and fold a document's stream."""
    recorded = unit.store.read(document_stream(document_id))
    events = [JOURNAL.event(each) for each in recorded]
    if not events:
        return Loaded(None, 0, None)
    return Loaded(evolved(None, events), len(events), recorded[0].trace)


def evolved(document: Outgoing | Incoming | None, events: Sequence[Any]) -> Outgoing | Incoming:
    """The document after these events of its stream, of which there is at least one."""
    evolve: Any = outgoing.evolve
    if isinstance(document, Incoming) or isinstance(events[0], DocumentArrived):
        evolve = incoming.evolve
    after = reduce(evolve, events, document)
    assert after is not None
    return after


def register_stream(book: Register) -> str:
    """The stream of a register."""
    return f"register-{book.register_id}"


def load_register(unit: Unit, agency_id: UUID, year: int, series: str) -> tuple[Register, int]:
    """A register and the version of its stream, from its last event alone.

    Clerks who take numbers at the same time queue here; were it only for the stream's version,
    all but one of them would have to begin again.
    """
    book = Register(agency_id, year, series)
    unit.hold(register_stream(book))
    last = unit.store.read_last(register_stream(book))
    if last is None:
        return book, 0
    return register.evolve(book, JOURNAL.event(last)), last.version
