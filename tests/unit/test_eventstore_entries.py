"""An entry is canonical, tells every column, and is made by one row alone."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from libs.eventstore import Place
from libs.eventstore.entries import (
    FIELDS,
    NotAnEntry,
    Row,
    differences,
    entry_of,
    fields_of,
    fits,
    instant,
    leaf_of,
    place_of,
)

BEFORE = bytes(range(32))
ROW = Row(
    tx=1234,
    position=77,
    stream="document-1",
    version=3,
    category="document",
    event_id=str(UUID(int=1)),
    type="DocumentDrafted",
    schema=1,
    agency="agency-1",
    handler="person:p/q",
    behalf=None,
    occurred_at="2026-11-22 07:05:00.000120+00",
    recorded_at="2026-11-22 07:05:00.5+00",
    trace=str(UUID(int=2)),
    correlation=None,
    causation=str(UUID(int=3)),
    payload=b'{"a":1}',
    leaf=bytes(32),
)
SEALED = ROW._replace(leaf=leaf_of(entry_of(ROW, BEFORE)))
ENTRY = entry_of(SEALED, BEFORE)


def test_an_entry_is_canonical_json_of_all_fields() -> None:
    assert rfc8785.dumps(json.loads(ENTRY)) == ENTRY
    assert list(json.loads(ENTRY)) == list(FIELDS)


def test_an_entry_without_a_predecessor_says_so() -> None:
    assert b'"prev":null' in entry_of(ROW._replace(version=1), None)


def test_every_column_but_the_derived_ones_is_told_by_a_field() -> None:
    assert {*FIELDS.values(), "category"} == set(Row._fields)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("2026-11-22 07:05:00.000120+00", "2026-11-22T07:05:00.000120Z"),
        ("2026-11-22 07:05:00.12+00", "2026-11-22T07:05:00.120000Z"),
        ("2026-11-22 07:05:00+00", "2026-11-22T07:05:00.000000Z"),
        ("12026-11-22 07:05:00+00", "12026-11-22T07:05:00.000000Z"),
    ],
)
def test_an_instant_has_six_digits(sent: str, told: str) -> None:
    assert instant(sent) == told


CHANGED: dict[str, Any] = {
    "tx": 1235,
    "position": 78,
    "stream": "document-2",
    "version": 4,
    "category": "register",
    "event_id": str(UUID(int=9)),
    "type": "DraftRevised",
    "schema": 2,
    "agency": "agency-2",
    "handler": "person:p/r",
    "behalf": "agency-3",
    "occurred_at": "2026-11-22 07:05:00.000121+00",
    "recorded_at": "2026-11-22 07:05:00.6+00",
    "trace": str(UUID(int=8)),
    "correlation": str(UUID(int=7)),
    "causation": None,
    "payload": b'{"a":2}',
    "leaf": bytes([1]) * 32,
}


def test_the_columns_of_a_row_as_it_was_sealed_have_no_difference() -> None:
    assert list(differences(SEALED, BEFORE, ENTRY)) == []


@pytest.mark.parametrize("column", Row._fields)
def test_a_changed_column_is_named_and_no_other(column: str) -> None:
    assert list(differences(SEALED._replace(**{column: CHANGED[column]}), BEFORE, ENTRY)) == [
        column
    ]


def test_another_predecessor_is_named() -> None:
    assert list(differences(SEALED, bytes(32), ENTRY)) == ["the event before"]


def test_a_quotation_mark_cannot_hide_a_column() -> None:
    bent = SEALED._replace(agency='agency-1","behalf":null,"x":"', behalf=None)
    assert list(differences(bent, BEFORE, ENTRY)) == ["agency"]


texts = st.text(st.sampled_from('ab",:{}\\ện'), max_size=6)


@dataclass(frozen=True)
class Names:
    """The columns whose text stands in the entry as it is."""

    agency: str
    behalf: str | None
    handler: str
    type: str
    stream: str


names = st.builds(Names, texts, st.none() | texts, texts, texts, texts)
good = st.text(st.sampled_from("ab:/"), min_size=1, max_size=4)
proper = st.builds(
    Names,
    good,
    st.none() | good,
    good,
    st.text(st.sampled_from("AB"), min_size=1),
    st.text(st.sampled_from("ab"), min_size=1).map("document-".__add__),
)


@given(proper, names)
def test_no_other_names_give_the_bytes_of_a_proper_entry(one: Names, other: Names) -> None:
    first, second = ROW._replace(**vars(one)), ROW._replace(**vars(other))
    assert fits(first)
    assert (entry_of(first, None) == entry_of(second, None)) == (one == other)


@pytest.mark.parametrize(
    "changes",
    [
        {"stream": 'document-"'},
        {"stream": "document"},
        {"stream": "document-" + "x" * 201},
        {"category": "register"},
        {"type": "Document Drafted"},
        {"agency": ""},
        {"agency": "a" * 129},
        {"handler": "Nguyễn Văn A"},
        {"behalf": 'b"'},
        {"handler": "person:p\n"},
    ],
)
def test_a_row_that_no_function_of_the_store_has_written_does_not_fit(
    changes: dict[str, Any],
) -> None:
    assert fits(ROW)
    assert not fits(ROW._replace(**changes))


def test_an_entry_tells_its_place() -> None:
    assert place_of(ENTRY) == Place(1234, 77)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"log.example/2026\n5\n",
        b"[]",
        b'{"agency":"a"}',
        b"[" * 100_000,
        json.dumps(dict.fromkeys(FIELDS, 1)).encode(),
        b"\xff",
    ],
)
def test_what_is_no_entry_is_refused(content: bytes) -> None:
    with pytest.raises(NotAnEntry):
        fields_of(content)
    with pytest.raises(NotAnEntry):
        place_of(content)


def test_a_place_that_is_not_two_numbers_is_refused() -> None:
    with pytest.raises(NotAnEntry):
        place_of(ENTRY.replace(b'"tx":"1234"', b'"tx":"many"'))
