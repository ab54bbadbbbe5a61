"""One engine for each process: psycopg2, read committed, bounded statements."""

from sqlalchemy import Engine, create_engine, make_url


def engine_for(url: str, *, pool_size: int = 10, application: str = "lienthong") -> Engine:
    """An engine on `url`; the bare `postgresql://` form means psycopg2.

    Idle transactions are ended after 10 s and statements after 30 s: a writing transaction that
    lingers would hold the store's horizon for everybody.
    """
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg2")
    options = (
        "-c idle_in_transaction_session_timeout=10000 -c statement_timeout=30000"
        " -c lock_timeout=10000 -c timezone=UTC"
    )
    return create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        connect_args={"options": options, "application_name": application, "connect_timeout": 5},
    )
