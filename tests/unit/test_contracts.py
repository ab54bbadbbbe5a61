"""The contract holds everywhere: protos, topology, every service's events, wire names, samples.

The files in `tests/vectors` are written once and never changed: what they hold is stored in
installations and on the wire. A new event adds a line and a sample.
"""

import importlib
import json
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.contracts import UnknownEvent, UnreadablePayload, decode, encode, message, topology
from libs.contracts.messages import message_classes
from libs.contracts.upcasters import payload_today
from libs.messaging import desk_events
from libs.messaging.broker import published_categories

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
SERVICES = Path(__file__).resolve().parents[2] / "services"
SCALARS = {
    str: FieldDescriptor.TYPE_STRING,
    UUID: FieldDescriptor.TYPE_STRING,
    date: FieldDescriptor.TYPE_STRING,
    datetime: FieldDescriptor.TYPE_STRING,
    int: FieldDescriptor.TYPE_INT32,
    bool: FieldDescriptor.TYPE_BOOL,
}
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)

st.register_type_strategy(str, TEXTS)
st.register_type_strategy(int, st.integers(-(2**31), 2**31 - 1))
st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))


def events_of_owners() -> dict[str, dict[str, type]]:
    """The wire names and dataclasses of every service, and of the desk that all of them write."""
    services = {
        file.parent.name: importlib.import_module(f"services.{file.parent.name}.events").EVENTS
        for file in sorted(SERVICES.glob("*/events.py"))
    }
    return {**services, "desk": desk_events.EVENTS}


BY_OWNER = events_of_owners()
EVENTS = {name: kind for events in BY_OWNER.values() for name, kind in events.items()}
VERSIONS = [(name, v) for name in sorted(EVENTS) for v in range(1, topology().schema_of(name) + 1)]


@dataclass(frozen=True)
class Stored:
    """What the store keeps of an event, as far as the contract looks at it."""

    type: str
    payload: bytes
    schema: int = 1


def test_every_event_type_of_the_topology_is_its_owners_and_no_other_services() -> None:
    told: dict[str, set[str]] = {}
    for category in topology().categories.values():
        names = told.setdefault(category.owner, set())
        assert not names & set(category.events), "a type stands in one category"
        names |= set(category.events)
    assert {owner: set(events) for owner, events in BY_OWNER.items()} == told
    assert sum(len(events) for events in BY_OWNER.values()) == len(EVENTS)


def test_every_service_writes_the_desk_and_the_desk_is_no_service() -> None:
    shape = topology()
    assert shape.writers(shape.categories["desk"]) == shape.services
    assert shape.writers(shape.categories["process"]) == ("workflow",)
    assert set(shape.owners) - set(shape.services) == {"desk"}


def test_a_wire_name_stands_for_a_frozen_dataclass_of_its_own() -> None:
    assert len(set(EVENTS.values())) == len(EVENTS)
    for name, kind in EVENTS.items():
        assert is_dataclass(kind), name
        assert kind.__dataclass_params__.frozen, name  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_has_exactly_the_fields_of_its_message(name: str) -> None:
    _same_shape(EVENTS[name], message_classes()[name].DESCRIPTOR)


def _same_shape(kind: Any, descriptor: Descriptor | None) -> None:
    assert descriptor is not None
    hints = get_type_hints(kind)
    assert {field.name for field in fields(kind)} == set(descriptor.fields_by_name)
    for name, hint in hints.items():
        field = descriptor.fields_by_name[name]
        single = _without_none(hint)
        where = f"{kind.__name__}.{name}"
        assert field.is_repeated == (get_origin(single) is tuple), where
        if get_origin(single) is tuple:
            single, rest = get_args(single)
            assert rest is Ellipsis, where
        if is_dataclass(single):
            assert field.type == FieldDescriptor.TYPE_MESSAGE, where
            _same_shape(single, field.message_type)
        else:
            assert field.type == SCALARS[single], where


