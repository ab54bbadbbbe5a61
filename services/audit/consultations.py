"""Who looked into the trail: written before the answer goes out, or it does not go out."""

from libs.contracts.journal import Journal
from libs.db import Unit
from libs.eventstore import NO_STREAM, Context
from libs.observability import correlation_id
from libs.web.principal import Principal
from services.audit.events import EVENTS, TrailConsulted

JOURNAL = Journal(EVENTS)


def record(unit: Unit, by: Principal, consulted: TrailConsulted) -> None:
    """Append the consultation in the caller's transaction; what it raises denies the answer.

    It has a stream and a trace of its own: looking at a document leaves nothing in its trace.
    """
    context = Context(
        agency=by.agency,
        handler=by.handler,
        behalf=by.behalf,
        occurred_at=unit.now,
        trace=consulted.consultation_id,
        correlation=correlation_id(),
    )
    stream = f"consultation-{consulted.consultation_id}"
    JOURNAL.append(unit.store, stream, NO_STREAM, [consulted], context, consulted.consultation_id)
