"""A copy of a log in its standard layout (C2SP tlog-tiles), every hash checked on the way."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libs.translog import (
    CHECKPOINT,
    ENTRIES,
    Accepted,
    Checkpoint,
    LogFiles,
    Note,
    Tile,
    check_consistency,
    prove_consistency,
    rebuilt,
)
from libs.translog.files import make_folder, write_durably
from tools.log import shown
from tools.log.places import LogUnreachable
from tools.log.trust import Trust

Tick = Callable[[int, int], None]
"""Takes how many entries are done, of how many."""


@dataclass(frozen=True)
class Exported:
    """What was copied, on whose word, and what it was shown to begin with."""

    accepted: Accepted
    self_told: bool
    files: int
    before: int | None

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            **shown.accepted(self.accepted),
            "key_from_the_log_itself": self.self_told,
            "files": self.files,
            "begins_with_earlier_copy_of": self.before,
        }

    def lines(self) -> list[str]:
        """For people."""
        lines = shown.checkpoint_lines(self.accepted)
        lines.append(f"files        {self.files:,}, all as the entries make them")
        if self.before is not None:
            lines.append(f"grown from   the {self.before:,} entries of the earlier copy")
        if self.self_told:
            lines.append("The key was told by the log itself: compare it, or use --policy.")
        return lines


def export(files: LogFiles, trust: Trust, target: Path, tick: Tick) -> Exported:
    """Copy a log into a folder; the checkpoint comes last, when all else is there and right.

    Into the folder of an earlier copy only a log is copied that begins with it. Raises a
    `TranslogError`, `LogUnreachable`.
    """
    try:
        note = files.note()
    except FileNotFoundError as error:
        text = "the log shows no checkpoint: perhaps no witness has co-signed one so far"
        raise LogUnreachable(text) from error
    accepted = trust.accept(note)
    checkpoint = accepted.checkpoint
    before = _earlier(target, trust, checkpoint, files)
    count = done = 0
    for tile, content in rebuilt(files, checkpoint):
        _write(target, tile, content)
        count += 1
        if tile.level == ENTRIES:
            done += tile.width
            tick(done, checkpoint.size)
    make_folder(target)
    write_durably(target / CHECKPOINT, bytes(note))
    return Exported(accepted, trust.self_told, count + 1, before)


def _earlier(target: Path, trust: Trust, new: Checkpoint, files: LogFiles) -> int | None:
    """The size of the copy that is there already, when the new log begins with it."""
    try:
        note = Note.parse((target / CHECKPOINT).read_bytes())
    except FileNotFoundError:
        return None
    old = trust.accept(note).checkpoint
    if old.origin != new.origin:
        raise LogUnreachable(f"{target} holds a copy of {old.origin}")
    proof = prove_consistency(old.size, new.size, files.tile) if old.size <= new.size else []
    check_consistency(old.size, old.root, new.size, new.root, proof)
    return old.size


def _write(target: Path, tile: Tile, content: bytes) -> None:
    path = target / tile.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
