"""A consumer whose handler fails where it is told to, and streams that it has parked."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from libs.db import Database, Unit, engine_for
from libs.eventstore import ANY, Context, NewEvent, Recorded
from libs.messaging.applier import Applier
from libs.messaging.positions import BACK_OFF_SECONDS

CONSUMER = "workflow.policies"
TRACE = UUID(int=7)


class Office:
    """Documents writes, workflow's policies read: `poison` streams fail with their cause."""

    def __init__(self, url: Callable[[str], str]) -> None:
        self.url = url
        self.documents = Database(engine_for(url("documents")), "documents")
        self.workflow = Database(engine_for(url("workflow")), "workflow")
        self.applier = Applier(CONSUMER, self.workflow, {"DraftReviewed": self._handle})
        self.applied: list[tuple[str, int]] = []
        self.poison: dict[str, Exception] = {}

    def close(self) -> None:
        """End all connections."""
        self.documents.engine.dispose()
        self.workflow.engine.dispose()

    def _handle(self, _message: Any, event: Recorded, _unit: Unit) -> None:
        if event.stream in self.poison:
            raise self.poison[event.stream]
        self.applied.append((event.stream, event.version))

    def write(self, stream: str, count: int = 1, kind: str = "DraftReviewed") -> None:
        """Append events to a document's stream."""
        context = Context("agency-1", "person:x", datetime.now(UTC), TRACE)
        payload = b'{"document_id":"%s"}' % stream.encode()
        events = [NewEvent(uuid4(), kind, 1, payload) for _ in range(count)]
        with self.documents.unit() as unit:
            unit.store.append(stream, ANY, events, context)

    def park(self, stream: str, behind: int = 0, cause: Exception | None = None) -> None:
        """Write a stream whose head is parked with `behind` events after it."""
        self.poison[stream] = cause or ValueError("poison")
        self.write(stream, 1 + behind)
        self.applier.catch_up("document")
        self.run_until_parked(stream)

    def run_until_parked(self, stream: str) -> None:
        """Let every try come due at once until the last has failed."""
        for _ in BACK_OFF_SECONDS:
            self.make_due(stream)
            assert self.applier.run_due()

    def make_due(self, stream: str) -> None:
        """Bring the next try of a stream forward."""
        with self.workflow.unit() as unit:
            statement = "UPDATE es.retry SET due_at = now() WHERE NOT parked AND stream = :stream"
            unit.connection.execute(text(statement), {"stream": stream})

    def heal(self) -> None:
        """Mend the handler."""
        self.poison.clear()

    def run(self) -> list[tuple[str, int]]:
        """Run whatever is due by itself; what has been applied so far."""
        while self.applier.run_due():
            pass
        return self.applied

    def rows(self) -> list[tuple[Any, ...]]:
        """The consumer's retry rows, all columns."""
        with self.workflow.unit() as unit:
            found = unit.connection.execute(text("SELECT * FROM es.retry ORDER BY stream, version"))
            return [tuple(row) for row in found]

    def decided(self, consumer: str = CONSUMER) -> list[Recorded]:
        """What stands on the consumer's desk."""
        with self.workflow.unit() as unit:
            return unit.store.read(f"desk-{consumer}")
