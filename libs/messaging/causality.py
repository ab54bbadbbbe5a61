"""Where the causes of events stand in the store."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection, text

from libs.eventstore import Place, Recorded
from libs.messaging.delivery import Cause


def causes_of(connection: Connection, events: Iterable[Recorded]) -> dict[UUID, Cause]:
    """The causes of these events by id: those that are events of categories the role may read."""
    ids = {event.causation for event in events if event.causation}
    if not ids:
        return {}
    rows = connection.execute(
        text(
            "SELECT event_id, category, tx, position FROM es.event"
            " WHERE event_id = ANY (CAST(:ids AS uuid[]))"
        ),
        {"ids": [str(event_id) for event_id in ids]},
    )
    return {row.event_id: Cause(row.category, Place(row.tx, row.position)) for row in rows}
