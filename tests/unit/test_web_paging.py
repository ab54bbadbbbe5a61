"""Cursors come back from strangers."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.web.paging import decode_cursor, encode_cursor
from libs.web.problems import Problem

KINDS: dict[str, type[str] | type[int]] = {"at": str, "position": int}
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


@given(TEXT, st.integers(-(2**63), 2**63 - 1))
def test_a_cursor_comes_back_as_it_was_given(at: str, position: int) -> None:
    cursor = encode_cursor({"at": at, "position": position})
    assert decode_cursor(cursor, KINDS) == {"at": at, "position": position}


def made(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "é",
        "!!!!",
        "a" * 2000,
        made([]),
        made({"at": "x"}),
        made({"at": "x", "position": 1, "more": 2}),
        made({"at": "x", "position": "1"}),
        made({"at": "x", "position": True}),
        made({"at": "x\0", "position": 1}),
        made({"at": "\ud800", "position": 1}),
        made({"at": "x", "position": 2**63}),
    ],
)
def test_any_other_text_is_refused(cursor: str) -> None:
    with pytest.raises(Problem) as refused:
        decode_cursor(cursor, KINDS)
    assert (refused.value.status, refused.value.code) == (400, "cursor_malformed")
