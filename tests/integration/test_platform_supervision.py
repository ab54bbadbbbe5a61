"""The supervisor keeps processes running, says what it does, and leaves nothing behind."""

import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.support.wait import eventually
from tools.platform import state as states
from tools.platform.os_process import Identity, alive, end
from tools.platform.ports import free_ports
from tools.platform.processes import Process
from tools.platform.state import ProcessState
from tools.platform.supervisor import Supervisor


def script(name: str, text: str, **facts: object) -> Process:
    return Process(name, ["sh", "-c", text], {"PATH": "/usr/bin:/bin"}, **facts)  # type: ignore[arg-type]


@contextmanager
def supervised(folder: Path, *processes: Process) -> Iterator[Callable[[str], ProcessState]]:
    """Run a supervisor of its own; yields "name -> state as the file tells it"."""
    with ThreadPoolExecutor(4) as workers:
        supervisor = Supervisor(folder, "http://127.0.0.1", processes, workers)
        thread = threading.Thread(target=supervisor.run)
        thread.start()
        eventually(lambda: states.path_of(folder).exists(), within=5)
        try:
            yield lambda name: states.read(folder).processes[name]
        finally:
            supervisor.stop()
            thread.join(timeout=30)


def reaches(state: str, look: Callable[[str], ProcessState], name: str) -> Identity | None:
    eventually(lambda: look(name).state == state, within=15)
    return look(name).process


def killed(process: Identity | None) -> None:
    assert process
    end(process, how=signal.SIGKILL)


def test_a_killed_process_starts_again_and_the_restart_is_counted(tmp_path: Path) -> None:
    with supervised(tmp_path, script("one", "sleep 60")) as look:
        first = reaches("ready", look, "one")
        killed(first)
        eventually(lambda: look("one").process not in (first, None), within=5)
        assert reaches("ready", look, "one") != first
        assert look("one").restarts == 1


def test_a_restarted_server_keeps_its_port(tmp_path: Path) -> None:
    (port,) = free_ports(1)

    def answers() -> bool:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True

    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    server = Process("server", command, {}, ready=answers, port=port)
    with supervised(tmp_path, server) as look:
        first = reaches("ready", look, "server")
        killed(first)
        eventually(lambda: look("server").process not in (first, None), within=5)
        reaches("ready", look, "server")
        assert look("server").port == port


def test_a_process_that_always_dies_is_failing_and_its_starts_are_bounded(tmp_path: Path) -> None:
    with supervised(tmp_path, script("bad", "echo start; exit 7")) as look:
        reaches("failing", look, "bad")
        assert look("bad").reason == "ended with 7"
        assert (tmp_path / "logs" / "bad.log").read_text().count("start") <= 5


def test_a_program_that_is_not_there_hinders_nobody_else(tmp_path: Path) -> None:
    absent = Process("absent", ["/nonexistent"], {})
    with supervised(tmp_path, absent, script("one", "sleep 60")) as look:
        reaches("ready", look, "one")
        reaches("failing", look, "absent")
        assert "FileNotFoundError" in look("absent").reason


def test_a_process_waits_until_what_it_needs_is_ready(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    first = script("first", "sleep 60", ready=gate.exists)
    with supervised(tmp_path, first, script("second", "sleep 60", after=("first",))) as look:
        reaches("starting", look, "first")
        assert look("second").state == "waiting"
        gate.touch()
        reaches("ready", look, "second")


def test_a_step_runs_once(tmp_path: Path) -> None:
    with supervised(tmp_path, script("step", "echo ran", once=True)) as look:
        reaches("done", look, "step")
        assert (tmp_path / "logs" / "step.log").read_text() == "ran\n"


def test_stopping_ends_everything_dependents_first(tmp_path: Path) -> None:
    trap = "trap 'echo {0} >> {1}; exit' TERM; while :; do sleep 0.05; done"
    log = tmp_path / "order"
    processes = [
        script("base", trap.format("base", log)),
        script("top", trap.format("top", log), after=("base",)),
    ]
    with supervised(tmp_path, *processes) as look:
        living = [reaches("ready", look, name) for name in ("base", "top")]
    assert not any(process and alive(process) for process in living)
    assert log.read_text().split() == ["top", "base"]
    assert not states.path_of(tmp_path).exists()


def test_what_a_killed_supervisor_left_running_can_be_ended_later(tmp_path: Path) -> None:
    with supervised(tmp_path, script("one", "sleep 60")) as look:
        process = reaches("ready", look, "one")
        kept = states.path_of(tmp_path).read_text()
        later = tmp_path / "later"  # the file as a kill would leave it
        later.mkdir()
        states.path_of(later).write_text(kept)
        states.end_recorded(later)
        assert process
        assert not alive(process)


def test_a_reader_never_sees_half_a_state(tmp_path: Path) -> None:
    with supervised(tmp_path, script("bad", "exit 1")) as look:
        for _ in range(300):
            assert look("bad").name == "bad"
