"""The whole verification: shards, spans, what is not sealed yet, streams, and what others saw."""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from libs.eventstore import START
from libs.eventstore.bulk import BulkReader
from libs.eventstore.entries import Row
from libs.translog import WIDTH, Checkpoint
from tools.log.places import LogPlace, LogUnreachable
from tools.log.trust import Trust
from tools.verify.findings import Finding, of_row
from tools.verify.links import begins, gaps, link
from tools.verify.rows import RowCheck
from tools.verify.seen import NotCompared, check_seen, is_another_log
from tools.verify.shard import ShardCheck, check_tree, opened
from tools.verify.since import Since
from tools.verify.span import Span, SpanResult, check_span, processes
from tools.verify.streams import check_streams

Tick = Callable[[int, int], None]
MOST = 1000
"""Findings of a kind that are kept; a store that is wrong everywhere is wrong enough."""


@dataclass
class Report:
    """What was looked at, and what is wrong, in the log's order.

    `away` is the last of the older logs that are not here; `not_compared` what others have seen of
    those; `silent` the witnesses that show nothing; `self_told` the keys that
    are believed because they lie beside the log; `unfiled` events whose log is not here.
    """

    shards: list[ShardCheck]
    findings: list[Finding] = field(default_factory=list)
    away: list[str] = field(default_factory=list)
    not_compared: list[NotCompared] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    self_told: list[str] = field(default_factory=list)
    events: int = 0
    unsealed: int = 0
    unfiled: int = 0
    seconds: float = 0.0

    @property
    def verified(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


@dataclass(frozen=True)
class Task:
    """What to verify, and how; `silent` are witnesses who were asked and have seen nothing."""

    url: str
    places: Sequence[LogPlace]
    trust_of: Callable[[LogPlace], Trust]
    since: Since | None = None
    seen: Sequence[tuple[str, Checkpoint]] = ()
    silent: Sequence[str] = ()
    token_file: Path | None = None
    jobs: int | None = None


def verify(task: Task, tick: Tick) -> Report:
    """Verify everything; raises `StoreUnreachable`, `LogUnreachable`."""
    began = time.monotonic()
    trusts = [task.trust_of(each) for each in task.places]
    every = [
        opened(each.name, each.place, each.files, trust)
        for each, trust in zip(task.places, trusts, strict=True)
    ]
    report = Report(every, [finding for shard in every for finding in shard.findings])
    report.silent = list(task.silent)
    report.self_told = [str(trust.key) for trust in trusts if trust.self_told]
    shards = sorted((shard for shard in every if shard.believed), key=lambda shard: shard.year)
    _compare(task, report, shards)
    starts = task.since.starts(shards) if task.since else {}
    spans = _spans(task, shards, starts)
    results = _run(task, spans, tick)
    _gather(report, results)
    for shard in shards:
        mine = [result for result in results if result.span.shard == shard.name]
        if mine:
            report.findings.extend(check_tree(shard, mine, starts.get(shard.name, 0)))
    _look_around(task, report, shards, spans)
    report.findings = sorted(dict.fromkeys(report.findings), key=_order)
    report.seconds = time.monotonic() - began
    return report


def _compare(task: Task, report: Report, shards: Sequence[ShardCheck]) -> None:
    """Hold the years that are here against one another, and against what others have seen."""
    for before, shard in pairwise(shards):
        if before.year == shard.year:
            text = f"the log {shard.name} is there twice: in {before.place} and {shard.place}"
            raise LogUnreachable(text)
    since = task.since.checkpoint if task.since else None
    if since and shards and is_another_log(shards, since):
        raise LogUnreachable(f"{since.origin} is another log")
    report.findings += link(shards)
    report.away = [shards[0].predecessor] if shards and shards[0].predecessor else []
    for whose, seen in task.seen:
        if not is_another_log(shards, seen):
            for found in check_seen(shards, seen, whose):
                if isinstance(found, Finding):
                    report.findings.append(found)
                else:
                    report.not_compared.append(found)


def _spans(task: Task, shards: Sequence[ShardCheck], starts: dict[str, int]) -> list[Span]:
    return [
        span
        for shard, begin in zip(shards, begins(shards), strict=True)
        for span in shard.spans(begin, starts.get(shard.name, 0), task.token_file)
    ]


def _run(task: Task, spans: Sequence[Span], tick: Tick) -> list[SpanResult]:
    """Check the spans, by as many processes as there are for it; results in the spans' order."""
    total = sum(min(span.last * WIDTH, span.size) - span.first * WIDTH for span in spans)
    results: dict[Span, SpanResult] = {}
    for result in _results(task, spans):
        if result is not None:
            results[result.span] = result
        tick(sum(each.events for each in results.values()), total)
    return [results[span] for span in spans]


def _results(task: Task, spans: Sequence[Span]) -> Iterator[SpanResult | None]:
    """Yield the results as they come; None when the work has begun."""
    workers = processes(task.jobs, len(spans))
    if workers == 1:
        yield None
        yield from (check_span(task.url, span) for span in spans)
        return
    # Copies of this process: it has neither threads nor connections before its first tick.
    with ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
        futures = [pool.submit(check_span, task.url, span) for span in spans]
        yield None
        yield from (future.result() for future in as_completed(futures))


def _gather(report: Report, results: Sequence[SpanResult]) -> None:
    """Put the spans' findings together: a row that stands elsewhere is not one that was added."""
    for result in results:
        report.events += result.events
        report.findings += result.findings[:MOST]
    moved = {finding.event_id for finding in report.findings if finding.event_id}
    for result in results:
        for index, row in result.extra[:MOST]:
            if row.event_id not in moved:
                report.findings.append(of_row(result.span.shard, index, "added", row))


def _look_around(
    task: Task, report: Report, shards: Sequence[ShardCheck], spans: Sequence[Span]
) -> None:
    """What no log tells of: rows that are not sealed yet, or whose log is not here; streams."""
    end = max((span.until for span in spans), default=START)
    with BulkReader(task.url) as reader, BulkReader(task.url) as asked:
        report.unsealed = _rows_alone(report, reader.rows(end), asked)
        floor = task.since.floor(shards) if task.since else START
        for after, until in gaps(shards, floor):
            report.unfiled += _rows_alone(report, reader.rows(after, until), asked)
        report.findings.extend(check_streams(asked, MOST))


def _rows_alone(report: Report, rows: Iterator[Row], asked: BulkReader) -> int:
    check = RowCheck("", rows, asked.row)
    count = check.unsealed(asked.leaf)
    report.findings += check.findings[:MOST]
    return count


def _order(finding: Finding) -> tuple[bool, bool, str, int, str, int]:
    """What names an event comes first: it says more than what follows from it."""
    return (
        finding.stream == "" or finding.kind == "head",
        finding.shard == "",  # not sealed: behind all that is
        finding.shard,
        finding.index,
        finding.stream,
        finding.version,
    )
