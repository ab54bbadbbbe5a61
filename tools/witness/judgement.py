"""What a witness answers to a checkpoint: pure rules of C2SP tlog-witness, in its order."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from libs.translog import (
    EMPTY_ROOT,
    Checkpoint,
    Note,
    ProofRefused,
    SignatureRefused,
    Submission,
    VerifierKey,
    check_consistency,
)

Logs = Mapping[str, Sequence[VerifierKey]]
"""The logs that are witnessed: keys by origin."""


class Alarm(StrEnum):
    """How a log, by its own signature, contradicts what was seen of it."""

    SPLIT_VIEW = "split_view"
    """Two roots for one size: proof enough by itself."""
    FORK = "fork"
    """Longer, and not shown to begin with what was co-signed."""
    ROLLBACK = "rollback"
    """Shorter than what was co-signed. An old checkpoint sent again looks the same."""


class Refusal(Exception):
    """The answer is not 200; `size` is what was last co-signed, for 409 alone."""

    def __init__(
        self, status: int, reason: str, *, size: int | None = None, alarm: Alarm | None = None
    ) -> None:
        super().__init__(reason)
        self.status, self.reason, self.size, self.alarm = status, reason, size, alarm


def nothing_known(origin: str) -> Checkpoint:
    """What is known of a log before its first checkpoint: every log begins with the empty one."""
    return Checkpoint(origin, 0, EMPTY_ROOT)


def trusted_note(submission: Submission, logs: Logs) -> Note:
    """Return the note with the log's own signatures alone; raises `Refusal` (404, 403)."""
    keys = logs.get(submission.checkpoint.origin)
    if keys is None:
        raise Refusal(404, "this log is not witnessed here")
    try:
        submission.note.signed_by(keys)
    except SignatureRefused as error:
        raise Refusal(403, str(error)) from error
    return submission.note.only(keys)


def check_growth(submission: Submission, known: Checkpoint) -> None:
    """Return if the log has only grown since `known`; raises `Refusal` (400, 409, 422).

    The signature must have been checked before: an alarm accuses.
    """
    new = submission.checkpoint
    alarm = _contradiction(new, known)
    if submission.old > new.size:
        raise Refusal(400, "the old size is larger than the checkpoint", alarm=alarm)
    if submission.old != known.size:
        reason = f"the last size co-signed is {known.size}"
        raise Refusal(409, reason, size=known.size, alarm=alarm)
    try:
        check_consistency(known.size, known.root, new.size, new.root, submission.proof)
    except ProofRefused as error:
        # What begins with nothing cannot contradict it: then the request alone is wrong.
        fork = Alarm.FORK if known.size else None
        raise Refusal(422, str(error), alarm=alarm or fork) from error


def _contradiction(new: Checkpoint, known: Checkpoint) -> Alarm | None:
    if new.size < known.size:
        return Alarm.ROLLBACK
    if new.size == known.size and new.root != known.root:
        return Alarm.SPLIT_VIEW if known.size else None
    return None
