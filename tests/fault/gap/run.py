"""One run: writers, readers, arms and harm on a private server."""

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Engine, text

from libs.db import engine_for
from tests.fault.gap.harm import Harm
from tests.fault.gap.reader import KINDS, follow
from tests.fault.gap.verdict import Outcome, counts, stored_ids
from tests.fault.gap.writer import Ledger, write
from tests.support.servers import PostgresForTests
from tests.support.wait import eventually

WRITERS = ("documents",) * 5 + ("workflow",) * 3
TICK_SECONDS = 0.2
_NO_HORIZON = (
    "CREATE OR REPLACE FUNCTION es.horizon() RETURNS bigint LANGUAGE sql STABLE"
    " AS 'SELECT 9223372036854775807'"
)


@dataclass(frozen=True)
class Moment:
    """How far a run has come."""

    seconds: float
    killed: int
    restarts: int


def run(
    postgres: PostgresForTests,
    seconds: float,
    seed: int,
    show: Callable[[Moment], None] = lambda _: None,
    horizon: bool = True,
) -> Outcome:
    """Write for `seconds` under harm, let all readers come to the end, and compare.

    Without `horizon` the rule is taken out of the store's own reads: the run must then fail.
    """
    urls = postgres.fresh_database()
    owner = engine_for(urls("migrator"), pool_size=1)
    prepare(owner, horizon)
    harm = Harm(postgres, Random(seed), restart_every=min(30.0, seconds / 3))  # noqa: S311
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([follow.__module__, write.__module__])
    with ProcessPoolExecutor(len(WRITERS) + len(KINDS), mp_context=processes) as pool:
        readers = [pool.submit(follow, name, urls(kind.role)) for name, kind in KINDS.items()]
        writers = [
            pool.submit(write, f"writer{n}", role, urls(role), f"{seed}/{n}", seconds)
            for n, role in enumerate(WRITERS)
        ]
        try:
            _harm_while(writers, readers, harm, show)
        finally:
            _end(owner)
        for reader in readers:
            reader.result(timeout=120)
        ledgers = [writer.result() for writer in writers]
    return _judge(owner, seconds, seed, harm, ledgers)


def prepare(owner: Engine, horizon: bool = True) -> None:
    """Lay out what the test keeps beside the store; without `horizon`, take the rule away."""
    with owner.begin() as connection:
        connection.exec_driver_sql(Path(__file__).with_name("schema.sql").read_text("utf-8"))
        for name in KINDS:
            connection.execute(text("INSERT INTO gap.reader (name) VALUES (:name)"), {"name": name})
        if not horizon:
            connection.exec_driver_sql(_NO_HORIZON)


def _harm_while(
    writers: list[Future[Any]],
    readers: list[Future[Any]],
    harm: Harm,
    show: Callable[[Moment], None],
) -> None:
    """Harm the server until the writers have finished; raise what one of the processes raised."""
    began = time.monotonic()
    while not all(writer.done() for writer in writers):
        for process in writers + readers:
            if process.done():
                process.result()
        harm.step()
        show(Moment(time.monotonic() - began, harm.killed, harm.restarts))
        time.sleep(TICK_SECONDS)


def _end(owner: Engine) -> None:
    """Tell the readers to end, once no old transaction hides an event from them."""

    def all_readable() -> bool:
        with owner.begin() as connection:
            newest = "(SELECT coalesce(max(tx), 0) FROM es.event)"
            oldest = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
            return bool(connection.execute(text(f"SELECT {newest} < {oldest}")).scalar())

    eventually(all_readable, within=30)
    with owner.begin() as connection:
        connection.execute(text("UPDATE gap.run SET ended = true"))


def _judge(owner: Engine, seconds: float, seed: int, harm: Harm, ledgers: list[Ledger]) -> Outcome:
    acknowledged = set().union(*(ledger.acknowledged for ledger in ledgers))
    rolled_back = set().union(*(ledger.rolled_back for ledger in ledgers))
    with owner.begin() as connection:
        stored = stored_ids(connection)
        readers, arms = counts(connection)
    owner.dispose()
    return Outcome(
        minutes=round(seconds / 60, 2),
        seed=seed,
        written=len(stored),
        rolled_back=len(rolled_back),
        killed=harm.killed,
        restarts=harm.restarts,
        lost=len(acknowledged - stored),
        risen=len(rolled_back & stored),
        readers=readers,
        arms=arms,
    )
