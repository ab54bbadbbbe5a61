"""The table of actions covers the contract: no event is left out of the trail in silence."""

import pytest

from libs.contracts import topology
from libs.contracts.messages import message_classes
from services.audit.actions import ACTIONS, NO_LINE, VARIANTS, key_of

TYPES = {name for category in topology().categories.values() for name in category.events}


def types_of(keys: object) -> set[str]:
    return {key.partition(":")[0] for key in keys}  # type: ignore[attr-defined]


def test_every_event_of_the_contract_has_an_action_or_a_reason_for_none() -> None:
    assert types_of([*ACTIONS, *NO_LINE]) == TYPES


def test_no_key_is_both_a_line_and_none() -> None:
    assert not set(ACTIONS) & set(NO_LINE)


def test_only_types_with_variants_stand_in_both_tables_and_none_without() -> None:
    both = types_of(ACTIONS) & types_of(NO_LINE)
    varied = {key.partition(":")[0] for key in [*ACTIONS, *NO_LINE] if ":" in key}
    assert both <= varied == {*VARIANTS, "StatusReceived"}


@pytest.mark.parametrize(("event_type", "field"), VARIANTS.items())
def test_variants_are_told_by_a_field_of_the_contract(event_type: str, field: str) -> None:
    assert field in message_classes()[event_type].DESCRIPTOR.fields_by_name


@pytest.mark.parametrize(
    ("event_type", "status"),
    [
        ("DocumentArrived", "01"),
        ("DocumentRefused", "02"),
        ("DocumentAccepted", "03"),
        ("TaskAssigned", "04"),
        ("TaskStarted", "05"),
        ("ProcessFinished", "06"),
    ],
)
def test_the_steps_of_the_field_carry_its_status_codes(event_type: str, status: str) -> None:
    assert ACTIONS[event_type].status == status


def test_a_status_told_by_the_axis_carries_the_code_of_its_packet() -> None:
    told = {key: action.status for key, action in ACTIONS.items() if "StatusReceived" in key}
    codes = ["01", "02", "03", "04", "05", "06", "13", "15", "16"]
    assert told == {f"StatusReceived:{code}": code for code in codes}


def test_a_status_told_inside_makes_no_line_since_the_step_itself_is_one() -> None:
    kind = message_classes()["StatusReceived"]
    assert key_of("StatusReceived", kind(channel="inside", status_code="03")) is None
    assert key_of("StatusReceived", kind(channel="axis", status_code="03")) == "StatusReceived:03"


def test_a_variant_that_no_table_names_is_an_error_and_not_a_gap_in_the_trail() -> None:
    kind = message_classes()["ArrivalVerified"]
    with pytest.raises(LookupError, match="ArrivalVerified:MAYBE"):
        key_of("ArrivalVerified", kind(verdict="MAYBE"))
