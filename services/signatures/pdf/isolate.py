"""Sign and judge in a child process with bounded time and memory.

Hostile files were measured to take seconds and gigabytes. The child stays warm between files;
when a file takes too long the child is killed, and the next file gets a new one.
"""

from __future__ import annotations

import gc
import hashlib
import logging
import multiprocessing
import os
import resource
import signal
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

from libs.secrecy import forbid_dumps
from services.signatures.token_state import TokenState

from .device import Prepared
from .engine import Engine, Setup
from .evidence import Evidence
from .judge import ExpectedSigner
from .kept import KeptReports
from .report import Report
from .signed import Signed, SigningRefused
from .trust_list import TrustList
from .verdict import LARGEST_FILE, refused

START_SECONDS = 120.0
VERDICT_SECONDS, VERDICT_SECONDS_OF_BIG = 2.0, 5.0
"""Processor time in which a file is judged: a busy machine makes no file suspect."""
BIG = 250_000  # bytes; ten signatures with their evidence have 380 kB, and take a second
_PER_MEGABYTE = 0.5  # seconds added for each megabyte of a file that is signed
logger = logging.getLogger(__name__)


class WorkerInterrupted(Exception):
    """The child took too long, ran out of memory or died; the file may be to blame."""

    code = "worker_interrupted"


_NICE = 5
"""Who waits for an answer over HTTP comes before files on the same processors."""


