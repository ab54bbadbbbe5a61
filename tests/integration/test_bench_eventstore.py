"""The event store's bench in its short form: it runs, and leaves a row for every target."""

from pathlib import Path

import pytest

from tests.support.short_bench import left_out_of_help, short_form, targets, with_targets
from tools.bench.eventstore.__main__ import PARTS
from tools.bench.report import Measure, Target, ratio

# The targets of the event store, and the parts that fill them. The peers' row has a value only
# where npm and PyPI answer.
ROWS = {
    "single append against raw INSERT": (">=", 0.85),
    "single append against eventsourcing": (">=", 5.0),
    "single append against message-db": (">=", 3.0),
    "batch of 100 against multi-row INSERT": (">=", 1.0),
    "batch of 100 against COPY": (">=", 0.8),
    "replay in pages, decoded, against COPY to nowhere": (">=", 0.7),
    "relay against one-at-a-time confirms": (">=", 14.0),
    "commit to applied in another service, 100 events/s, p99": ("<=", 100.0),
    "missed or inverted events, 8 writers": ("==", 0),
}
PEERS = {"single append against eventsourcing", "single append against message-db"}
GAP = "missed or inverted events, 8 writers"


@pytest.mark.timeout(300)
def test_the_short_bench_runs_and_fills_every_row(tmp_path: Path) -> None:
    report = short_form("eventstore", tmp_path / "eventstore.json", within=280)
    rows = with_targets(report)
    assert targets(rows) == ROWS
    for name, row in rows.items():
        if name in PEERS | {GAP} and row["value"] is None:
            assert row["note"]
        else:
            assert row["value"] >= 0
            assert len(row["repeats"]) >= 1
    assert report["versions"]["postgresql 18"]


def test_its_help_names_every_part() -> None:
    assert left_out_of_help("eventstore", PARTS) == []


def test_a_ratio_is_the_median_of_neighbours_and_is_held_against_its_target() -> None:
    row = ratio("x", [2.0, 9.0, 4.0], [1.0, 3.0, 4.0], Target(">=", 2.0))
    assert row.repeats == (2.0, 3.0, 1.0)
    assert (row.value, row.met) == (2.0, True)
    assert ratio("x", [1.0], [1.0], Target("<=", 0.9)).met is False


def test_what_was_not_measured_is_not_met() -> None:
    assert Measure("x", "ms", target=Target("<=", 1.0)).met is False
    assert Measure("x", "ms", (2.0,)).met is None
