"""A verification as people and programs read it."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from libs.translog import Checkpoint, to_base64
from tools.verify.check import Report
from tools.verify.shard import ShardCheck

LINES = 20


def as_json(report: Report) -> dict[str, Any]:
    """The whole report."""
    return {
        "verified": report.verified,
        "events": report.events,
        "not_sealed_yet": report.unsealed,
        "without_their_log": report.unfiled,
        "logs_not_here": report.away,
        "not_compared": [asdict(each) for each in report.not_compared],
        "witnesses_that_show_nothing": report.silent,
        "key_told_by_the_log_itself": report.self_told,
        "seconds": round(report.seconds, 3),
        "shards": [_shard(shard) for shard in report.shards],
        "findings": [finding.as_json() for finding in report.findings],
    }


def _shard(shard: ShardCheck) -> dict[str, Any]:
    accepted = shard.accepted
    return {
        "name": shard.name,
        "origin": shard.newest.origin,
        "entries": shard.size,
        "root": to_base64(shard.newest.root),
        "given_up": shard.given_up,
        "forked_because": shard.fork.reason if shard.fork else None,
        "given_up_whole": _whole(shard.given_up_whole),
        "witnessed": accepted.checkpoint.size if accepted else 0,
        "witnesses": {name: _instant(at) for name, at in accepted.witnesses.items()}
        if accepted
        else {},
    }


def _whole(told: Checkpoint | None) -> dict[str, Any] | None:
    return {"origin": told.origin, "entries": told.size} if told else None


def show(report: Report, console: Console) -> None:
    """Print the verdict first, then what it stands on."""
    if report.verified:
        console.print("[green]Verified · Đã kiểm tra: khớp[/]")
    else:
        console.print("[red]NOT VERIFIED · KHÔNG KHỚP[/]")
        for finding in report.findings[:LINES]:
            console.print(f"  {finding.line()}", markup=False, soft_wrap=True)
        if len(report.findings) > LINES:
            console.print(f"  ... and {len(report.findings) - LINES:,} more: see --json")
    console.print()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("log", "entries", "co-signed", "by"):
        figure = title in ("entries", "co-signed")
        table.add_column(title, justify="right" if figure else "left", no_wrap=True)
    for shard in report.shards:
        facts = _shard(shard)
        witnesses = [f"{name} at {at}" for name, at in facts["witnesses"].items()]
        table.add_row(
            facts["origin"], f"{shard.size:,}", f"{facts['witnessed']:,}",
            ", ".join(witnesses) or "nobody",
        )  # fmt: skip
    console.print(table)
    rate = report.events / report.seconds if report.seconds else 0
    console.print(
        f"{report.events:,} events against the log in {report.seconds:.1f} s ({rate:,.0f}/s);"
        f" {report.unsealed:,} not sealed yet"
    )
    for shard in report.shards:
        for line in _forked(shard):
            console.print(line, markup=False, soft_wrap=True)
    for line in _left_out(report):
        console.print(line, markup=False, soft_wrap=True)


def _forked(shard: ShardCheck) -> Iterator[str]:
    """Why a shard follows a fork, and what was given up, in lines."""
    if shard.fork:
        yield f"{shard.name} follows a fork ({shard.fork.at:%Y-%m-%d}): {shard.fork.reason}"
    if whole := shard.given_up_whole:
        entries = f"{whole.size:,} entries were witnessed, none is here"
        yield f"it gave up {whole.origin} whole: {entries}"
    if shard.given_up:
        yield f"it gave up {shard.given_up:,} entries of {shard.name}"


def _left_out(report: Report) -> Iterator[str]:
    """What a verdict does not say, in lines."""
    if report.self_told:
        yield "Nobody vouches for the log's keys: those beside it were believed. Compare them"
        yield "with what you were told on another way, or name whom you trust by --policy:"
        yield from (f"  {key}" for key in report.self_told)
    for origin in report.away:
        yield f"{origin} and what came before it are not here: moved away? Name them by --log"
    if report.unfiled:
        yield f"{report.unfiled:,} events without their log were held against their own leaves"
    for each in report.not_compared:
        yield f"what {each.whose} has seen of {each.origin} could not be compared"
    for name in report.silent:
        yield f"witness {name} shows no checkpoint of this log"


def _instant(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
