"""Proof files (C2SP tlog-proof): one text shows, without a network, that an entry was logged."""

from dataclasses import dataclass
from typing import Self

from libs.translog.checkpoint import Checkpoint
from libs.translog.encoding import decimal, from_base64, hash_from_base64, to_base64
from libs.translog.errors import Malformed
from libs.translog.note import MAX_BYTES, Note
from libs.translog.policy import Accepted, Policy
from libs.translog.verify import check_inclusion

SUFFIX = ".tlog-proof"
_FIRST = "c2sp.org/tlog-proof@v1"
_MAX_HASHES = 63


@dataclass(frozen=True)
class LogProof:
    """An entry's index, its path to the root, and the signed checkpoint with that root.

    `extra` is said by nobody: what it holds must be checked by other means.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: Note
    extra: bytes | None = None

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read a file of at most 256 KiB; raises `Malformed`."""
        head, gap, note = content.partition(b"\n\n")
        if not gap or len(head) > MAX_BYTES:
            raise Malformed("a proof is an index, hashes, an empty line and a checkpoint")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise Malformed("a proof is ASCII up to its checkpoint") from error
        if lines.pop(0) != _FIRST:
            raise Malformed(f"a proof begins with {_FIRST}")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = from_base64(lines.pop(0).removeprefix("extra "))
        if not lines or not lines[0].startswith("index "):
            raise Malformed("the proof names no index")
        index = decimal(lines.pop(0).removeprefix("index "))
        if len(lines) > _MAX_HASHES:
            raise Malformed(f"a proof has at most {_MAX_HASHES} hashes")
        return cls(index, tuple(map(hash_from_base64, lines)), Note.parse(note), extra)

    def __bytes__(self) -> bytes:
        """The file's content."""
        lines = [_FIRST]
        if self.extra is not None:
            lines.append(f"extra {to_base64(self.extra)}")
        lines += [f"index {self.index}", *map(to_base64, self.hashes)]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + bytes(self.checkpoint)

    def check(self, leaf: bytes, policy: Policy) -> Accepted:
        """Return who vouches that the leaf hash is in the log at `index`.

        Raises `PolicyRefused`, `SignatureRefused`, `ProofRefused` or `Malformed`.
        """
        accepted = policy.accept(self.checkpoint)
        self.check_under(leaf, accepted.checkpoint)
        return accepted

    def check_under(self, leaf: bytes, checkpoint: Checkpoint) -> None:
        """Return if the leaf hash is in the log of a checkpoint that was accepted elsewhere.

        Raises `ProofRefused`.
        """
        check_inclusion(leaf, self.index, checkpoint.size, self.hashes, checkpoint.root)
