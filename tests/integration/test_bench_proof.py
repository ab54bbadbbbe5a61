"""The log's bench in its short form: it runs, and leaves a row for every target.

The bundle's part takes a platform of its own: tests/system/test_bundle.py has its rows.
"""

from pathlib import Path

import pytest

from tests.support.short_bench import left_out_of_help, short_form, targets, with_targets
from tools.bench.proof.__main__ import PARTS

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(900)]

ROWS = {
    "sealing: entry, chain and sealer, of the append's rate": ("<=", 5.0),
    "commit to signed checkpoint, 500 events/s, p99": ("<=", 150.0),
    "inclusion proof of any event in 1,000,000, slowest event": ("<=", 20.0),
    "full verification against the decoded read rate": (">=", 0.8),
    "tree, tiles and root every 50, to SHA-256": (">=", 0.3),
    "tree, tiles and root every 1000, to SHA-256": (">=", 0.3),
    "inclusion proof made": ("<=", 10),
}


def test_the_short_bench_runs_and_fills_every_row(tmp_path: Path) -> None:
    parts = [each for each in PARTS if each != "bundle"]
    report = short_form("proof", tmp_path / "proof.json", "--only", *parts, within=850)
    rows = with_targets(report)
    assert targets(rows) == ROWS
    assert [name for name, row in rows.items() if row["value"] is None] == []


def test_its_help_names_every_part() -> None:
    assert left_out_of_help("proof", PARTS) == []
