"""The faster functions read what the originals read, and refuse what they refuse."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from asn1crypto.x509 import Name
from hypothesis import example, given
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic

from services.signatures.pdf import faster


def outcome(read: Callable[[BytesIO], Any], data: bytes) -> tuple[Any, int] | None:
    """What is read and where reading stopped; None for a refusal."""
    stream = BytesIO(data)
    try:
        return read(stream), stream.tell()
    except Exception:
        return None


def result(function: Callable[..., Any], *arguments: Any) -> Any:
    """What comes out: a value, or the class of a refusal."""
    try:
        return function(*arguments)
    except Exception as error:
        return type(error)


pdf_bytes = st.text(alphabet="0aF9fz<> \n\0%/(", max_size=40).map(str.encode)


@given(pdf_bytes)
@example(b"48656c6c6f> rest")
@example(b"486 56c6c6f\n7>")
@example(b"48 % a comment\n65>")
@example(b"48")
def test_hexadecimal_strings_are_read_alike(data: bytes) -> None:
    assert outcome(faster.hex_string, b"<" + data) == outcome(
        faster.original_hex_string, b"<" + data
    )


@given(pdf_bytes | st.binary(max_size=600))
@example(b"a" * 256)
@example(b"a" * 256 + b"/")
@example(b"a" * 255 + b"/b")
@example(b"")
def test_names_end_alike(data: bytes) -> None:
    assert outcome(faster.until_delimiter, data) == outcome(faster.original_until_delimiter, data)


@given(st.binary(max_size=30) | st.just(b"J#61vaScript") | st.just(b"a" * 5_000))
def test_names_are_decoded_alike(data: bytes) -> None:
    assert result(faster.decode_name, data) == result(faster.original_decode_name, data)


def test_every_name_is_an_object_of_its_own() -> None:
    assert faster.decode_name(b"Type") is not faster.decode_name(b"Type")
    assert isinstance(faster.decode_name(b"Type"), generic.NameObject)


words = st.text(st.characters(categories=["Lu", "Ll", "Nd", "Zs"]), min_size=1, max_size=8)


@given(words, words)
@example("ABC", "abc")
@example("a  b", "A B")
@example("x" * 600, "X" * 600)
def test_names_of_people_are_compared_alike(one: str, other: str) -> None:
    first, second = (Name.build({"common_name": word}) for word in (one, other))
    value = first.chosen[0][0]
    assert result(faster.hashable_name, first) == result(faster.original_hashable, first)
    assert result(faster.prepared, value, one) == result(faster.original_prepared, value, one)
    # Letters newer than RFC 3454 are refused when they are compared; the same bytes need not be.
    if first.dump() != second.dump():
        same = result(faster.original_same_name, first, second)
        assert result(faster.same_name, first, second) == same


@pytest.mark.parametrize("other", [None, 1, "CN=a"])
def test_a_name_is_nothing_else(other: object) -> None:
    assert not faster.same_name(Name.build({"common_name": "a"}), other)
