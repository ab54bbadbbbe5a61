"""The signatures' bench in its short form: it runs, and leaves a row for every target.

The requests' part takes a whole platform to itself: `make bench-signatures` runs it.
"""

from pathlib import Path

import pytest

from tests.support.short_bench import left_out_of_help, short_form, targets, with_targets
from tools.bench.signatures.__main__ import PARTS

pytestmark = pytest.mark.timeout(600)

ROWS = {
    "sign 100 kB, B-B": ("<=", 8),
    "sign 5 MB, B-B": ("<=", 3),
    "two signing workers / one": (">=", 1.8),
    "judge 100 kB, B-T": ("<=", 40),
    "judge 5 MB, B-T": ("<=", 4),
    "report of the same 5 MB again / hashing it": ("<=", 1.2),
    "judge 10 signatures with archive evidence": ("<=", 2),
}


def test_the_short_bench_runs_and_fills_every_row(tmp_path: Path) -> None:
    parts = [each for each in PARTS if each != "requests"]
    report = short_form("signatures", tmp_path / "signatures.json", "--only", *parts, within=550)
    rows = with_targets(report)
    assert targets(rows) == ROWS
    assert [name for name, row in rows.items() if row["value"] is None] == []


def test_its_help_names_every_part() -> None:
    assert left_out_of_help("signatures", PARTS) == []
