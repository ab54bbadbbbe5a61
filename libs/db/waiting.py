"""Waiting for the database in a process of greenlets: with an end, whatever the other side does.

There libpq's own `connect_timeout` does nothing, and `statement_timeout` is the server's: one that
was cut off, or stands still, keeps neither.
"""

from collections.abc import Callable
from typing import Any

import psycopg2
from psycopg2 import extensions

CONNECT_SECONDS = 5.0
"""For each answer while a connection is made."""
ANSWER_SECONDS = 40.0
"""For each answer afterwards: the server ends a statement after 30 s."""

Pause = Callable[[int, bool, float, Exception], None]
"""Lets others work until a descriptor can be read (True) or written, or raises after seconds."""

_MADE = {
    extensions.STATUS_READY,
    extensions.STATUS_BEGIN,
    extensions.STATUS_SYNC,
    extensions.STATUS_PREPARED,
}


def wait_by(pause: Pause) -> None:
    """Let every psycopg2 connection of this process wait by `pause`.

    Silence is an `OperationalError`; psycopg2 closes the connection, and the pool makes another.
    """

    def wait(connection: Any) -> None:
        while (state := connection.poll()) != extensions.POLL_OK:
            if state not in (extensions.POLL_READ, extensions.POLL_WRITE):
                raise psycopg2.OperationalError(f"bad result from poll: {state!r}")
            seconds = ANSWER_SECONDS if connection.status in _MADE else CONNECT_SECONDS
            silence = psycopg2.OperationalError(f"no answer from the database in {seconds:g} s")
            pause(connection.fileno(), state == extensions.POLL_READ, seconds, silence)

    extensions.set_wait_callback(wait)
