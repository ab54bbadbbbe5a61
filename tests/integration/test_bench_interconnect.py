"""The exchange's bench in its short form: it runs, and leaves a row for every target."""

from pathlib import Path

import pytest

from tests.support.short_bench import short_form, targets, with_targets

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(900)]

ROWS = {
    "CPU of a delivered document / its parts alone": ("<=", 3),
    "issue to 01 in the sender's view, p95": ("<=", 1.5),
    "issue to 01 and the receiver's verdict, p95": ("<=", 1.5),
    "a receiving step in the sender's view, p95": ("<=", 2.0),
    "a step beyond the axis in the sender's view, p95": ("<=", 10.0),
    "a step of ours on the axis, p95": ("<=", 10.0),
}


def test_the_short_bench_runs_and_fills_every_row(tmp_path: Path) -> None:
    report = short_form(
        "interconnect", tmp_path / "interconnect.json", "--only", "exchange", within=850
    )
    rows = with_targets(report)
    assert targets(rows) == ROWS
    assert [name for name, row in rows.items() if not row["value"]] == []
