"""How a rebuild is shown: a bar for people, lines of JSON for programs."""

import json
import time
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Rate(ProgressColumn):
    """Events applied in a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f}/s")


class AsText:
    """A progress bar on the terminal, and one line at the end."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._bar = Progress(
            TextColumn(service),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=Console(stderr=True, highlight=False),
        )
        self._task = self._bar.add_task(service, total=None)

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._bar.stop()

    def progress(self, done: int, total: int) -> None:
        """Move the bar."""
        self._bar.start()
        self._bar.update(self._task, completed=done, total=total)

    def done(self, outcome: dict[str, Any]) -> None:
        """Say what was done."""
        print(
            f"{self._service}: {outcome['events']:,} events in {outcome['seconds']:.1f} s;"
            f" exchanged in {outcome['exchange_seconds'] * 1000:.0f} ms"
        )
        if outcome["failed"]:
            print(f"{outcome['failed']} events failed and wait: see `lienthong parked list`")

    def refused(self, _code: str, text: str) -> None:
        """Say why nothing was exchanged."""
        Console(stderr=True).print(text, style="red", markup=False, soft_wrap=True)


class AsJson:
    """A line for each step of progress, and one for the end."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._first: int | None = None

    def close(self) -> None:
        """Every line stands for itself: nothing to end."""

    def progress(self, done: int, total: int) -> None:
        """One line: events applied, of how many, and how many a second in this run."""
        self._first = done if self._first is None else self._first
        spent = time.monotonic() - self._begun
        rate = round((done - self._first) / spent) if spent else 0
        _line({"step": "progress", "done": done, "total": total, "rate": rate})

    def done(self, outcome: dict[str, Any]) -> None:
        """The last line of a rebuild that was exchanged."""
        _line({"step": "exchanged", **outcome})

    def refused(self, code: str, text: str) -> None:
        """The last line of one that was not."""
        _line({"step": "refused", "code": code, "detail": text})


def _line(content: dict[str, Any]) -> None:
    print(json.dumps(content, ensure_ascii=False), flush=True)
