"""A stored event of an older version is read as today's: upcasters in order, or not at all."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.contracts import UnknownEvent, message, topology
from libs.contracts.journal import Journal
from libs.contracts.upcasters import UPCASTERS, Upcaster, payload_today
from libs.eventstore import Recorded
from tests.unit.test_contracts import sample

# `TaskStarted` as two imagined forerunners wrote it: without the packet, and under other names.
TODAY = {name: str(UUID(int=n)) for n, name in enumerate(
    ("process_id", "task_id", "document_id", "agency_id", "packet_id"), start=1
)}  # fmt: skip
SECOND = {**TODAY, "packet_id": ""}
FIRST = {"job": TODAY["task_id"], **{k: v for k, v in TODAY.items() if k[:4] in ("proc", "docu")}}


@dataclass(frozen=True)
class TaskStarted:
    """The dataclass that today's version decodes to."""

    process_id: UUID
    task_id: UUID
    document_id: UUID
    agency_id: UUID
    packet_id: UUID


def first_to_second(old: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in old.items() if name != "job"}
    return {**kept, "task_id": old["job"], "agency_id": TODAY["agency_id"], "packet_id": ""}


def second_to_third(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "packet_id": old["packet_id"] or TODAY["packet_id"]}


@pytest.fixture
def third_version(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The contract as it would be when version 3 of `TaskStarted` is written."""
    monkeypatch.setitem(topology().categories["process"].events, "TaskStarted", 3)
    monkeypatch.setitem(UPCASTERS, ("TaskStarted", 1), first_to_second)
    monkeypatch.setitem(UPCASTERS, ("TaskStarted", 2), second_to_third)
    return monkeypatch


def stored(content: Any, version: int, kind: str = "TaskStarted") -> Recorded:
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    at = datetime(2026, 11, 22, tzinfo=UTC)
    return Recorded(
        tx=1, position=1, stream="process-1", version=1, category="process", event_id=UUID(int=9),
        type=kind, schema=version, agency="a", handler="system:x", behalf=None,
        occurred_at=at, recorded_at=at, trace=UUID(int=8), correlation=None, causation=None,
        payload=payload,
    )  # fmt: skip


def by_contract(event: Recorded) -> dict[str, str]:
    read = message(event)
    return {name: getattr(read, name) for name in TODAY}


def by_service(event: Recorded) -> dict[str, str]:
    read = Journal({"TaskStarted": TaskStarted}).event(event)
    return {name: str(getattr(read, name)) for name in TODAY}


both_readers = pytest.mark.parametrize("read", [by_contract, by_service])
Read = Callable[[Recorded], dict[str, str]]


@both_readers
@pytest.mark.parametrize(("content", "version"), [(FIRST, 1), (SECOND, 2), (TODAY, 3)])
@pytest.mark.usefixtures("third_version")
def test_each_version_is_read_as_todays(read: Read, content: Any, version: int) -> None:
    assert read(stored(content, version)) == TODAY


@pytest.mark.usefixtures("third_version")
def test_the_stored_bytes_stay_and_todays_are_passed_on_untouched() -> None:
    old = stored(FIRST, 1)
    before = bytes(old.payload)
    payload_today(old)
    assert old.payload == before
    odd = json.dumps(TODAY, indent=3).encode()
    assert payload_today(stored(odd, 3)) == odd


@both_readers
@pytest.mark.parametrize("version", [-1, 0, 4, 99])
@pytest.mark.usefixtures("third_version")
def test_a_version_that_was_never_written_is_unknown(read: Read, version: int) -> None:
    with pytest.raises(UnknownEvent, match=f"version {version} is not in the contract"):
        read(stored(TODAY, version))


@both_readers
@pytest.mark.parametrize(("missing", "readable"), [(1, 2), (2, 3)])
def test_a_gap_in_the_chain_makes_what_lies_before_it_unknown_and_nothing_else(
    third_version: pytest.MonkeyPatch, read: Read, missing: int, readable: int
) -> None:
    third_version.delitem(UPCASTERS, ("TaskStarted", missing))
    with pytest.raises(UnknownEvent, match="not in the contract"):
        read(stored(FIRST, 1))
    assert read(stored(SECOND if readable == 2 else TODAY, readable)) == TODAY


@both_readers
@pytest.mark.parametrize("bad", [b"", b"{", b"[]", b"7", b"{}", b"\xff", b'{"job":NaN}'])
@pytest.mark.usefixtures("third_version")
def test_an_old_payload_that_its_upcaster_cannot_read_is_unknown(read: Read, bad: bytes) -> None:
    with pytest.raises(UnknownEvent, match="does not fit its upcasters"):
        read(stored(bad, 1))


def test_a_type_of_no_contract_is_unknown_to_the_journal_too() -> None:
    stranger = stored(TODAY, 1, "TaskVanished")
    for read in (message, Journal({"TaskStarted": TaskStarted}).event):
        with pytest.raises(UnknownEvent, match="TaskVanished"):
            read(stranger)


def step(version: int) -> Upcaster:
    return lambda old: {"was": [*old["was"], version]}


@settings(max_examples=50, deadline=None)
@given(today=st.integers(1, 5), version=st.integers(-1, 6), steps=st.sets(st.integers(0, 5)))
def test_every_step_runs_once_in_the_order_of_versions_or_the_event_is_unknown(
    today: int, version: int, steps: set[int]
) -> None:
    needed = list(range(version, today))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(topology().categories["process"].events, "TaskStarted", today)
        for each in steps:
            patch.setitem(UPCASTERS, ("TaskStarted", each), step(each))
        event = stored({"was": []}, version)
        if version <= today and steps.issuperset(needed):
            assert json.loads(payload_today(event)) == {"was": needed}
        else:
            with pytest.raises(UnknownEvent):
                payload_today(event)


def unchanged_by(upcaster: Callable[[Any], Any], content: dict[str, Any]) -> bool:
    """Whether an upcaster leaves its argument as it is, and answers twice the same."""
    given_content = copy.deepcopy(content)
    answers = [upcaster(given_content), upcaster(given_content)]
    return given_content == content and answers[0] == answers[1]


def test_an_upcaster_that_changes_what_it_reads_is_found() -> None:
    assert unchanged_by(first_to_second, FIRST)
    assert not unchanged_by(lambda old: old.update(more=1) or old, FIRST)
    assert not unchanged_by(lambda old: {**old, "made": object()}, FIRST)


def test_every_upcaster_of_the_contract_is_pure_and_leads_to_a_version_that_exists() -> None:
    for (name, version), upcaster in UPCASTERS.items():
        assert 1 <= version < topology().schema_of(name)
        assert unchanged_by(upcaster, json.loads(sample(name, version)))
