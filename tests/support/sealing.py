"""A store, a log's folders and a sealer over them; the clock is the test's."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import Engine, create_engine, text

from libs.db import Database, engine_for
from libs.eventstore import ANY, Context, NewEvent
from libs.eventstore.bulk import BulkReader
from libs.eventstore.entries import Row
from libs.translog import CHECKPOINT, Checkpoint, LogFiles, Note, VerifierKey
from libs.translog.files import log_in
from services.audit.sealing.files import SIGNED
from services.audit.sealing.keys import KeyFiles, Keys
from services.audit.sealing.memory import locked
from services.audit.sealing.notary import Notary
from services.audit.sealing.seal import Sealer
from services.audit.sealing.shards import ShardName
from services.audit.sealing.witnesses import Witnesses

ORIGIN = "log.h42.example"
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
YEAR = ShardName(2026)
AT = datetime(2026, 11, 22, 7, 5, 0, 120, tzinfo=UTC)


@dataclass
class SealedStore:
    """What the sealer works with, and hands that write and that tamper."""

    url: Callable[[str], str]
    folder: Path
    database: Database
    owner: Engine
    in_token: Keys | None = None
    now: datetime = NOW
    offered: list[tuple[ShardName, Note]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def keys(self) -> Keys:
        return self.in_token or KeyFiles(self.folder / "keys", ORIGIN)

    def append(self, count: int = 1, stream: str | None = None) -> str:
        """Append so many events, one after another, to one stream; its name."""
        name = stream or f"document-{uuid4()}"
        for number in range(count):
            with self.database.unit() as unit:
                unit.store.append(name, ANY, [_event(number)], _context(number))
        return name

    def append_batch(self, count: int) -> str:
        """Append so many events at once to a new stream."""
        return self.append_all(count, f"document-{uuid4()}")

    def append_all(self, count: int, stream: str) -> str:
        """Append so many events at once to a stream."""
        with self.database.unit() as unit:
            unit.store.append(stream, ANY, [_event(n) for n in range(count)], _context(count))
        return stream

    @contextmanager
    def sealer(self) -> Iterator[Sealer]:
        """A sealer that has looked at everything; checkpoints are published at once."""
        publisher = Witnesses(None, self.log)

        def offer(name: ShardName, note: Note) -> None:
            self.offered.append((name, note))
            publisher.offer(name, note)

        with locked(self.state), BulkReader(self.url("audit")) as reader:
            notary, ask = Notary(self.state, self.keys), lambda _: None
            yield Sealer(reader, notary, self.log, offer, lambda: self.now, ask)

    def seal(self) -> int:
        """Seal all that can be sealed now, by a new sealer; how many events."""
        with self.sealer() as sealer:
            return sum(iter(sealer.step, 0))

    def files(self, name: ShardName = YEAR) -> LogFiles:
        return log_in(self.log / str(name))

    def key(self, name: ShardName = YEAR) -> VerifierKey:
        return self.keys.signer(name).key

    def checkpoint(self, name: ShardName = YEAR, path: str = CHECKPOINT) -> Checkpoint:
        """What a shard shows, its signature checked."""
        note = self.files(name).note(path)
        note.signed_by([self.key(name)])
        return Checkpoint.parse(note.text)

    def signed(self, name: ShardName = YEAR) -> Checkpoint:
        return self.checkpoint(name, SIGNED)

    def entries(self, name: ShardName = YEAR) -> list[bytes]:
        size = self.checkpoint(name).size
        bundles = range(-(-size // 256))
        return [entry for index in bundles for entry in self.files(name).bundle(index, size)]

    def rows(self) -> list[Row]:
        with BulkReader(self.url("audit")) as reader:
            return list(reader.rows())

    def tamper(self, statement: str, **values: object) -> None:
        """Change the store as a database administrator can: no trigger, no rule stops him."""
        with self.owner.begin() as connection:
            connection.execute(text("ALTER TABLE es.event DISABLE TRIGGER ALL"))
            connection.execute(text(statement), values)
            connection.execute(text("ALTER TABLE es.event ENABLE TRIGGER ALL"))


@contextmanager
def sealed_store(
    url: Callable[[str], str], folder: Path, in_token: Keys | None = None
) -> Iterator[SealedStore]:
    """A fresh store with this year's key, in a file unless a token is given."""
    engine = engine_for(url("documents"), pool_size=8)
    # Not the services' engine: whoever tampers is not hindered by its limits.
    owner = create_engine(url("migrator").replace("postgresql:", "postgresql+psycopg2:"))
    store = SealedStore(url, folder, Database(engine, "documents"), owner, in_token)
    store.keys.make(YEAR)
    try:
        yield store
    finally:
        engine.dispose()
        owner.dispose()


def _event(number: int) -> NewEvent:
    return NewEvent(uuid4(), "DocumentDrafted", 1, b'{"n":%d}' % number)


def _context(number: int) -> Context:
    """Every third one with all that may be absent."""
    more = {"behalf": "agency-2", "correlation": uuid4(), "causation": uuid4()}
    return Context("agency-1", "person:p/q", AT, UUID(int=7), **(more if number % 3 else {}))  # type: ignore[arg-type]
