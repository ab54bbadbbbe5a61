"""One rebuild of a service's read models: begun or gone on with, filled, exchanged.

It runs beside the serving consumer, as a third one with tables, positions and retry rows of its
own (`<service>.rebuild`), and with the same handlers. It appends nothing: the role that runs it may
not. Killed at any instant, it goes on from its positions when it is run again.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from sqlalchemy import text

from libs.db import Database, connection_lost, engine_for, may_run_again
from libs.eventstore import EventStore, Place, Recorded
from libs.messaging.applier import PAGE, Applier
from libs.messaging.decision import Position
from libs.messaging.positions import Positions
from libs.messaging.read_models import ReadModels
from libs.messaging.rebuild import beside
from libs.messaging.rebuild.prepare import prepare
from libs.messaging.rebuild.refusal import RebuildRefused
from libs.messaging.rebuild.swap import exchange, refuse_failed

# Any constant that no other lock of this installation uses.
LOCK_SPACE = 0x4C54
EXCHANGES = 40
PAUSE_SECONDS = 0.25


@dataclass(frozen=True)
class Outcome:
    """What a rebuild did: events applied in this run, seconds of it, and of its exchange."""

    events: int
    seconds: float
    exchange_seconds: float
    failed: int


class Rebuild:
    """The rebuild of one service's read models, as the role that owns its tables.

    `watch` is told how many events are applied, and of how many.
    """

    def __init__(
        self, url: str, service: str, models: ReadModels,
        watch: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:  # fmt: skip
        self._service = service
        self._models = models
        self._watch = watch
        self._rebuilt = [table.name for table in models.rebuilt]
        self._shared = [table.name for table in models.shared]
        self._serving = f"{service}.projections"
        self._consumer = f"{service}.rebuild"
        self._engine = engine_for(url, pool_size=4, application=self._consumer)
        schema = beside.beside(service)
        mapped = self._engine.execution_options(schema_translate_map={service: schema})
        self._database = Database(mapped, schema)
        self._applier = Applier(self._consumer, self._database, models.handlers)
        self._done = self._total = 0

    def run(self, *, with_parked: bool = False, restart: bool = False) -> Outcome:
        """Rebuild and exchange. Raises `RebuildRefused`, with the serving tables as they were."""
        begun = time.monotonic()
        try:
            with self._alone():
                with self._engine.begin() as connection:
                    prepare(connection, self._service, self._models, restart=restart)
                before = self._count()
                while self._pass() > PAGE:
                    pass
                while self._applier.run_due():
                    pass
                with self._engine.connect() as connection:
                    if not with_parked:
                        refuse_failed(connection, self._consumer)
                self._settle()
                seconds = self._exchange(with_parked)
                with self._engine.begin() as connection:
                    beside.drop(connection, self._service)
                    failed = sum(Positions(connection, self._serving).counts())
                self._watch(self._done, self._done)
                spent = time.monotonic() - begun
                return Outcome(self._done - before, spent, seconds, failed)
        finally:
            self._engine.dispose()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the service's lock: one rebuild of it at a time in the whole installation."""
        with self._engine.connect() as connection:
            guard = connection.execution_options(isolation_level="AUTOCOMMIT")
            question = text("SELECT pg_try_advisory_lock(:space, hashtext(:service))")
            mine = guard.execute(question, {"space": LOCK_SPACE, "service": self._service})
            if not mine.scalar():
                raise RebuildRefused("runs_already", f"a rebuild of {self._service} runs already")
            yield

    def _count(self) -> int:
        """Set how many events there are to apply; returns how many are applied."""
        behind = (
            "SELECT count(*) FROM es.event AS e JOIN es.checkpoint AS c USING (category)"
            " WHERE c.consumer = :consumer AND (e.tx, e.position) <= (c.tx, c.position)"
        )
        with self._engine.connect() as connection:
            self._done, self._total = (
                int(connection.execute(text(behind), {"consumer": name}).scalar_one())
                for name in (self._consumer, self._serving)
            )
        self._watch(self._done, self._total)
        return self._done

    def _pass(self) -> int:
        """Apply everything up to where the serving consumer stands now; how many events."""
        with self._engine.connect() as connection:
            mine = Positions(connection, self._consumer).all()
            ends = Positions(connection, self._serving).all()
        before = self._done
        events = self._in_order(mine, ends)
        while page := list(islice(events, PAGE)):
            mine = self._applier.apply_page(page, mine, self._tell)
        return self._done - before

    def _in_order(
        self, mine: Mapping[str, Position], ends: Mapping[str, Position]
    ) -> Iterator[Recorded]:
        """The events of all categories in the store's order, so that causes come first."""
        parts = (self._category(name, mine[name].place, ends[name].place) for name in mine)
        return merge(*parts, key=lambda event: event.place)

    def _category(self, name: str, place: Place, end: Place) -> Iterator[Recorded]:
        while place < end:
            with self._engine.connect() as connection:
                page = EventStore(connection).read_category(name, place, PAGE)
            for event in page:
                if event.place > end:
                    return
                yield event
                place = event.place
            if len(page) < PAGE:
                return

    def _tell(self, applied: int) -> None:
        self._done += applied
        self._total = max(self._total, self._done)
        self._watch(self._done, self._total)

    def _settle(self) -> None:
        """What is better done before the exchange: rows of shared tables, and statistics."""
        for table in self._shared:
            with self._engine.begin() as connection:
                connection.execute(
                    text(
                        f'INSERT INTO "{self._service}"."{table}" SELECT *'  # noqa: S608
                        f' FROM "{beside.beside(self._service)}"."{table}" ON CONFLICT DO NOTHING'
                    )
                )
        for table in self._rebuilt:
            with self._engine.begin() as connection:
                name = f'"{beside.beside(self._service)}"."{table}"'
                connection.execute(text(f"ANALYZE {name}"))

    def _exchange(self, with_parked: bool) -> float:
        """Exchange; how many seconds the serving consumer stood still for it."""
        for _ in range(EXCHANGES):
            self._pass()
            begun = time.monotonic()
            try:
                with self._engine.begin() as connection:
                    exchange(
                        connection, self._service, self._rebuilt,
                        catch_up=self._pass, with_failed=with_parked,
                    )  # fmt: skip
                return time.monotonic() - begun
            except Exception as error:
                if connection_lost(error) or not may_run_again(error):
                    raise
            time.sleep(PAUSE_SECONDS)
        raise RebuildRefused(
            "tables_in_use",
            f"the tables of {self._service} were never free for an exchange; what was built"
            " stays: run again when no long reader works",
        )
