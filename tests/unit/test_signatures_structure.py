"""What the bytes alone say about a signature's coverage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.signatures.pdf.reasons import CODES, from_ades, reason, worst
from services.signatures.pdf.structure import ends_cleanly, is_pdf, signed_end

DATA = b"%PDF-1.7 before <00ff> after %%EOF\n"
START, RESUMED = DATA.index(b"<"), DATA.index(b">") + 1
WHOLE = [0, START, RESUMED, len(DATA) - RESUMED]


def test_the_gap_is_the_signature_and_nothing_else() -> None:
    assert signed_end(DATA, WHOLE) == len(DATA)
    assert signed_end(DATA + b"more", WHOLE) == len(DATA)


@pytest.mark.parametrize(
    "byte_range",
    [
        [],
        [0, START],
        [1, START - 1, RESUMED, 5],
        [0, START - 1, RESUMED, 5],
        [0, START, RESUMED + 1, 5],
        [0, START, RESUMED, len(DATA)],
        [0, START, RESUMED, 0],
        [0, START, START, 5],
        [0, -5, RESUMED, 5],
        [*WHOLE, 0, 0],
    ],
)
def test_any_other_range_covers_nothing(byte_range: list[int]) -> None:
    assert signed_end(DATA, byte_range) is None


@given(st.lists(st.integers(-10, 60), min_size=4, max_size=4))
def test_a_range_that_counts_begins_at_zero_and_leaves_only_the_hex_string(
    byte_range: list[int],
) -> None:
    end = signed_end(DATA, byte_range)
    assert end is None or (byte_range[:3] == WHOLE[:3] and RESUMED < end <= len(DATA))


@pytest.mark.parametrize(
    ("tail", "clean"),
    [(b"", True), (b"\n", True), (b"\r\n", True), (b"\r", True), (b"\n\n", False), (b" ", False)],
)
def test_one_line_end_may_follow_the_end_mark(tail: bytes, clean: bool) -> None:
    assert ends_cleanly(b"%PDF-1.7 %%EOF" + tail) is clean


def test_the_header_stands_near_the_beginning() -> None:
    assert is_pdf(b"\xef\xbb\xbf%PDF-1.4")
    assert not is_pdf(bytes(2000) + b"%PDF-1.4")


def test_every_reason_has_a_sentence_in_both_languages() -> None:
    for code in CODES:
        one = reason(code)
        assert one.vi.endswith(".")
        assert one.en.endswith(".")
        assert one.sub_indication
        assert one.verdict != "TOTAL_PASSED"


def test_a_failure_outweighs_what_is_unknown() -> None:
    assert worst([]) == ("TOTAL_PASSED", "")
    unknown, broken = reason("revocation_unknown"), reason("digest_wrong")
    assert worst([unknown]) == ("INDETERMINATE", "TRY_LATER")
    assert worst([unknown, broken]) == ("TOTAL_FAILED", "HASH_FAILURE")


def test_an_unknown_sub_indication_is_never_a_pass() -> None:
    assert from_ades("SOMETHING_NEW", "leader").verdict == "INDETERMINATE"
