"""What the drill says while it works, and what it leaves for programs."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console


class DrillFailed(AssertionError):
    """Something that must hold after a restore does not; the message says what."""


class Told:
    """Steps with their times; a step that fails is the last."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self.steps: list[dict[str, Any]] = []

    def chapter(self, text: str) -> None:
        """Begin another part."""
        self._console.rule(text, align="left")

    @contextmanager
    def step(self, text: str) -> Iterator[dict[str, Any]]:
        """One step; what is put into the dictionary is shown behind it."""
        facts: dict[str, Any] = {}
        began = time.monotonic()
        if self._console.is_terminal:
            self._console.print(f"[dim]         ...  {text}[/]", end="\r")
        yield facts
        seconds = time.monotonic() - began
        self.steps.append({"step": text, "seconds": round(seconds, 1), **facts})
        shown = ", ".join(f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}"
                          for name, value in facts.items())  # fmt: skip
        told = f"{text}: {shown}" if shown else text
        self._console.print(f"[green]{seconds:7.1f} s  ok[/]  {told}", soft_wrap=True)

    def save(self, file: Path, passed: bool) -> None:
        """Write the steps as JSON."""
        file.parent.mkdir(parents=True, exist_ok=True)
        seconds = round(time.monotonic() - self._began, 1)
        content = {"passed": passed, "seconds": seconds, "steps": self.steps}
        file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def must(holds: object, text: str) -> None:
    """Raise `DrillFailed` unless something holds."""
    if not holds:
        raise DrillFailed(text)
