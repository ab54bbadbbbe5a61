"""One engine for each process: psycopg2, read committed, bounded statements."""

from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url

from libs.eventstore import RestoredNotRebased


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
        pool_pre_ping=True,
        connect_args={"options": options, "application_name": application, "connect_timeout": 5},
    )
    event.listen(engine, "connect", _refuse_restored)
    return engine


def _refuse_restored(connection: Any, _record: object) -> None:
    """A restore ends every connection, so that asking each new one once is enough."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT es.needs_rebase()")
        needs_rebase = cursor.fetchone()[0]
    connection.rollback()
    if needs_rebase:
        connection.close()
        raise RestoredNotRebased
