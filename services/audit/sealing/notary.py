"""The one who signs: nothing that does not follow from what it signed before, ever."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from libs.eventstore import Place
from libs.translog import (
    EMPTY_ROOT,
    Checkpoint,
    Note,
    ProofRefused,
    Tree,
    VerifierKey,
    check_consistency,
)
from services.audit.sealing.errors import DoesNotFollow
from services.audit.sealing.keys import Keys
from services.audit.sealing.memory import Memory, Shard
from services.audit.sealing.shards import ShardName


class Notary:
    """Signs checkpoints, and keeps each before anybody sees it.

    Work with it under `memory.locked(folder)`: two that share a folder could sign two logs.
    """

    def __init__(self, folder: Path, keys: Keys) -> None:
        """Read what was signed before; raises `MemoryLost`."""
        self._folder, self._keys = folder, keys
        try:
            self.memory = Memory.read(folder)
        except FileNotFoundError:
            self.memory = Memory()

    def sign(
        self, name: ShardName, tree: Tree, proof: Sequence[bytes], begin: Place, end: Place
    ) -> Note:
        """Sign a shard's tree whose last event lies at `end`; a new shard begins behind `begin`.

        `proof` shows that the tree begins with the one that was signed last. Raises
        `DoesNotFollow`, `KeyMissing`.
        """
        known, signer = self._known(name), self._keys.signer(name)
        size, root = (known.checkpoint.size, known.checkpoint.root) if known else (0, EMPTY_ROOT)
        if known and known.key != signer.key:
            raise DoesNotFollow(f"the key of {name} is not the one that signed {size} entries")
        if tree.size < size or end < (known.end if known else begin):
            raise DoesNotFollow(f"{tree.size} entries of {name}; {size} were signed")
        try:
            check_consistency(size, root, tree.size, tree.root, proof)
        except ProofRefused as error:
            raise DoesNotFollow(f"{name}: {error}") from error
        if known is None and begin != self.memory.end:
            raise DoesNotFollow(f"{name} does not begin where the shard before it ends")
        note = Checkpoint(signer.key.name, tree.size, tree.root).signed(signer)
        self._keep(
            self.memory.with_shard(
                Shard(name, signer.key, known.begin if known else begin, end, note)
            )
        )
        return note

    def fork(self, name: ShardName, tree: Tree, place: Place, old: Shard) -> Note:
        """Sign a new shard that begins behind `place`; the old one is closed as it is.

        Two persons have decided it: what is signed does not follow from what was signed before.
        """
        signer = self._keys.signer(name)
        note = Checkpoint(signer.key.name, tree.size, tree.root).signed(signer)
        closed = self.memory.with_shard(replace(old, note=old.note.only([old.key])))
        self._keep(closed.with_shard(Shard(name, signer.key, place, place, note)))
        return note

    def _keep(self, memory: Memory) -> None:
        memory.write(self._folder)
        self.memory = memory

    def key(self, name: ShardName) -> VerifierKey:
        """The shard's public key; raises `KeyMissing`."""
        return self._keys.signer(name).key

    def _known(self, name: ShardName) -> Shard | None:
        """What is remembered of the shard; a closed one grows no more."""
        current = self.memory.current
        if current and name < current.name:
            raise DoesNotFollow(f"{name} was closed when {current.name} began")
        return current if current and name == current.name else None
