"""Import this before anything else in a process that nameko serves.

`services/<name>/service.py` begins with

    import libs.web.patch  # noqa: F401
    # isort: split

Sockets, locks and psycopg2 then yield to other requests while they wait. Worker processes that
do heavy work (signing, COPY) must not import it.
"""

import eventlet
import eventlet.hubs

eventlet.monkey_patch()

from libs.db.waiting import wait_by  # noqa: E402 - behind the patch


def _pause(descriptor: int, reading: bool, seconds: float, silence: Exception) -> None:
    eventlet.hubs.trampoline(
        descriptor, read=reading, write=not reading, timeout=seconds, timeout_exc=silence
    )


wait_by(_pause)
