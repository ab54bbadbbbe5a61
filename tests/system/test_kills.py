"""SIGKILL of any one process during the journey only delays it."""

from functools import partial
from pathlib import Path

import pytest

from tests.support.system import at_rest, badly_numbered, journey, lost, normalised
from tests.support.system_kills import Strikes, StruckClient
from tests.system.conftest import Walked
from tools.platform import Platform

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(400)]

PLANS = {
    "services": [
        ("during accept 1", "documents.service"),
        ("during tasks 1", "workflow.service"),
        ("after approve 1", "signatures.service"),
        ("after issue 1", "interconnect.service"),
        ("during start 2", "audit.service"),
        ("after documents 3", "directory.service"),
        ("after issue 5", "audit.sealer"),
    ],
    "carriers": [
        ("after accept 1", "relay"),
        ("after approve 1", "documents.worker"),
        ("after issue 1", "signatures.worker"),
        ("after issue 2", "interconnect.worker"),
        ("after start 3", "issuer"),
        ("during accept 5", "edge"),
        ("after issue 5", "axis"),
    ],
    "servers": [
        ("after start 1", "pki"),
        ("during issue 1", "postgres"),
        ("after issue 2", "rabbitmq"),
        ("after accept 5", "epmd"),
        ("after issue 5", "witness"),
    ],
}


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_a_journey_with_kills_ends_as_the_undisturbed_one(
    platform: Platform, undisturbed: Walked, tmp_path: Path, plan: list[tuple[str, str]]
) -> None:
    strikes = Strikes(platform, plan)
    report = journey(platform, tmp_path, partial(StruckClient, strikes))
    at_rest(platform, within=60)
    strikes.end()
    assert strikes.acknowledged
    assert lost(platform, strikes.acknowledged) == set()
    assert badly_numbered(platform) == []
    assert normalised(report) == normalised(undisturbed.report)


def test_the_plans_kill_every_process_that_lives_on(platform: Platform) -> None:
    steps = {
        name for name, process in platform.state().processes.items() if process.state == "done"
    }
    planned = {name for plan in PLANS.values() for _, name in plan}
    assert planned == set(platform.state().processes) - steps
