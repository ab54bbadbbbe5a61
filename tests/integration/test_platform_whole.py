"""The whole platform starts, survives its supervisor, and leaves no process behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.wait import eventually
from tools.platform import Platform, PlatformError
from tools.platform.os_process import Identity, alive

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq]


@pytest.fixture
def platform(server_folder: Path) -> Iterator[Platform]:
    with Platform(server_folder / "run") as platform:
        yield platform


def living(platform: Platform) -> list[Identity]:
    state = platform.state()
    known = [process.process for process in state.processes.values()]
    return [process for process in [state.supervisor, *known] if process and alive(process)]


def serves(platform: Platform) -> bool:
    return platform.process("postgres").state == "ready"


def test_a_killed_supervisor_leaves_nothing_that_the_next_start_does_not_end(
    platform: Platform,
) -> None:
    platform.start()
    first, url = living(platform), platform.url
    with pytest.raises(PlatformError, match="runs already"):
        platform.start()
    supervisor = platform.state().supervisor
    assert supervisor
    os.kill(supervisor.pid, signal.SIGKILL)
    eventually(lambda: not platform.running(), within=5)

    platform.start()
    assert not any(alive(process) for process in first)
    assert platform.url == url
    assert requests.get(f"{url}/v1/openapi/documents.json", timeout=10).ok
    assert requests.get(f"{url}/v1/documents", timeout=10).status_code == 401

    second = living(platform)
    platform.stop()
    assert not any(alive(process) for process in second)


def test_an_owned_platform_ends_with_its_owner(server_folder: Path) -> None:
    folder = server_folder / "owned"
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from tools.platform import Platform\n"
            "Platform(Path(sys.argv[1])).start(); time.sleep(600)",
            str(folder),
        ]
    )
    platform = Platform(folder)
    eventually(lambda: platform.state().processes and serves(platform), within=60)
    processes = living(platform)
    assert processes
    owner.kill()
    owner.wait()
    eventually(lambda: not any(alive(process) for process in processes), within=60)
