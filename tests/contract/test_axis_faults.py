"""The switch by which an admin lets the axis fail."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from services.interconnect.axis import AxisUnreachable
from tests.support.axis_drivers import FaultyAxis, seeded_store, serving
from tools.axis.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return seeded_store(tmp_path_factory.mktemp("axis"))


@pytest.fixture(scope="module")
def server(store: Store) -> Iterator[FaultyAxis]:
    with serving(store) as url:
        yield FaultyAxis(url, "national")


@pytest.fixture
def axis(server: FaultyAxis) -> Iterator[FaultyAxis]:
    yield server
    server.plan()


def list_what_waits(axis: FaultyAxis) -> None:
    assert axis.client("province").waiting("edoc") == []


def test_one_seed_gives_one_run(axis: FaultyAxis) -> None:
    def run(seed: int) -> list[bool]:
        axis.plan(seed, server_error={"rate": 0.5})
        found = []
        for _ in range(16):
            try:
                list_what_waits(axis)
                found.append(True)
            except AxisUnreachable:
                found.append(False)
        return found

    first = run(7)
    assert first == run(7)
    assert first != run(8)
    assert {True, False} == set(first)


def test_faults_are_off_until_somebody_switches_them_on(axis: FaultyAxis) -> None:
    assert axis.administer().json()["happened"] == {}


def test_a_fault_may_strike_one_system_alone(axis: FaultyAxis) -> None:
    axis.plan(server_error={"systems": ["province"]})
    assert axis.client("office").waiting("edoc") == []
    with pytest.raises(AxisUnreachable):
        list_what_waits(axis)


@pytest.mark.parametrize("secret", ["", "wrong", "admin-secret "])
def test_only_the_admin_switches(axis: FaultyAxis, secret: str) -> None:
    plan: dict[str, Any] = {"faults": {"server_error": {}}}
    assert axis.administer(secret, json=plan).status_code == 401
    list_what_waits(axis)


def test_without_an_admin_there_is_no_switch(tmp_path: Path) -> None:
    with serving(seeded_store(tmp_path), admin="") as url:
        answer = requests.get(f"{url}/faults", headers={"Authorization": "Bearer "}, timeout=5)
        assert answer.status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 10_000,
        b'{"faults": {"flood": {}}}',
        b'{"faults": {"cut": {"rate": 2}}}',
        b'{"faults": {"cut": {"rate": "x"}}}',
        b'{"faults": {"cut": {"times": -1}}}',
        b'{"faults": {"cut": {"ever": 1}}}',
        b'{"faults": {"cut": {"methods": 7}}}',
        b'{"faults": {}, "seed": "x"}',
    ],
)
def test_a_plan_that_makes_no_sense_changes_nothing(axis: FaultyAxis, body: bytes) -> None:
    axis.plan(server_error={"times": 0})
    reply = axis.administer(data=body or b" ")
    assert reply.json()["ErrorCode"] == "10"
    assert axis.happened("server_error") == 0
