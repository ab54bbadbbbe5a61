"""Checkpoints: what a log says of itself at a size (C2SP tlog-checkpoint)."""

from dataclasses import dataclass
from typing import Self

from libs.translog.encoding import decimal, hash_from_base64, to_base64
from libs.translog.errors import Malformed
from libs.translog.keys import Signer
from libs.translog.note import Note
from libs.translog.signatures import sign

_LINES = 3


@dataclass(frozen=True)
class Checkpoint:
    """The root of the log `origin` when it had `size` entries."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a note's text; raises `Malformed`. Believe it only when its note is signed."""
        lines = text.removesuffix("\n").split("\n")
        if not text.endswith("\n") or len(lines) < _LINES or not all(lines):
            raise Malformed("a checkpoint has an origin, a size and a root, each in its line")
        origin, size, root, *extensions = lines
        return cls(origin, decimal(size), hash_from_base64(root), tuple(extensions))

    @property
    def text(self) -> str:
        """The lines that are signed."""
        lines = (self.origin, str(self.size), to_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    def signed(self, signer: Signer) -> Note:
        """Sign it. A log that signs two which do not follow from one another is a forger."""
        return Note(self.text, (sign(self.text, signer),))
