"""The other service: a nameko process with one real consumer that notes what it applied."""

import libs.web.patch  # noqa: F401

# isort: split
import os
from types import SimpleNamespace
from typing import Any

from sqlalchemy import text

from libs.db import Unit
from libs.eventstore import Recorded
from libs.messaging.consumer import EventConsumer
from libs.web.serve import run

_NOTE = text("INSERT INTO bench.applied VALUES (:position)")


def note(_message: Any, event: Recorded, unit: Unit) -> None:
    """The effect: one row, in the transaction that moves the consumer's position."""
    unit.connection.execute(_NOTE, {"position": event.position})


class BenchService:
    """Wiring only."""

    name = "workflow"
    policies = EventConsumer("workflow.policies", {"DraftReviewed": note})


if __name__ == "__main__":
    environment: Any = SimpleNamespace(
        database_url=os.environ["DATABASE_URL"], amqp_url=os.environ["AMQP_URL"]
    )
    run(BenchService, environment)
