"""Judge the files as the workers do, and compare with the checked-in table."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.signatures.pdf.isolate import Isolated
from services.signatures.pdf.report import Report
from tools.corpus.authority import Authority
from tools.corpus.kinds import KINDS

TABLE = Path(__file__).parents[2] / "tests/vectors/corpus/table.json"
SECONDS, SECONDS_OF_BIG = 2.0, 5.0


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    `seconds` are of the processor, `megabytes` the most that the judging child has had so far.
    """

    name: str
    report: Report
    seconds: float
    megabytes: float

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(sorted({reason.code for reason in self.report.reasons}))

    @property
    def expectation(self) -> dict[str, Any]:
        """The table's row."""
        return {"verdict": self.report.verdict, "codes": list(self.codes)}


def judge(files: Mapping[str, Path], pki: Authority) -> dict[str, Outcome]:
    """The verdict on every file, each by one warm worker with bounded time and memory."""
    outcomes = {}
    with Isolated(pki.setup) as worker:
        worker.validate(b"", at=datetime.now(UTC))
        for name, path in files.items():
            pdf, began, child = path.read_bytes(), time.monotonic(), worker.pid
            before = _cpu_seconds(worker)
            report = worker.validate(pdf, at=datetime.now(UTC))
            # The machine may be busy with other things; a child that was killed left no figure.
            alive = worker.pid == child and child is not None
            seconds = _cpu_seconds(worker) - before if alive else time.monotonic() - began
            outcomes[name] = Outcome(name, report, seconds, _megabytes(worker))
    return outcomes


def faults(outcomes: Mapping[str, Outcome]) -> dict[str, str]:
    """What is wrong, by kind; empty when all is as the table says."""
    table = json.loads(TABLE.read_text("utf-8")) if TABLE.exists() else {}
    found = {name: _fault(one, table.get(name)) for name, one in outcomes.items()}
    return {name: fault for name, fault in found.items() if fault}


def _fault(one: Outcome, expected: Any) -> str:
    kind = KINDS[one.name]
    if kind.hostile and one.report.verdict == "TOTAL_PASSED":
        return "a hostile file passed"
    if one.seconds > (SECONDS_OF_BIG if kind.big else SECONDS):
        return f"took {one.seconds:.1f} s"
    if expected is None:
        return "not in the table"
    if one.expectation != expected:
        return f"the table says {expected['verdict']} {' '.join(expected['codes'])}"
    return ""


def _cpu_seconds(worker: Isolated) -> float:
    if worker.pid is None:
        return 0.0
    fields = Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _megabytes(worker: Isolated) -> float:
    status = Path(f"/proc/{worker.pid}/status").read_text() if worker.pid else ""
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
