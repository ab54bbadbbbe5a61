"""From rows to a signed checkpoint: durable tiles first, then the signature, then the world."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from libs.eventstore import Place
from libs.eventstore.bulk import BulkReader
from libs.eventstore.entries import Row, entry_of, fits, leaf_of
from libs.observability import get_logger
from libs.translog import CHECKPOINT, Note, prove_consistency
from services.audit.sealing.errors import KeyMissing, NotAsAppended
from services.audit.sealing.files import KEY, SIGNED, ShardFiles, show, shown
from services.audit.sealing.notary import Notary
from services.audit.sealing.past import check_store, taken_up
from services.audit.sealing.shards import ShardName, due

BATCH = 1000
Offer = Callable[[ShardName, Note], None]
"""Takes each newly signed checkpoint: to be co-signed, and published as `checkpoint`."""

Check = Callable[[ShardName], None]
"""Asks whether anybody knows a shard that is not begun here; raises `Contradicted`."""

logger = get_logger(__name__)


class Sealer:
    """Seals what the store has behind the last sealed event; `step` is one batch.

    Raises `SealingRefused` in whatever it does; make a new one then, which looks at everything
    again. Work with it under `memory.locked` alone.
    """

    def __init__(
        self, reader: BulkReader, notary: Notary, log: Path, offer: Offer,
        clock: Callable[[], datetime], check_unbegun: Check,
    ) -> None:  # fmt: skip
        self._reader, self._notary, self._log = reader, notary, log
        self._offer, self._clock, self._check_unbegun = offer, clock, check_unbegun
        self._files = taken_up(notary.memory, log)
        check_store(notary.memory, self._files, reader)
        self._show_again()

    def step(self) -> int:
        """Seal the next events, at most `BATCH`; how many they were."""
        memory = self._notary.memory
        batch = list(self._batch(memory.end))
        if not batch:
            return 0
        name, heading = self._shard()
        if self._files is None or heading is not None:
            self._files = ShardFiles(self._log, name)
        entries = [entry for _, entry in batch]
        self._seal(name, [*(heading or []), *entries], memory.end, batch[-1][0])
        return len(batch)

    def _batch(self, after: Place) -> Iterator[tuple[Place, bytes]]:
        """The next events' places and entries; raises `NotAsAppended`."""
        last = after
        for row, prev in self._reader.to_seal(after, BATCH):
            yield row.place, _sealable(row, prev, last)
            last = row.place

    def _shard(self) -> tuple[ShardName, list[bytes] | None]:
        """Which shard a batch goes to; of one to be opened, the entries that it begins with."""
        current = self._notary.memory.current
        opened = due(current.name if current else None, self._clock())
        if current is None:
            assert opened is not None
            return opened, []
        if opened is None or not self._has_key(opened):
            return current.name, None
        self._check_unbegun(opened)
        logger.info("log_shard_closed", shard=str(current.name), size=current.checkpoint.size)
        return opened, [bytes(self._best(current.name))]

    def _has_key(self, name: ShardName) -> bool:
        """Without the new year's key the old shard goes on: nothing stays unsealed for it."""
        try:
            self._notary.key(name)
        except KeyMissing:
            return False
        return True

    def _best(self, name: ShardName) -> Note:
        """The last checkpoint of the growing shard with the co-signatures that it has by now."""
        current = self._notary.memory.current
        assert current is not None
        published = shown(self._log / str(name), CHECKPOINT, current.key)
        return published if published and published.text == current.note.text else current.note

    def _seal(self, name: ShardName, entries: list[bytes], begin: Place, end: Place) -> None:
        files = self._files
        assert files is not None
        old = files.tree.size
        files.write(entries)
        # From the tiles as they lie on disk now: what was signed last must still be in them.
        proof = prove_consistency(old, files.tree.size, files.files.tile)
        note = self._notary.sign(name, files.tree, proof, begin, end)
        if old == 0:
            current = self._notary.memory.current
            assert current is not None
            show(files.folder, KEY, f"{current.key}\n".encode())
        show(files.folder, SIGNED, bytes(note))
        self._offer(name, note)
        files.drop_partial(old)

    def _show_again(self) -> None:
        """Offer what was signed and perhaps not shown: the last of each shard that is here.

        Of one that was forked witnesses may know more than we do: it is not shown to them again.
        """
        shards = self._notary.memory.shards
        forked = {old.name for old, new in pairwise(shards) if new.name.fork}
        for shard in shards:
            folder = self._log / str(shard.name)
            if not folder.is_dir() or shard.name in forked:
                continue
            show(folder, KEY, f"{shard.key}\n".encode())
            show(folder, SIGNED, bytes(shard.note))
            published = shown(folder, CHECKPOINT, shard.key)
            if published is None or published.text != shard.note.text:
                self._offer(shard.name, shard.note)


def _sealable(row: Row, prev: bytes | None, last: Place) -> bytes:
    """The row's entry, if the store's functions can have written it; raises `NotAsAppended`."""
    entry = entry_of(row, prev)
    if row.place <= last:
        why = "it does not come behind the event before"
    elif not fits(row):
        why = "a name is outside the store's limits"
    elif (row.version == 1) != (prev is None):
        why = "its stream has a gap before it"
    elif leaf_of(entry) != row.leaf:
        why = "its columns do not make its leaf"
    else:
        return entry
    raise NotAsAppended(row.stream, row.version, why)
