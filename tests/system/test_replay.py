"""A document's history outlives the processes, and a replay of now shows what is shown now."""

import json
from typing import Any

import pytest

from tests.system.conftest import Walked
from tools.cli import main as lienthong
from tools.platform import Platform
from tools.platform.caller import Caller

LEADER = "ubndtinh_lanhdao"
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


def test_what_a_leader_sees_now_is_what_a_replay_of_now_shows(
    platform: Platform, undisturbed: Walked, capsys: pytest.CaptureFixture[str]
) -> None:
    leader = Caller(platform.folder, "leader", LEADER)
    live = {
        name: leader.get(f"/v1/{name}", {"limit": "200"})[name]
        for name in ("documents", "processes", "dispatches")
    }
    capsys.readouterr()
    folder = str(platform.folder)
    assert lienthong(["replay", "--person", LEADER, "--seen", "--json", "--folder", folder]) == 0
    (view,) = json.loads(capsys.readouterr().out)["views"]
    assert live["documents"]
    assert live["dispatches"]
    assert {name: view[name] for name in live} == live
