"""Signers who sign other bytes than the file's, and wrappings of /Contents."""

from tools.corpus.kinds import Bench, kind
from tools.corpus.signing import Ranges, gap, put, sign_ranges, taken


def _signed(bench: Bench, ranges: Ranges) -> bytes:
    return sign_ranges(bench.draft, bench.pki.issue("Ngô Lệch Dải").signer, ranges)


@kind("the gap is the signature and nothing more")
def range_with_wide_gap(bench: Bench) -> bytes:
    return _signed(bench, lambda at: [0, at.start - 30, at.end, at.size - at.end])


@kind("the gap ends where the signature ends")
def range_with_late_gap(bench: Bench) -> bytes:
    return _signed(bench, lambda at: [0, at.start, at.end + 30, at.size - at.end - 30])


@kind("the first signed byte is the file's first")
def range_from_later(bench: Bench) -> bytes:
    return _signed(bench, lambda at: [9, at.start - 9, at.end, at.size - at.end])


@kind("the two ranges do not overlap")
def range_overlapping(bench: Bench) -> bytes:
    return _signed(bench, lambda at: [0, at.start, at.start - 50, at.size - at.start + 50])


@kind("the range lies inside the file")
def range_beyond_file(bench: Bench) -> bytes:
    return _signed(bench, lambda at: [0, at.start, at.end, at.size])


@kind("the range reaches the end of its revision")
def range_too_short(bench: Bench) -> bytes:
    return _signed(bench, lambda at: [0, at.start, at.end, 10])


@kind("no part of the range is empty")
def range_empty(bench: Bench) -> bytes:
    return _signed(bench, lambda _: [0, 0, 0, 0])


@kind("numbers of the range are not negative")
def range_negative(bench: Bench) -> bytes:
    return _signed(bench, lambda at: [0, -at.start, at.end, at.size - at.end])


@kind("a number may not be larger than any file")
def range_huge(bench: Bench) -> bytes:
    return _signed(bench, lambda at: [0, at.start, at.end, 10**30])


@kind("the range has two parts")
def range_of_one_part(bench: Bench) -> bytes:
    return _signed(bench, lambda at: [0, at.start])


@kind("the range has two parts, not three")
def range_of_three_parts(bench: Bench) -> bytes:
    return _signed(bench, lambda at: [0, 100, 100, at.start - 100, at.end, at.size - at.end])


@kind("the range has an even count of numbers")
def range_of_odd_count(bench: Bench) -> bytes:
    return _signed(bench, lambda at: [0, at.start, at.end])


@kind("the range is there")
def range_missing(bench: Bench) -> bytes:
    return bench.leader.replace(b"/ByteRange", b"/ByteRangf")


def _range_text(bench: Bench, text: bytes) -> bytes:
    place = bench.leader.index(b"/ByteRange [") + 11
    close = bench.leader.index(b"]", place) + 1
    return bench.leader[:place] + text.ljust(close - place)[: close - place] + bench.leader[close:]


@kind("the range is made of numbers")
def range_of_names(bench: Bench) -> bytes:
    return _range_text(bench, b"[/A /B /C /D]")


@kind("the range is an array")
def range_is_a_number(bench: Bench) -> bytes:
    return _range_text(bench, b"17")


def _contents(bench: Bench, content: bytes, rest: bytes = b"0") -> bytes:
    start, end = gap(bench.leader)
    room = end - start
    return (
        bench.leader[:start]
        + content
        + rest * (room - len(content) - 1)
        + b">"
        + bench.leader[end:]
    )


@kind("/Contents are a whole CMS structure")
def contents_cut(bench: Bench) -> bytes:
    return put(bench.leader, gap(bench.leader), taken(bench.leader).dump()[:700])


@kind("/Contents are not empty")
def contents_of_zeros(bench: Bench) -> bytes:
    return put(bench.leader, gap(bench.leader), b"")


@kind("/Contents are CMS and nothing else")
def contents_of_rubbish(bench: Bench) -> bytes:
    return put(bench.leader, gap(bench.leader), bytes(range(1, 200)))


@kind("/Contents claim no more than they hold")
def contents_of_endless_length(bench: Bench) -> bytes:
    return put(bench.leader, gap(bench.leader), bytes.fromhex("3088ffffffffffffffff") + bytes(50))


@kind("/Contents nest no deeper than a signature does")
def contents_deeply_nested(bench: Bench) -> bytes:
    return put(bench.leader, gap(bench.leader), bytes.fromhex("3080") * 2_900)


@kind("/Contents are hexadecimal")
def contents_not_hexadecimal(bench: Bench) -> bytes:
    return _contents(bench, b"<zz")


@kind("nothing but hexadecimal digits stands between the brackets of /Contents")
def contents_with_white_space(bench: Bench) -> bytes:
    digits = taken(bench.leader).dump().hex().encode()
    return _contents(bench, b"<" + digits + b" " * 40)


@kind("/Contents and the gap are one and the same string")
def contents_closed_early(bench: Bench) -> bytes:
    digits = taken(bench.leader).dump().hex().encode()
    return _contents(bench, b"<" + digits + b"> /Hidden <")


@kind("/Contents are a hexadecimal string, not a literal one")
def contents_literal(bench: Bench) -> bytes:
    start, end = gap(bench.leader)
    raw: bytes = taken(bench.leader).dump().hex().encode()
    text = b"(" + raw.ljust(end - start - 2, b"0") + b")"
    return bench.leader[:start] + text + bench.leader[end:]
