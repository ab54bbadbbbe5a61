"""Processes that do one thing as often as they can, all at once, for a while.

They stay between rounds, so that arms can take turns without paying for starts. Every arm has its
own program: `serve(step)` in it, `Crew(command, ...)` here. The standard library alone, for the
programs of foreign stores run in environments of their own.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 60.0


class Crew:
    """`size` processes of one command; `run(seconds)` is one round."""

    def __init__(self, command: Sequence[str], size: int, environment: Mapping[str, str]) -> None:
        self._hands = [
            subprocess.Popen(
                command,
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
            )
            for _ in range(size)
        ]
        for number in range(size):
            self._answer(number)

    def run(self, seconds: float) -> float:
        """How many things all processes together did in a second."""
        for hand in self._hands:
            assert hand.stdin is not None
            hand.stdin.write(f"{seconds}\n")
        answers = [self._answer(number) for number in range(len(self._hands))]
        return sum(answer["done"] / answer["seconds"] for answer in answers)

    def close(self) -> None:
        """End the processes."""
        for hand in self._hands:
            assert hand.stdin is not None
            hand.stdin.close()
        for hand in self._hands:
            hand.wait(timeout=_START_SECONDS)
            assert hand.stdout is not None
            hand.stdout.close()

    def _answer(self, number: int) -> dict[str, float]:
        stdout = self._hands[number].stdout
        assert stdout is not None
        line = stdout.readline()
        if not line:
            raise RuntimeError(f"a process of the bench ended: {self._hands[number].args!r}")
        answer: dict[str, float] = json.loads(line)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def serve(step: Callable[[], int], warm_up: int = 20) -> None:
    """Answer rounds on standard input until it ends; `step` says how many things it did."""
    for _ in range(warm_up):
        step()
    _say({"done": 0, "seconds": 0})
    for line in sys.stdin:
        done, begin = 0, time.perf_counter()
        end = begin + float(line)
        while (now := time.perf_counter()) < end:
            done += step()
        _say({"done": done, "seconds": now - begin})


def _say(answer: dict[str, float]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def interleave(
    repeats: int, arms: Mapping[str, Callable[[], float]]
) -> dict[str, tuple[float, ...]]:
    """Each arm once, again and again: what disturbs the machine disturbs neighbours alike."""
    rows = [{name: arm() for name, arm in arms.items()} for _ in range(repeats)]
    return {name: tuple(row[name] for row in rows) for name in arms}
