"""Which auditor read the archive: written before the file is given, or it is not given."""

from typing import Any
from uuid import uuid4

from libs.db import Unit
from libs.eventstore import NO_STREAM, Context
from libs.observability import correlation_id
from libs.web.principal import Principal
from services.signatures.events import EvidenceConsulted
from services.signatures.recording import JOURNAL


def record(unit: Unit, by: Principal, row: dict[str, Any]) -> None:
    """Append the look at a document's evidence; what it raises denies the answer.

    It has a stream and a trace of its own: nothing is left in the document's.
    """
    look = EvidenceConsulted(uuid4(), row["document_id"], row["evidence"])
    context = Context(
        agency=by.agency,
        handler=by.handler,
        behalf=by.behalf,
        occurred_at=unit.now,
        trace=look.consultation_id,
        correlation=correlation_id(),
    )
    stream = f"evidence-{look.consultation_id}"
    JOURNAL.append(unit.store, stream, NO_STREAM, [look], context, look.consultation_id)
