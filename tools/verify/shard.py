"""One shard as a whole: whose word its checkpoint is, what it begins with, what tree it makes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from libs.eventstore import START, Place
from libs.eventstore.entries import NotAnEntry, place_of
from libs.translog import (
    CHECKPOINT,
    WIDTH,
    Accepted,
    Checkpoint,
    LogFiles,
    Note,
    Tile,
    TranslogError,
    Tree,
)
from libs.translog.hashing import folded
from libs.translog.prove import subtree_root
from services.audit.sealing.files import SIGNED
from services.audit.sealing.fork import Fork
from services.audit.sealing.past import heading
from services.audit.sealing.shards import ShardName, parts_of
from tools.log.trust import Trust
from tools.verify.findings import Finding
from tools.verify.span import Span, SpanResult

SPAN = 50  # bundles
END = Place(2**62, 0)
"""Behind everything."""


@dataclass
class ShardCheck:
    """A shard with its checkpoints: `accepted` by whom we trust, `newest` signed by the log."""

    name: str
    place: str
    files: LogFiles
    accepted: Accepted | None
    newest: Checkpoint
    findings: list[Finding]
    skip: int = 0
    told: Checkpoint | None = None
    """What it begins with: the last word of the shard before it."""
    fork: Fork | None = None
    """The statement with which it began, if it follows a fork."""
    lost_from: int | None = None
    """The entry from which on the next shard's fork gave it up."""
    last_word: Checkpoint | None = None
    """What that fork tells of it: the last that anybody knew, perhaps more than the files have.

    None where it tells of a later one that was given up whole.
    """

    @property
    def believed(self) -> bool:
        """Whether a checkpoint is here that can be believed."""
        return bool(self.newest.root)

    @property
    def year(self) -> tuple[str, ShardName]:
        """The log's own origin, and the shard's name in it: later years are greater."""
        return parts_of(self.newest.origin)

    @property
    def size(self) -> int:
        """How many entries are checked: all that the log has signed."""
        return self.newest.size

    @property
    def kept(self) -> int:
        """How many of its entries the store must have."""
        return self.size if self.lost_from is None else min(self.lost_from, self.size)

    @property
    def predecessor(self) -> str | None:
        """The origin of the log that it follows, as the fork's statement or its first entry say.

        A fork's first entry may tell of a later one, which was given up whole.
        """
        if self.told is None:
            return None
        return self.fork.old if self.fork else self.told.origin

    @property
    def given_up_whole(self) -> Checkpoint | None:
        """The last that anybody knew of a log behind its predecessor, of which nothing is kept."""
        return self.told if self.told and self.told.origin != self.predecessor else None

    @property
    def given_up(self) -> int:
        """How many entries are known to have been sealed, and need not be in the store."""
        return max(self.size, self.last_word.size if self.last_word else 0) - self.kept

    @property
    def begin(self) -> Place:
        """Behind it lies its first event; START where that cannot be read."""
        return self._after(None, 0)

    @property
    def end(self) -> Place:
        """Where its last event that must be in the store stands; raises a `TranslogError`."""
        return self.place_at(self.kept - 1) if self.kept > self.skip else START

    def place_at(self, index: int) -> Place:
        """Where an entry's event stands in the store's order."""
        return place_of(self.files.entry(index, self.size))

    def spans(self, before: Place | None, start: int, token_file: Path | None) -> Iterator[Span]:
        """The shard in spans, from the bundle `start`; its rows come behind `before`.

        A span ends where the place of its last entry can be read, so that a bundle that cannot be
        is found within one.
        """
        last = -(-self.size // WIDTH)
        if self.size <= self.skip or start >= last:
            return
        first, after = start, self._after(before, start)
        for end in [*range(start + SPAN, last, SPAN), last]:
            until = self._end_of(end)
            if until is None and end < last:
                continue
            skip = self.skip if first == 0 else 0
            until = after if self.kept <= self.skip else until or END
            yield Span(
                self.name, self.place, token_file, self.size, first, end, skip, self.kept,
                after, until,
            )  # fmt: skip
            first, after = end, until

    def _after(self, before: Place | None, start: int) -> Place:
        """Where the first row to look at comes behind."""
        try:
            if start:
                return self.place_at(start * WIDTH - 1)
            if before is not None:
                return before
            # Shards before this one are not here: nothing is known of what lies before it.
            tx, position = self.place_at(self.skip)
            return Place(tx, position - 1)
        except (TranslogError, NotAnEntry, OSError):
            return START

    def _end_of(self, bundles: int) -> Place | None:
        try:
            return self.place_at(min(bundles * WIDTH, self.kept) - 1)
        except (TranslogError, NotAnEntry, OSError):
            return None


def opened(name: str, place: str, files: LogFiles, trust: Trust) -> ShardCheck:
    """Look at a shard's checkpoints; one without any that can be believed has no entries."""
    findings: list[Finding] = []
    accepted = None
    try:
        accepted = trust.accept(files.note(CHECKPOINT))
    except FileNotFoundError:
        findings.append(Finding(name, -1, "checkpoint", detail="no checkpoint was published"))
    except TranslogError as error:
        findings.append(Finding(name, -1, "checkpoint", detail=str(error)))
    newest = accepted.checkpoint if accepted else None
    try:
        signed = trust.signed_by_the_log(files.note(SIGNED))
        if newest is None or signed.size >= newest.size:
            newest = signed
    except FileNotFoundError:
        pass  # a copy has the published one alone
    except TranslogError as error:
        findings.append(Finding(name, -1, "checkpoint", detail=f"{SIGNED}: {error}"))
    if newest and not _is_a_years(newest):
        findings.append(Finding(name, -1, "checkpoint", detail=f"{newest.origin} is no year's log"))
        newest = None
    if newest is None:
        return ShardCheck(name, place, files, None, Checkpoint(name, 0, b""), findings)
    # Whatever its folder is called: the name is what was signed.
    shard = ShardCheck(str(parts_of(newest.origin)[1]), place, files, accepted, newest, findings)
    try:
        _look_into(shard)
    except (ValueError, OSError) as error:
        findings.append(Finding(shard.name, 0, "log", detail=str(error)))
    return shard


def _is_a_years(checkpoint: Checkpoint) -> bool:
    try:
        parts_of(checkpoint.origin)
    except ValueError:
        return False
    return True


def _look_into(shard: ShardCheck) -> None:
    """What the shard begins with, and whether its two checkpoints are of one log."""
    if shard.accepted and shard.accepted.checkpoint != shard.newest:
        _check_within(shard, shard.accepted.checkpoint)
    shard.skip = heading(shard.files, shard.size)
    if shard.skip:
        told = Checkpoint.parse(Note.parse(shard.files.entry(0, shard.size)).text)
        parts_of(told.origin)  # or a ValueError
        shard.told = told
    if shard.skip > 1:
        fork = Fork.parse(Note.parse(shard.files.entry(1, shard.size)).text)
        parts_of(fork.old)
        shard.fork = fork


def _check_within(shard: ShardCheck, older: Checkpoint) -> None:
    root = subtree_root(older.size, shard.files.tile, shard.size) if older.size else older.root
    if root != older.root:
        detail = f"the log does not begin with the {older.size} entries of its published checkpoint"
        shard.findings.append(Finding(shard.name, -1, "checkpoint", detail=detail))


def check_tree(shard: ShardCheck, results: Sequence[SpanResult], start: int) -> Iterator[Finding]:
    """Yield what is wrong above the bundles: tiles of higher levels, and the root."""
    if not all(result.readable for result in results):
        return
    try:
        above = [*_above(shard, start), *(each for result in results for each in result.above)]
        grown = Tree().append(above)
        for tile, content in grown.tiles:
            real = Tile(tile.level + 1, tile.index, tile.width)
            if shard.files.tile(real)[: len(content)] != content:
                detail = f"{real.path} is not what the entries make"
                yield Finding(shard.name, -1, "log", detail=detail)
    except TranslogError as error:
        yield Finding(shard.name, -1, "log", detail=str(error))
        return
    left = Tree().append([leaf for result in results for leaf in result.left]).tree
    edges = [edge for tree in (left, grown.tree) for edge in tree.edge if edge]
    if folded(edges) != shard.newest.root:
        detail = f"the {shard.size:,} entries do not make the root that was signed"
        yield Finding(shard.name, -1, "checkpoint", detail=detail)


def _above(shard: ShardCheck, bundles: int) -> Iterator[bytes]:
    """The hashes above the bundles that are not looked at, as the tiles have them."""
    for index in range(-(-bundles // WIDTH)):
        width = min(WIDTH, (shard.size // WIDTH) - index * WIDTH)
        content = shard.files.tile(Tile(1, index, width))
        for number in range(min(WIDTH, bundles - index * WIDTH)):
            yield content[32 * number : 32 * number + 32]
