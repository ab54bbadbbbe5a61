"""A witness as a process of its own, and a client that speaks to it as a log does."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Thread

import requests

from libs.translog import Checkpoint, Note, Submission, VerifierKey, prove_consistency
from tests.support.translog_log import SampleLog
from tests.support.wait import eventually
from tools.witness.app import Witness
from tools.witness.home import opened
from tools.witness.server import Server

NAME = "witness.h43.example"
_PORT = ("--port", "0", "--port-file")
PROGRAM = (sys.executable, "-m", "tools.witness")


@dataclass
class WitnessClient:
    """Speaks to a witness as logs and monitors do."""

    url: str
    key: VerifierKey

    def post(self, body: bytes) -> requests.Response:
        return requests.post(f"{self.url}/add-checkpoint", data=body, timeout=10)

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.url}{path}", timeout=10)

    def last(self, origin: str) -> requests.Response:
        """What the witness shows to monitors of a log."""
        return self.get(f"/{sha256(origin.encode()).hexdigest()}/checkpoint")

    def known(self, origin: str) -> Checkpoint:
        """What the witness last co-signed."""
        return Checkpoint.parse(Note.parse(self.last(origin).content).text)


@dataclass
class WitnessProcess(WitnessClient):
    """A witness that can be killed."""

    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@contextmanager
def serving(folder: Path, name: str = NAME, port: int = 0) -> Iterator[WitnessClient]:
    """Serve a folder from a thread of this process."""
    with opened(folder, name) as home:
        server = Server("127.0.0.1", port, Witness(home))
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield WitnessClient(f"http://127.0.0.1:{server.server_port}", home.signer.key)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@contextmanager
def running(folder: Path, name: str = NAME) -> Iterator[WitnessProcess]:
    """Run a witness on a folder in a process of its own."""
    port_file = folder / "port"
    port_file.unlink(missing_ok=True)
    with (folder / "stderr").open("ab") as errors:
        process = subprocess.Popen(
            [*PROGRAM, "run", "--folder", folder, "--name", name, *_PORT, port_file],
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    with process:
        try:
            eventually(lambda: port_file.exists() or process.poll() is not None, within=30)
            assert process.poll() is None, (folder / "stderr").read_text()
            assert process.stdout
            key = VerifierKey.parse(process.stdout.readline().decode().strip())
            url = f"http://127.0.0.1:{int(port_file.read_text())}"
            yield WitnessProcess(url, key, process)
        finally:
            process.terminate()


def folder_for(folder: Path, *keys: VerifierKey) -> Path:
    """A folder in which a witness of these logs can be started."""
    folder.mkdir(exist_ok=True)
    (folder / "logs").write_text("# logs\n" + "".join(f"{key}\n" for key in keys))
    return folder


def body(old: int, proof: Sequence[bytes], note: Note) -> bytes:
    """A request as a log sends it."""
    return bytes(Submission(old, tuple(proof), note))


def growth(log: SampleLog, old: int, new: int) -> bytes:
    """What an honest log sends when it has grown."""
    return body(old, prove_consistency(old, new, log.read), log.checkpoint(new))
