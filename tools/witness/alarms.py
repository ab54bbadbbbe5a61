"""Alarms as files: what the log signed before and what it signs now, for those who must decide."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from libs.translog import Checkpoint, Note, Submission, to_base64
from libs.translog.files import write_durably
from tools.witness.judgement import Alarm

MAX_FILES = 1000
"""More are counted and logged, and not kept: whoever has old checkpoints could send them all."""


def raise_alarm(folder: Path, alarm: Alarm, submission: Submission, known: Note) -> bool:
    """Keep the evidence; return whether it is new. One submission is kept once."""
    checkpoint = submission.checkpoint
    identity = sha256(checkpoint.text.encode()).hexdigest()[:16]
    path = folder / f"{alarm}-{checkpoint.size}-{identity}.txt"
    if path.exists() or len(alarm_files(folder)) >= MAX_FILES:
        return False
    size = Checkpoint.parse(known.text).size
    proof = "".join(f"{to_base64(hash_)}\n" for hash_ in submission.proof) or "(none)\n"
    write_durably(
        path,
        f"{alarm} of {checkpoint.origin}\n"
        f"seen at {datetime.now(UTC).isoformat(timespec='seconds')}\n\n"
        f"Co-signed here, with {size} entries:\n\n{bytes(known).decode()}\n"
        f"Shown now, with {checkpoint.size} entries:\n\n{bytes(submission.note).decode()}\n"
        f"The proof that came with it, from {submission.old} entries:\n\n{proof}".encode(),
    )
    return True


def alarm_files(folder: Path) -> list[Path]:
    """The alarms that nobody has taken away yet."""
    return sorted(folder.glob("*.txt"))
