"""The events of documents and their contract name the same fields."""

from dataclasses import fields

import pytest

from libs.contracts import topology
from libs.contracts.messages import message_classes
from services.documents.events import EVENTS
from services.documents.projections import PROJECTIONS


def own_events() -> set[str]:
    owned = [each for each in topology().categories.values() if each.owner == "documents"]
    return {name for category in owned for name in category.events}


def test_the_topology_lists_exactly_our_events() -> None:
    assert own_events() == set(EVENTS)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_has_the_fields_of_its_message(name: str) -> None:
    contract = message_classes()[name].DESCRIPTOR.fields_by_name
    assert {field.name for field in fields(EVENTS[name])} == set(contract)


def test_every_own_event_reaches_the_read_models() -> None:
    assert own_events() <= set(PROJECTIONS)
