"""What a log sends to a witness (C2SP tlog-witness, add-checkpoint)."""

from dataclasses import dataclass
from typing import Self

from libs.translog.checkpoint import Checkpoint
from libs.translog.encoding import decimal, hash_from_base64, to_base64
from libs.translog.errors import Malformed
from libs.translog.note import MAX_BYTES, Note

PATH = "/add-checkpoint"
"""Below the witness's submission prefix."""
SIZE_TYPE = "text/x.tlog.size"
"""Content type of the answer 409: the size that the witness knows."""
MAX_PROOF = 63
MAX_BODY = MAX_BYTES + 4096


@dataclass(frozen=True)
class Submission:
    """The size that the witness is believed to know, the proof from there, the new checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    note: Note

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read a request's body; raises `Malformed`."""
        head, gap, note = body.partition(b"\n\n")
        try:
            first, *hashes = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise Malformed("a submission is ASCII up to its checkpoint") from error
        if not gap or not first.startswith("old ") or len(hashes) > MAX_PROOF:
            raise Malformed("a submission is an old size, a proof, an empty line, a checkpoint")
        old = decimal(first.removeprefix("old "))
        submission = cls(old, tuple(map(hash_from_base64, hashes)), Note.parse(note))
        Checkpoint.parse(submission.note.text)
        return submission

    def __bytes__(self) -> bytes:
        """The request's body."""
        lines = [f"old {self.old}", *map(to_base64, self.proof)]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + bytes(self.note)

    @property
    def checkpoint(self) -> Checkpoint:
        """What the note says."""
        return Checkpoint.parse(self.note.text)
