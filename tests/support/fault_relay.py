"""The real relay, killed or paused at a chosen point: `python -m tests.support.fault_relay POINT`.

The points are caught where the relay meets its libraries, so that no line of its own is touched.
"""

import os
import signal
import sys
from collections.abc import Callable
from threading import Event
from typing import Any, NoReturn

import pika.channel
from sqlalchemy import Engine, event

from libs.messaging.relay import main

CURSOR = "UPDATE es.cursor"


def die(*_: Any, **__: Any) -> NoReturn:
    """End this process as a lost machine would."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def before_publish() -> None:
    """Committed events were read, none was published."""
    pika.channel.Channel.basic_publish = die


def before_confirm() -> None:
    """The broker has the messages; its first answer is on the way to us."""
    original = pika.channel.Channel.confirm_delivery

    def confirm_delivery(self: Any, _: Callable[..., Any], callback: Any = None) -> Any:
        return original(self, die, callback=callback)

    pika.channel.Channel.confirm_delivery = confirm_delivery


def before_cursor() -> None:
    """All is confirmed, the cursor not moved."""

    @event.listens_for(Engine, "before_cursor_execute")
    def strike(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(CURSOR):
            die()


def before_commit() -> None:
    """The cursor was moved, its transaction not committed."""

    @event.listens_for(Engine, "after_cursor_execute")
    def arm(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(CURSOR):
            event.listen(Engine, "commit", die)


def pause_before_cursor() -> None:
    """All is confirmed, the cursor not moved; there it stands until it is woken."""
    asleep = Event()

    @event.listens_for(Engine, "before_cursor_execute")
    def strike(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(CURSOR) and not asleep.is_set():
            asleep.set()
            os.kill(os.getpid(), signal.SIGSTOP)


POINTS = {
    "commit and publish": before_publish,
    "publish and confirm": before_confirm,
    "confirm and cursor": before_cursor,
    "cursor and its commit": before_commit,
}
PAUSE = "pause before cursor"

if __name__ == "__main__":
    {**POINTS, PAUSE: pause_before_cursor}[sys.argv[1]]()
    main()
