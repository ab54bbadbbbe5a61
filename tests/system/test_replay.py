"""A document's history outlives the processes: replay prints the same after a stop and a start."""

import json
from typing import Any

import pytest

from tests.system.conftest import Walked
from tools.cli import main as lienthong
from tools.platform import Platform

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq]


def replay(platform: Platform, capsys: pytest.CaptureFixture[str], trace_id: str) -> Any:
    """What `lienthong replay` prints, without the instant at which it was asked."""
    capsys.readouterr()
    assert lienthong(["replay", trace_id, "--json", "--folder", str(platform.folder)]) == 0
    printed = json.loads(capsys.readouterr().out)
    del printed["as_of"]
    return printed


def test_replay_prints_the_same_lines_after_a_stop_and_a_start(
    platform: Platform, undisturbed: Walked, capsys: pytest.CaptureFixture[str]
) -> None:
    (trace,) = undisturbed.report["traces"]
    before = replay(platform, capsys, trace["trace_id"])
    shown = [{name: line[name] for name in trace["timeline"][0]} for line in before["lines"]]
    assert shown == trace["timeline"]
    platform.stop()
    platform.start()
    assert replay(platform, capsys, trace["trace_id"]) == before
