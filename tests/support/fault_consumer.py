"""A nameko process with one real consumer: `python -m tests.support.fault_consumer [POINT]`.

Its handler writes a row for each event. POINT kills the process at every third event: "commit"
before the transaction's commit, "ack" behind it. A row in interconnect.poison makes the handler
"raise" or "exit" for an event.
"""

import libs.web.patch  # noqa: F401

# isort: split
import os
import signal
import sys
from itertools import count
from typing import Any

import kombu.message
from sqlalchemy import text

from libs.config import load
from libs.contracts.messages import message_classes
from libs.db import Unit
from libs.eventstore import Recorded
from libs.messaging.consumer import EventConsumer
from libs.service import ServiceSettings, checks_of
from libs.web.nameko_http import OpsServer
from libs.web.serve import run
from tests.support.fault_world import CONSUMER, SERVICE

STRIKE_AT = 3
_handled = count(1)
_acked = count(1)


def strike() -> None:
    """End this process as a lost machine would."""
    os.kill(os.getpid(), signal.SIGKILL)


def write_effect(message: Any, event: Recorded, unit: Unit) -> None:
    """One row for each event, unless the stream is poisoned."""
    place = {"stream": event.stream, "version": event.version}
    poison = unit.connection.execute(
        text("SELECT what FROM interconnect.poison WHERE (stream, version) = (:stream, :version)"),
        place,
    ).scalar()
    if poison == "raise":
        raise ValueError("poison")
    if poison == "exit":
        os._exit(9)
    unit.connection.execute(
        text(
            "INSERT INTO interconnect.effect (event_id, stream, version)"
            " VALUES (:id, :stream, :version)"
        ),
        {"id": event.event_id, **place},
    )
    if sys.argv[1:] == ["commit"] and next(_handled) == STRIKE_AT:
        strike()


def strike_before_ack() -> None:
    """Kill the process when it would acknowledge its third message."""
    original = kombu.message.Message.ack

    def ack(self: Any, *arguments: Any, **named: Any) -> Any:
        if next(_acked) == STRIKE_AT:
            strike()
        return original(self, *arguments, **named)

    kombu.message.Message.ack = ack


class OneConsumer:
    """The consumer and its health, nothing else."""

    name = SERVICE
    ops = OpsServer(checks_of(SERVICE))
    policies = EventConsumer(CONSUMER, dict.fromkeys(message_classes(), write_effect))


if __name__ == "__main__":
    if sys.argv[1:] == ["ack"]:
        strike_before_ack()
    run(OneConsumer, load(ServiceSettings, os.environ))
