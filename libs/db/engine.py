"""One engine for each process: psycopg2, read committed, bounded statements."""

import _socket
import time
from functools import partial
from typing import Any

import psycopg2
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import InvalidatePoolError

from libs.eventstore import RestoredNotRebased

# So long without use, and a connection may have died without a sign on its socket.
_LONG_IDLE_SECONDS = 30.0

# A server that is cut off answers nothing, and nothing tells: after half a minute it is gone.
_NETWORK = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,  # milliseconds
}


def engine_for(url: str, *, pool_size: int = 10, application: str = "lienthong") -> Engine:
    """An engine on `url`; the bare `postgresql://` form means psycopg2.

    Idle transactions are ended after 10 s and statements after 30 s: a writing transaction that
    lingers would hold the store's horizon for everybody. No connection is opened on a store that
    was restored and not rebased: `RestoredNotRebased`.
    """
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg2")
    options = (
        "-c idle_in_transaction_session_timeout=10000 -c statement_timeout=30000"
        " -c lock_timeout=10000 -c timezone=UTC"
    )
    engine = create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={"options": options, "application_name": application, **_NETWORK},
    )
    event.listen(engine, "connect", _refuse_restored)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", partial(_check, engine))
    return engine


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _check(engine: Engine, connection: Any, record: Any, _proxy: object) -> None:
    """Let the pool replace a connection that died in it.

    The server is asked only when the socket has something to say, as it has when the other end
    closed it: asking each time costs a tenth of all work.
    """
    idle = time.monotonic() - record.info.get("used", time.monotonic())
    if _speaks(connection.fileno()) or idle > _LONG_IDLE_SECONDS:
        try:
            engine.dialect.do_ping(connection)
        except psycopg2.Error as error:
            raise InvalidatePoolError("the connection died while it was idle") from error


def _speaks(descriptor: int) -> bool:
    """Whether there is something to be read, or an end."""
    # Not `socket`: eventlet's would wait for something to be read.
    peeking = _socket.socket(fileno=descriptor)
    try:
        peeking.recv(1, _socket.MSG_PEEK | _socket.MSG_DONTWAIT)
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        peeking.detach()


def _refuse_restored(connection: Any, _record: object) -> None:
    """A restore ends every connection, so that asking each new one once is enough."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT es.needs_rebase()")
        needs_rebase = cursor.fetchone()[0]
    connection.rollback()
    if needs_rebase:
        connection.close()
        raise RestoredNotRebased
