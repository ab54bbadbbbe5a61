"""A signal of the supervisor reaches the process that was started, and nobody else."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.wait import eventually
from tools.platform.os_process import Identity, alive, end, identify
from tools.platform.spawn import spawn

Start = Callable[[str], Identity]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start shell scripts that are ended with the test, whatever the test does."""
    started: list[subprocess.Popen[bytes]] = []

    def run(script: str) -> Identity:
        process = spawn(["sh", "-c", script], log=tmp_path / "log")
        started.append(process)
        identity = identify(process.pid)
        assert identity
        return identity

    yield run
    for process in started:
        if identity := identify(process.pid):
            end(identity, how=signal.SIGKILL)
        process.wait()


def lines(path: Path, count: int) -> list[int]:
    def written() -> list[int]:
        found = path.read_text().split()
        return [int(word) for word in found] if len(found) == count else []

    return eventually(written, within=5)


def test_a_process_started_later_under_the_same_pid_is_left_alone(start: Start) -> None:
    process = start("sleep 60")
    earlier = replace(process, started=process.started - 1)
    end(earlier, how=signal.SIGKILL)
    assert alive(process)


def test_a_process_of_an_earlier_boot_is_left_alone(start: Start) -> None:
    process = start("sleep 60")
    end(replace(process, boot="another"), how=signal.SIGKILL)
    assert alive(process)


def test_what_a_process_started_ends_with_it(start: Start, tmp_path: Path) -> None:
    process = start("sleep 60 & echo $!; sleep 60 & echo $!; wait")
    children = [identify(pid) for pid in lines(tmp_path / "log", 2)]
    end(process)
    assert not alive(process)
    assert not any(child and alive(child) for child in children)


def test_what_a_dead_process_left_behind_can_still_be_ended(start: Start, tmp_path: Path) -> None:
    process = start("sleep 60 & echo $!; wait")
    (orphan,) = [identify(pid) for pid in lines(tmp_path / "log", 1)]
    os.kill(process.pid, signal.SIGKILL)
    eventually(lambda: not alive(process), within=5)
    assert orphan
    assert alive(orphan)
    end(process)
    assert not alive(orphan)


def test_a_process_that_ignores_term_is_killed(start: Start, tmp_path: Path) -> None:
    process = start("trap '' TERM; echo $$; while :; do sleep 1; done")
    lines(tmp_path / "log", 1)
    end(process, patience=0.3)
    assert not alive(process)


def test_a_zombie_counts_as_gone() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    eventually(lambda: identify(process.pid) is None, within=5)
    process.wait()