class Isolated:
    """An `Engine` in a child process. One caller at a time; close it, or use `with`.

    `setup` may be set anew: the next child is started from it. An act may take `seconds` by the
    clock, and what its `Setup` lets others keep it waiting; a verdict has less of the processor.
    """

    def __init__(
        self, setup: Setup, *, seconds: float = 5.0, memory: int = 512 * 1024 * 1024
    ) -> None:
        self.setup = setup
        self._seconds, self._memory = seconds, memory
        self._process: Any = None
        self._pipe: Connection | None = None
        self._reports = KeptReports()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the child, so that the first file does not wait for it: `WorkerInterrupted`."""
        self._started()

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._process.pid if self._process is not None else None

    def validate(
        self, pdf: bytes, *, at: datetime, expected: Sequence[ExpectedSigner] = ()
    ) -> Report:
        """`verdict.validate`; too slow or too large is the verdict `check_interrupted`.

        Bounded are its processor time (`VERDICT_SECONDS`, by the kernel in the child), the wait
        for others (`Setup.fetch_seconds` in all that was in vain), and the clock (both `seconds`).

        The report of the same bytes may be a minute old: see `KeptReports`.
        """
        if len(pdf) > LARGEST_FILE:
            return refused(pdf, "file_too_large", at=at)
        known = self._reports.find(hashlib.sha256(pdf).hexdigest(), at, expected)
        if known is not None:
            return known
        try:
            report = self._judged("validate", pdf, at=at, expected=tuple(expected))
        except (WorkerInterrupted, SigningRefused):
            return refused(pdf, "check_interrupted", at=at)
        self._reports.keep(report, expected)
        return report

    def sign_leader(self, pdf: bytes, **order: Any) -> Signed:
        """`Engine.sign_leader`. Raises `SigningRefused`, `WorkerInterrupted`."""
        return self._signed("sign_leader", pdf, order)

    def sign_number(self, pdf: bytes, **order: Any) -> Signed:
        """`Engine.sign_number`. Raises `SigningRefused`, `WorkerInterrupted`."""
        return self._signed("sign_number", pdf, order)

    def sign_seal(self, pdf: bytes, **order: Any) -> Signed:
        """`Engine.sign_seal`. Raises `SigningRefused`, `WorkerInterrupted`."""
        return self._signed("sign_seal", pdf, order)

    def sign_copier(self, pdf: bytes, **order: Any) -> Signed:
        """`Engine.sign_copier`. Raises `SigningRefused`, `WorkerInterrupted`."""
        return self._signed("sign_copier", pdf, order)

    def check_signable(self, pdf: bytes) -> None:
        """`Engine.check_signable`. Raises `SigningRefused`, `WorkerInterrupted`."""
        if len(pdf) > LARGEST_FILE:
            raise SigningRefused("attachment_not_signable", "the file is too large to be signed")
        self._call("check_signable", pdf)

    def sign_attachment(self, pdf: bytes, **order: Any) -> Signed:
        """`Engine.sign_attachment`. Raises `SigningRefused`, `WorkerInterrupted`."""
        return self._signed("sign_attachment", pdf, order)

    def sign_copy(self, pdf: bytes, **order: Any) -> Signed:
        """`Engine.sign_copy`. Raises `SigningRefused`, `WorkerInterrupted`."""
        return self._signed("sign_copy", pdf, order)

    def with_form(self, pdf: bytes) -> bytes:
        """`Engine.with_form`. Raises `SigningRefused`, `WorkerInterrupted`."""
        file: bytes = self._call("with_form", pdf)
        return file

    def prepare_leader(self, pdf: bytes, **order: Any) -> Prepared:
        """`Engine.prepare_leader`. Raises `SigningRefused`, `WorkerInterrupted`."""
        waits = self.setup.fetch_seconds
        prepared: Prepared = self._call("prepare_leader", pdf, waits=waits, **order)
        return prepared

    def complete(
        self, base: bytes, prepared: Prepared, value: bytes, **order: Any
    ) -> tuple[Signed, Report]:
        """`Engine.complete`. Raises `SigningRefused`, `WorkerInterrupted`."""
        completed: tuple[Signed, Report] = self._call(
            "complete", base, value, waits=self.setup.patience, prepared=prepared, **order
        )
        return completed

    def check_returned(self, base: bytes, returned: bytes, **order: Any) -> Report:
        """`Engine.check_returned`. Raises `WorkerInterrupted`."""
        if len(returned) > LARGEST_FILE:
            return refused(returned, "file_too_large", at=order["at"])
        return self._judged("check_returned", base, returned, **order)

    def token_state(self) -> TokenState:
        """`Engine.token_state`. Raises `WorkerInterrupted`."""
        state: TokenState = self._call("token_state")
        return state

    def add_evidence(self, pdf: bytes, *, at: datetime) -> Evidence:
        """`Engine.add_evidence`. Raises `SigningRefused`, `WorkerInterrupted`."""
        made: Evidence = self._call("add_evidence", pdf, waits=self.setup.patience, at=at)
        return made

    def read_list(self, xml: bytes, *, at: datetime) -> TrustList:
        """`Engine.read_list`. Raises `SigningRefused` with its codes, `WorkerInterrupted`."""
        found: TrustList = self._call("read_list", xml, waits=self.setup.patience, at=at)
        return found

    def renew(self, setup: Setup) -> None:
        """Work with another setup from the next file on; the same one changes nothing."""
        if setup != self.setup:
            self.close()
            self.setup = setup

    def close(self) -> None:
        """End the child; the next call starts another."""
        self._reports.clear()
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        if self._process is not None:
            self._process.kill()
            self._process.join(5)
            self._process = None

    def _signed(self, task: str, pdf: bytes, order: dict[str, Any]) -> Signed:
        if len(pdf) > LARGEST_FILE:
            raise SigningRefused("file_too_large", "the file is too large to be signed")
        signed: Signed = self._call(task, pdf, waits=self.setup.patience, **order)
        return signed

    def _judged(self, task: str, *files: bytes, **order: Any) -> Report:
        size = sum(map(len, files))
        processor = VERDICT_SECONDS_OF_BIG if size >= BIG else VERDICT_SECONDS
        seconds = self._seconds + self.setup.fetch_seconds
        report: Report = self._within(seconds, processor, task, files, order)
        return report

    def _call(self, task: str, *files: bytes, waits: float = 0.0, **order: Any) -> Any:
        """`waits` are the seconds that others may take to answer besides the work itself."""
        seconds = self._seconds + waits + _PER_MEGABYTE * sum(map(len, files)) / 1_000_000
        return self._within(seconds, 0, task, files, order)

    def _within(
        self,
        seconds: float,
        processor: float,
        task: str,
        files: tuple[bytes, ...],
        order: dict[str, Any],
    ) -> Any:
        """The child's answer within `seconds`, and `processor` seconds of its work; 0 is no end."""
        pipe = self._started()
        try:
            pipe.send((task, files, order, processor))
            if not pipe.poll(seconds):
                raise WorkerInterrupted(f"{task} took more than {seconds:.1f} s")
            outcome, value = pipe.recv()
        except (OSError, EOFError, WorkerInterrupted) as error:
            self.close()
            logger.warning("worker_interrupted", extra={"task": task})
            raise WorkerInterrupted(str(error) or f"{task}: the worker died") from error
        if outcome == "refused":
            raise SigningRefused(*value)
        return value

    def _started(self) -> Connection:
        if self._pipe is not None and self._process.is_alive():
            return self._pipe
        self.close()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(
            target=_work, args=(theirs, self.setup, self._memory), daemon=True
        )
        self._process.start()
        theirs.close()
        if not ours.poll(START_SECONDS):
            self.close()
            raise WorkerInterrupted("the worker did not start")
        with suppress(EOFError):
            ours.recv()
            self._pipe = ours
            return ours
        self.close()
        raise WorkerInterrupted("the worker died while starting")


def _work(pipe: Connection, setup: Setup, memory: int) -> None:
    """The child: one task after another until the other end of the pipe is gone."""
    for library in ("pyhanko", "pyhanko_certvalidator"):
        # A stranger's file would write its names and our stack into the log; reports have both.
        logging.getLogger(library).setLevel(logging.CRITICAL + 1)
    forbid_dumps()
    os.nice(_NICE)
    engine = Engine(setup)
    gc.freeze()  # what a warm child has, it keeps: no collection need look at it again
    _limit(memory)
    pipe.send("ready")
    while True:
        try:
            task, files, order, processor = pipe.recv()
        except EOFError:
            return
        # SIGPROF ends the child wherever it is, in C as well; the parent sees the closed pipe.
        signal.setitimer(signal.ITIMER_PROF, processor)
        try:
            answer = ("done", getattr(engine, task)(*files, **order))
        except MemoryError:
            return  # the parent sees the closed pipe, and starts another child
        except Exception as error:
            # Every refusal here has a code of its own; what has none is a file's doing.
            code = getattr(error, "code", "signing_failed")
            answer = ("refused", (code, f"{type(error).__name__}: {error}"))
        signal.setitimer(signal.ITIMER_PROF, 0)
        pipe.send(answer)


def _limit(memory: int) -> None:
    """No more than `memory` bytes above what the warm child already maps."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
