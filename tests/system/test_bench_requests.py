"""The row of the signatures' bench that takes a whole platform, in its short form."""

from pathlib import Path

import pytest

from tools.bench.report import Target
from tools.bench.signatures.requests import NAME, requests

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(600)]


def test_requests_are_measured_idle_and_while_the_workers_sign_and_judge(
    server_folder: Path,
) -> None:
    """On a platform of its own: files that belong to no document leave a backlog behind."""
    found = {row.name: row for row in requests(server_folder / "bench", quick=True)}
    assert found[NAME].target == Target("<=", 10)
    assert "processors" in found[NAME].note
    assert [row.name for row in found.values() if row.value is None] == []
    # The difference is of its own run's figures, and something was done meanwhile.
    values = {name: row.value or 0.0 for name, row in found.items()}
    idle = values["request while idle: p99"]
    assert values[NAME] == pytest.approx(values["request while workers sign and judge: p99"] - idle)
    assert values["files signed and judged meanwhile"] > 0