def _without_none(hint: Any) -> Any:
    if get_origin(hint) not in (Union, UnionType):
        return hint
    (inner,) = (item for item in get_args(hint) if item is not type(None))
    return inner


def test_the_names_on_the_wire_are_the_ones_that_were_written_down() -> None:
    written = (VECTORS / "wire_names.txt").read_text(encoding="utf-8").splitlines()
    assert wire_names() == written


def wire_names() -> list[str]:
    """Categories, types with their versions, exchanges, queues and bindings, one a line."""
    shape = topology()
    lines = [f"exchange {shape.categories[name].exchange}" for name in published_categories()]
    for category in shape.categories.values():
        lines.append(f"category {category.name} of {category.owner}")
        lines += [f"event {category.name} {name} {v}" for name, v in category.events.items()]
    for consumer in shape.consumers.values():
        lines.append(f"consumer {consumer.name}")
        lines += [f"queue {consumer.name} <- {name}" for name in shape.foreign(consumer)]
        lines += [f"reads {consumer.name} <- {name}" for name in shape.own(consumer)]
    return sorted(lines)


def sample(name: str, version: int) -> bytes:
    """A payload as that version of the event was written."""
    return (VECTORS / "events" / f"{name}.v{version}.json").read_bytes()


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_payload_of_today_is_read_and_written_the_same(name: str) -> None:
    payload = sample(name, topology().schema_of(name))
    assert encode(decode(EVENTS[name], payload)) == payload


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_what_was_ever_written_is_read_today_by_its_service_and_by_others(
    name: str, version: int
) -> None:
    stored = Stored(name, sample(name, version), version)
    raised = payload_today(stored)
    assert encode(decode(EVENTS[name], raised)) == raised
    assert message(stored).DESCRIPTOR.name == name


def test_there_is_a_sample_for_every_version_of_an_event_type_and_for_nothing_else() -> None:
    found = {file.name for file in (VECTORS / "events").iterdir()}
    assert found == {f"{name}.v{version}.json" for name, version in VERSIONS}


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_sample_of_today_has_every_field_so_that_none_goes_without_a_new_version(
    name: str,
) -> None:
    found = json.loads(sample(name, topology().schema_of(name)))
    assert set(found) == {field.name for field in fields(EVENTS[name])}


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_whatever_an_event_holds_comes_back_and_fits_the_contract(name: str) -> None:
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.builds(EVENTS[name], **_every_field(EVENTS[name])))
    def holds(event: Any) -> None:
        payload = encode(event)
        assert decode(EVENTS[name], payload) == event
        message(Stored(name, payload, topology().schema_of(name)))

    holds()


def _every_field(kind: type) -> dict[str, st.SearchStrategy[Any]]:
    """Also those with a default, which hypothesis would leave at it."""
    return {name: st.from_type(hint) for name, hint in get_type_hints(kind).items()}


def test_a_payload_that_does_not_fit_is_refused() -> None:
    kind = EVENTS["TaskStarted"]
    good = (VECTORS / "events" / "TaskStarted.v1.json").read_bytes()
    for bad in (
        good.replace(b'"task_id"', b'"job_id"'),
        good.replace(b'"task_id":"', b'"task_id":"x'),
        b'{"more":1,' + good[1:],
        b"[]",
        b"{}",
        b"{",
        b"\xff",
    ):
        with pytest.raises(UnreadablePayload):
            decode(kind, bad)


@pytest.mark.parametrize(
    "stored",
    [
        Stored("TaskVanished", b"{}"),
        Stored("TaskStarted", b"{}", schema=2),
        Stored("TaskStarted", b'{"more":1}'),
        Stored("TaskStarted", b'{"task_id":1}'),
        Stored("ProcessOpened", b'{"urgency":2147483648}'),
        Stored("TaskStarted", b"no JSON"),
    ],
)
def test_what_the_contract_does_not_know_is_never_a_message(stored: Stored) -> None:
    with pytest.raises(UnknownEvent):
        message(stored)
