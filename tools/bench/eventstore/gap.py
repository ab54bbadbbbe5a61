"""The gap test's figures, which `python -m tests.fault.gap` measures in its ten minutes."""

import json
from pathlib import Path

from tools.bench.report import Measure, Target

_TITLE = "missed or inverted events, 8 writers"
_TARGET = Target("==", 0)


def gap(file: Path) -> list[Measure]:
    """One row from the gap test's report; without it, a row that says how to get it."""
    if not file.exists():
        note = "not run yet: python -m tests.fault.gap"
        return [Measure(_TITLE, "events", target=_TARGET, note=note)]
    report = json.loads(file.read_text(encoding="utf-8"))
    arms = ", ".join(f"{name} {counts['missed']}" for name, counts in report["arms"].items())
    note = f"{report['minutes']:g} minutes, {report['written']} events; missed by the arms: {arms}"
    return [Measure(_TITLE, "events", (report["missed"] + report["inverted"],), _TARGET, note)]
