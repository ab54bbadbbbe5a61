"""One long text out of a JSON reply: however it is cut and escaped, whole or not at all."""

import base64
import json
from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.interconnect.axis.members import ReplyBroken
from services.interconnect.axis.payload import Base64, XmlOrBase64
from services.interconnect.axis.reply import ReplyTooLarge, parse_around

OK = {"status": "OK", "ErrorCode": "0", "ErrorDesc": ""}
CUTS = st.lists(st.integers(0, 10_000), max_size=40)


class Kept:
    """A sink that keeps everything."""

    def __init__(self) -> None:
        self.text = b""
        self.finished = False

    def write(self, piece: bytes, /) -> None:
        self.text += piece

    def finish(self) -> None:
        self.finished = True


def cut(text: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = [0, *sorted(place % (len(text) + 1) for place in cuts), len(text)]
    return (text[start:end] for start, end in pairwise(places))


@given(
    content=st.binary(max_size=200),
    cuts=CUTS,
    escapes=st.dictionaries(
        st.sampled_from([b"/", b"=", b"+"]), st.sampled_from(["plain", "u", "slash"])
    ),
    wrapped=st.booleans(),
)
def test_base64_is_decoded_however_it_is_cut_and_escaped(
    content: bytes, cuts: list[int], escapes: dict[bytes, str], wrapped: bool
) -> None:
    text = base64.encodebytes(content).replace(b"\n", b"\\n" if wrapped else b"")
    for letter, how in escapes.items():
        escaped = {"plain": letter, "u": b"\\u00%02x" % letter[0], "slash": letter}[how]
        text = text.replace(letter, b"\\/" if (letter, how) == (b"/", "slash") else escaped)
    body = b'{"ErrorCode":"0", "data" : "' + text + b'","status":"OK","ErrorDesc":"data\\":"}'
    into = BytesIO()
    fields = parse_around(cut(body, cuts), b"data", Base64(into, 200))
    assert fields == {**OK, "data": "", "ErrorDesc": 'data":'}
    assert into.getvalue() == content


@given(text=st.text(max_size=100), ascii_only=st.booleans(), cuts=CUTS)
@example(text="\\" * 9 + '"', ascii_only=False, cuts=list(range(40)))
@example(text="\U0001f6e1\ud7ff", ascii_only=True, cuts=list(range(60)))
def test_any_text_comes_out_as_a_json_reader_would_give_it(
    text: str, ascii_only: bool, cuts: list[int]
) -> None:
    rows = {"before": [text], "data": {"docId": text, "edxml": text, "files": [{"c": text}]}}
    body = json.dumps(rows, ensure_ascii=ascii_only).encode()
    kept = Kept()
    fields = parse_around(cut(body, cuts), b"edxml", kept)
    assert (kept.text, kept.finished) == (text.encode(), True)
    assert fields == {**rows, "data": {**rows["data"], "edxml": ""}}  # type: ignore[dict-item]


@given(content=st.binary(min_size=1, max_size=100), end=st.integers(1, 10_000), cuts=CUTS)
def test_a_reply_that_was_cut_short_is_never_taken_for_whole(
    content: bytes, end: int, cuts: list[int]
) -> None:
    body = json.dumps({**OK, "data": base64.b64encode(content).decode()}).encode()
    with pytest.raises(ReplyBroken):
        parse_around(cut(body[: end % len(body)], cuts), b"data", Base64(BytesIO(), 200))


@pytest.mark.parametrize(
    "data", [b"A", b"AA*A", b"AAAA\\", b"\\u00zz", b"AAA\\u0022", b"AA==AAAA", b"\\x", b"\\ud800"]
)
def test_what_is_not_base64_is_broken(data: bytes) -> None:
    body = b'{"status":"OK","data":"' + data + b'"}'
    for pieces in ([body], [bytes([each]) for each in body]):
        with pytest.raises(ReplyBroken):
            parse_around(pieces, b"data", Base64(BytesIO(), 200))


def test_long_texts_beside_it_are_not_held() -> None:
    reply = {"files": ["x" * 100_000], "data": "QUJD", "note": "y" * 5_000, "short": "z"}
    into = BytesIO()
    fields = parse_around([json.dumps(reply).encode()], b"data", Base64(into, 3))
    assert fields == {"files": [""], "data": "", "note": "", "short": "z"}
    assert into.getvalue() == b"ABC"


def test_much_beside_texts_is_broken() -> None:
    with pytest.raises(ReplyBroken):
        parse_around([b"[" * 10_000] * 10, b"data", Kept())


def test_a_key_or_a_value_of_that_name_is_not_it() -> None:
    kept = Kept()
    body = b'{"a": "data", "b": ["data", "x"], "data": ["no"], "data" : "yes", "data": "later"}'
    assert parse_around([body], b"data", kept)["data"] == "later"
    assert kept.text == b"yes"


def test_more_than_the_limit_is_refused() -> None:
    into = BytesIO()
    body = [b'{"data":"QUJD', b"QUJD", b'QUJD"}']
    with pytest.raises(ReplyTooLarge):
        parse_around(body, b"data", Base64(into, 8))
    assert into.getvalue() == b"ABCABC"


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ("<edXML a='1'>Số</edXML>", "<edXML a='1'>Số</edXML>"),
        ("\ufeff \n<edXML/>", "<edXML/>"),
        (base64.b64encode(b"<edXML/>").decode(), "<edXML/>"),
        ("", ""),
    ],
)
@given(cuts=CUTS)
def test_a_packet_is_known_as_xml_or_base64_by_its_first_letter(
    text: str, packet: str, cuts: list[int]
) -> None:
    into = BytesIO()
    body: dict[str, Any] = {"data": {"edxml": text}}
    parse_around(cut(json.dumps(body).encode(), cuts), b"edxml", XmlOrBase64(into, 100))
    assert into.getvalue() == packet.encode()
