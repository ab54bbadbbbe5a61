"""A stretch of one shard: its entries against its tiles, its rows against its entries.

Spans need nothing of one another, so that several processes work on them.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from libs.eventstore import Place
from libs.eventstore.bulk import BulkReader
from libs.eventstore.entries import Row, leaf_of
from libs.translog import ENTRIES, WIDTH, LogFiles, Tile, TranslogError, Tree
from tools.log.places import files_at
from tools.verify.findings import Finding
from tools.verify.rows import RowCheck

_LEAVES = """
SELECT w.stream, w.version, e.leaf
FROM unnest(%s::text[], %s::bigint[]) AS w (stream, version)
LEFT JOIN es.event AS e ON e.stream = w.stream AND e.version = w.version - 1
"""


@dataclass(frozen=True)
class Span:
    """Bundles `first` up to, not with, `last` of a shard of `size` entries that lies at `place`.

    `skip` entries at its beginning are no events; rows tell of the shard's first `kept` entries
    alone, for later ones were lost by a fork. Its rows lie behind `after`, up to `until`.
    """

    shard: str
    place: str
    token_file: Path | None
    size: int
    first: int
    last: int
    skip: int
    kept: int
    after: Place
    until: Place


@dataclass
class SpanResult:
    """What was found; the hashes above full bundles, and the leaves of the one that is not full."""

    span: Span
    findings: list[Finding] = field(default_factory=list)
    extra: list[tuple[int, Row]] = field(default_factory=list)
    above: list[bytes] = field(default_factory=list)
    left: list[bytes] = field(default_factory=list)
    events: int = 0
    readable: bool = True


def check_span(url: str, span: Span) -> SpanResult:
    """Check one span with the database at `url`; for a process of its own."""
    files = files_at(span.place, span.token_file)
    # Two connections: one streams, the other is asked about single rows meanwhile.
    with BulkReader(url) as reader, BulkReader(url) as asked:
        return _checked(span, files, reader, asked)


def _checked(span: Span, files: LogFiles, reader: BulkReader, asked: BulkReader) -> SpanResult:
    result = SpanResult(span)
    rows = RowCheck(span.shard, reader.rows(span.after, span.until), asked.row)
    skip = span.skip
    for index in range(span.first, span.last):
        try:
            entries, leaves = _bundle(span, index, files, result)
        except (TranslogError, OSError) as error:
            result.findings.append(Finding(span.shard, index * WIDTH, "log", detail=str(error)))
            result.readable = False
            return result
        end = max(skip, span.kept - index * WIDTH)
        rows.bundle(index * WIDTH + skip, entries[skip:end], leaves[skip:end])
        skip = 0
    rows.rest(min(span.last * WIDTH, span.size))
    result.findings += rows.findings
    result.findings += _leanings(span.shard, rows, asked)
    result.extra = rows.extra
    result.events = rows.count
    return result


def _bundle(
    span: Span, index: int, files: LogFiles, result: SpanResult
) -> tuple[list[bytes], list[bytes]]:
    """Entries of a bundle, and leaf hashes of its tile; where they do not agree, it is noted."""
    entries = files.bundle(index, span.size)
    leaves = [leaf_of(entry) for entry in entries]
    tile = Tile(0, index, len(entries))
    shown = files.tile(tile)[: 32 * len(leaves)]
    if shown != b"".join(leaves):
        bad = next(n for n, leaf in enumerate(leaves) if shown[32 * n : 32 * n + 32] != leaf)
        bundle = Tile(ENTRIES, index, len(entries))
        detail = f"{tile.path} and {bundle.path} do not agree"
        result.findings.append(Finding(span.shard, index * WIDTH + bad, "log", detail=detail))
    if len(leaves) == WIDTH:
        result.above.append(Tree().append(leaves).tree.root)
    else:
        result.left = leaves
    return entries, [shown[32 * n : 32 * n + 32] for n in range(len(leaves))]


def _leanings(shard: str, rows: RowCheck, reader: BulkReader) -> list[Finding]:
    """Chains that began before this span: the row before must have the leaf that was sealed."""
    if not rows.opened:
        return []
    streams = list(rows.opened)
    versions = [version for version, _, _ in rows.opened.values()]
    found = []
    for stream, version, leaf in reader.ask(_LEAVES, streams, versions):
        _, prev, index = rows.opened[stream]
        if leaf != prev:
            columns = ("the event before",)
            found.append(Finding(shard, index, "changed", stream, version, columns))
    return found


def processes(wanted: int | None, spans: int) -> int:
    """How many processes to use."""
    return max(1, min(wanted or os.cpu_count() or 1, spans))
