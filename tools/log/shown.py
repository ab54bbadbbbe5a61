"""The log as people read it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from libs.translog import Accepted, to_base64

_SAMPLE = 20

if TYPE_CHECKING:
    from tools.log.export import Tick
    from tools.log.status import LogStatus


@contextmanager
def bar(title: str, *, hidden: bool) -> Iterator["Tick"]:
    """A bar on the terminal that comes with the first tick, and goes when the work is done."""
    progress = Progress(
        TextColumn(title),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, highlight=False),
        transient=True,
        disable=hidden,
    )
    task = progress.add_task(title, total=None)

    def tick(done: int, total: int) -> None:
        progress.start()
        progress.update(task, completed=done, total=total)

    try:
        yield tick
    finally:
        progress.stop()


def told(as_json: bool, facts: dict[str, Any], lines: list[str]) -> None:
    """Print facts for programs, or lines for people."""
    print(json.dumps(facts, ensure_ascii=False, indent=1) if as_json else "\n".join(lines))


def accepted(found: Accepted) -> dict[str, Any]:
    """A checkpoint and who vouches for it, for programs."""
    return {
        "origin": found.checkpoint.origin,
        "size": found.checkpoint.size,
        "root": to_base64(found.checkpoint.root),
        "key": str(found.log),
        "witnesses": {name: _instant(at) for name, at in found.witnesses.items()},
    }


def checkpoint_lines(found: Accepted) -> list[str]:
    """A checkpoint and who vouches for it, for people."""
    facts = accepted(found)
    witnesses = [f"{name} at {at}" for name, at in facts["witnesses"].items()]
    return [
        f"log          {facts['origin']}",
        f"entries      {facts['size']:,}",
        f"root         {facts['root']}",
        f"signed by    {facts['key']}",
        f"co-signed by {', '.join(witnesses) or 'nobody'}",
    ]


def proven(facts: dict[str, Any]) -> list[str]:
    """What a proof shows, for people."""
    witnesses = [f"{name} at {at}" for name, at in facts["witnesses"].items()]
    lines = [
        f"Proven: entry {facts['index']:,} of {facts['origin']} with {facts['size']:,} entries",
        f"signed by    {facts['key']}",
        f"co-signed by {', '.join(witnesses) or 'nobody'}",
        "",
    ]
    return lines + [f"{name:<12} {value}" for name, value in facts["event"].items() if value]


def decision(facts: dict[str, Any]) -> list[str]:
    """What was lost, and how far the decision has come, for people."""
    lost = facts["lost"]
    lines = [
        f"log {facts['shard']}: {facts['sealed']:,} entries were sealed,"
        f" the first {facts['kept']:,} are in the store as they were",
        f"{len(lost):,} sealed events are not in the store any more",
    ]
    if facts["not_even_here"]:
        lines.append(
            f"{facts['not_even_here']:,} more were witnessed, and no file here tells of them"
        )
    if beyond := facts["shard_not_here"]:
        lines.append(
            f"{beyond['sealed']:,} entries of {beyond['origin']} were witnessed, and nothing of it"
            " is here"
        )
    for event in lost[:_SAMPLE]:
        where = f"{event['stream']} version {event['version']}"
        lines.append(f"  {event['recorded_at']}  {event['type']:<24} {where}")
    if len(lost) > _SAMPLE:
        lines.append(f"  ... and {len(lost) - _SAMPLE:,} more: see --json")
    if facts["new_shard"]:
        lines += ["", f"The log goes on as {facts['new_shard']}: {facts['reason']}"]
        lines.append(f"signed by {', '.join(facts['signed_by']) or 'nobody'}")
        lines.append(
            "The sealer does it within moments: send the new key to witnesses and auditors."
            if facts["complete"]
            else "A second person has to sign: lienthong log fork --sign-with KEY"
        )
    if facts["new_key"]:
        lines.append(facts["new_key"])
    return lines


def status(found: "LogStatus", console: Console) -> None:
    """Print the shards, and what waits or contradicts."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("year", "origin", "signed", "witnessed", "last co-signed"):
        figure = title in ("signed", "witnessed")
        table.add_column(title, justify="right" if figure else "left", no_wrap=True)
    for shard in found.shards:
        last = [f"{name} {at:%Y-%m-%d %H:%M:%S}Z" for name, at in shard.witnesses.items()]
        table.add_row(
            str(shard.name), shard.origin, f"{shard.signed:,}", f"{shard.witnessed:,}",
            ", ".join(last) or "-",
        )  # fmt: skip
    console.print(table)
    if found.waiting is not None:
        console.print(f"{found.waiting:,} events wait to be sealed.")
    for path in found.contradictions:
        console.print(f"[red]A witness saw another past under our signature:[/] {path}")


def _instant(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
