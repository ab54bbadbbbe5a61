"""Where the log's keys are: one for each shard, so that each year has its own.

In files here, in a token or an HSM in `token_keys`.
"""

from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libs.translog import Signer, TranslogError, Use
from libs.translog.files import make_folder, read_key, write_key
from services.audit.sealing.errors import KeyMissing
from services.audit.sealing.shards import ShardName, origin_of


class Keys(Protocol):
    """Gives out signers by shard."""

    def signer(self, name: ShardName) -> Signer:
        """The signer of a shard, under its origin. Raises `KeyMissing`, as its `raw` may."""
        ...

    def make(self, name: ShardName) -> Signer:
        """Make a shard's key, unless it is there. Raises `KeyMissing`."""
        ...


class KeyFiles:
    """Keys as `<shard>.pem` in a folder outside the database (PEM, PKCS #8, mode 0600)."""

    def __init__(self, folder: Path, base: str) -> None:
        """`base` is the log's origin, to which a shard's name is added."""
        self._folder, self._base = folder, base

    def __repr__(self) -> str:
        return f"KeyFiles({str(self._folder)!r})"

    def signer(self, name: ShardName) -> Signer:
        """See `Keys`."""
        path = self._folder / f"{name}.pem"
        try:
            return Signer.of(origin_of(self._base, name), Use.NOTE, read_key(path))
        except FileNotFoundError as error:
            raise KeyMissing(f"{path} is not there: make it with `lienthong log key`") from error
        except (TranslogError, OSError) as error:
            raise KeyMissing(f"{path} cannot be used: {error}") from error

    def make(self, name: ShardName) -> Signer:
        """Make a shard's key, unless it is there."""
        path = self._folder / f"{name}.pem"
        if not path.exists():
            make_folder(self._folder)
            write_key(path, Ed25519PrivateKey.generate())
        return self.signer(name)
