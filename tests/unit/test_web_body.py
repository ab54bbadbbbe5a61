"""Bodies: never too much, never too slow, never a part for the whole."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.web.body import BodyReader, Limits, parse_json
from libs.web.problems import Problem

LIMITS = Limits(grace=5)


def code_of(problem: pytest.ExceptionInfo[Problem]) -> str:
    return problem.value.code


@given(st.binary(max_size=100_000), st.lists(st.integers(1, 50_000), min_size=1))
def test_pieces_of_any_size_make_the_whole(content: bytes, sizes: list[int]) -> None:
    reader = BodyReader(io.BytesIO(content), len(content), len(content), LIMITS)
    pieces = [reader.read(size) for size in sizes]
    whole = b"".join([*pieces, reader.read()])
    assert whole == content
    assert reader.finished
    assert all(len(piece) <= size for piece, size in zip(pieces, sizes, strict=True))


@given(st.binary(min_size=1, max_size=50_000), st.integers(0, 49_999))
def test_a_body_shorter_than_announced_always_fails(content: bytes, kept: int) -> None:
    reader = BodyReader(
        io.BytesIO(content[: min(kept, len(content) - 1)]), len(content), 10**6, LIMITS
    )
    for _ in range(2):
        with pytest.raises(Problem) as refused:
            reader.read()
        assert code_of(refused) == "body_broken_off"
    assert not reader.finished


def test_a_chunked_body_that_broke_off_does_not_end_well_later() -> None:
    class BreaksOffOnce(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            self.read = super().read  # type: ignore[method-assign, assignment]
            raise OSError

    reader = BodyReader(BreaksOffOnce(), None, 100, LIMITS)
    for _ in range(2):
        with pytest.raises(Problem) as refused:
            reader.read()
        assert code_of(refused) == "body_broken_off"


def test_a_body_longer_than_announced_ends_where_it_was_announced() -> None:
    stream = io.BytesIO(b"onetwo")
    assert BodyReader(stream, 3, 100, LIMITS).read() == b"one"
    assert stream.read() == b"two"


@pytest.mark.parametrize("announced", [11, None])
def test_the_limit_holds_with_and_without_a_length(announced: int | None) -> None:
    reader = BodyReader(io.BytesIO(b"x" * 11), announced, 10, LIMITS)
    with pytest.raises(Problem) as refused:
        reader.read()
    assert (code_of(refused), refused.value.data) == ("body_too_large", {"limit": 10})


def test_an_announced_excess_is_refused_before_a_byte_is_read() -> None:
    stream = io.BytesIO(b"x" * 11)
    with pytest.raises(Problem):
        BodyReader(stream, 11, 10, LIMITS).read()
    assert stream.tell() == 0


def test_a_body_at_the_limit_is_taken() -> None:
    assert BodyReader(io.BytesIO(b"x" * 10), None, 10, LIMITS).read() == b"x" * 10


def test_time_is_up_when_the_grace_is_spent() -> None:
    reader = BodyReader(io.BytesIO(b"x" * 10), 10, 10, Limits(grace=0, minimum_rate=1))
    with pytest.raises(Problem) as refused:
        reader.read()
    assert (refused.value.status, code_of(refused)) == (408, "body_too_slow")


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=5),
        st.one_of(
            st.integers(),
            st.booleans(),
            st.none(),
            st.floats(allow_nan=False, allow_infinity=False),
        ),
        max_size=5,
    )
)
def test_what_json_can_say_is_read_as_it_was_said(document: dict[str, Any]) -> None:
    assert parse_json(json.dumps(document).encode(), depth=4) == document


@pytest.mark.parametrize("text", ["\\u0000", "\\u000b", "\\u001f", "\\ud800", "\\uffff"])
def test_text_that_no_packet_can_carry_is_refused(text: str) -> None:
    with pytest.raises(Problem) as refused:
        parse_json(f'{{"note": "{text}"}}'.encode(), depth=4)
    assert code_of(refused) == "body_unreadable"


def test_line_ends_and_tabs_are_text() -> None:
    assert parse_json(b'{"note": "a\\r\\n\\tb"}', depth=4) == {"note": "a\r\n\tb"}


@given(st.binary(max_size=200))
def test_any_bytes_give_an_object_or_a_problem(content: bytes) -> None:
    try:
        document = parse_json(content, depth=4)
    except Problem:
        return
    assert isinstance(document, dict)


@pytest.mark.parametrize(("levels", "taken"), [(4, True), (5, False)])
def test_depth_counts_objects_and_lists(levels: int, taken: bool) -> None:
    content = b'{"a":' * (levels - 1) + b"[1]" + b"}" * (levels - 1)
    if taken:
        parse_json(content, depth=4)
    else:
        with pytest.raises(Problem) as refused:
            parse_json(content, depth=4)
        assert refused.value.data == {"reason": "nested too deeply"}


def test_a_syntax_error_is_given_with_its_place() -> None:
    with pytest.raises(Problem) as refused:
        parse_json(b'{"a": 1,\n "b" 2}', depth=4)
    assert (refused.value.data["line"], refused.value.data["column"]) == (2, 6)
