"""Notes, keys, checkpoints: one form for each, and no signature that is not whole."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.translog import (
    EMPTY_ROOT,
    Checkpoint,
    Malformed,
    Note,
    Signature,
    SignatureRefused,
    Signed,
    TranslogError,
    Use,
    VerifierKey,
    cosign,
    decimal,
    hash_from_base64,
    sign,
)
from tests.support.translog_log import ORIGIN, SampleLog, numbered, signer

VECTORS = json.loads(Path("tests/vectors/translog/notes.json").read_text("utf-8"))
LOG = SampleLog().grow(numbered(20))
WITNESS = signer("witness.example/w1", Use.COSIGNATURE, seed=2)
NOTE = LOG.checkpoint()
TEXT = NOTE.text
COSIGNED = NOTE.with_signatures(cosign(TEXT, WITNESS, at=1_700_000_000))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["source"])
def test_notes_of_others_are_believed_and_written_as_they_were(vector: dict[str, Any]) -> None:
    key = VerifierKey.parse(vector["key"])
    assert str(key) == vector["key"]
    note = Note.parse(vector["note"].encode())
    assert note.signed_by([key]) == [Signed(key)]
    assert bytes(note) == vector["note"].encode()


def test_a_checkpoint_of_a_public_log_is_read() -> None:
    checkpoint = Checkpoint.parse(Note.parse(VECTORS[1]["note"].encode()).text)
    assert (checkpoint.origin, checkpoint.size) == ("go.sum database tree", 35_225_469)


def test_a_cosignature_says_by_whom_and_when() -> None:
    signed = COSIGNED.signed_by([LOG.signer.key, WITNESS.key])
    assert signed == [Signed(LOG.signer.key), Signed(WITNESS.key, 1_700_000_000)]


def test_what_a_witness_signs_is_fixed_by_the_specification() -> None:
    message = b"cosignature/v1\ntime 1679315147\n" + TEXT.encode()
    value = cosign(TEXT, WITNESS, at=1_679_315_147).value
    assert value[:8] == (1_679_315_147).to_bytes(8)
    assert WITNESS.key.verifies(message, value[8:])


@given(st.integers(0, 8 * len(bytes(COSIGNED)) - 1))
@settings(deadline=None, max_examples=150)
def test_a_changed_bit_of_a_note_is_noticed(bit: int) -> None:
    """Refused, or no longer signed by both: never believed as it was."""
    content = bytearray(bytes(COSIGNED))
    content[bit // 8] ^= 1 << bit % 8
    keys = [LOG.signer.key, WITNESS.key]
    try:
        signed = Note.parse(bytes(content)).signed_by(keys)
    except TranslogError:
        return
    assert len(signed) < 2


def test_a_wrong_signature_of_a_known_key_spoils_the_note() -> None:
    forged = Signature(WITNESS.key.name, WITNESS.key.id, bytes(72))
    note = NOTE.with_signatures(forged)
    with pytest.raises(SignatureRefused, match=r"witness\.example"):
        note.signed_by([LOG.signer.key, WITNESS.key])
    assert note.signed_by([LOG.signer.key]) == [Signed(LOG.signer.key)]


def test_a_known_name_with_another_key_is_a_stranger() -> None:
    same_name = signer(ORIGIN, seed=9)
    with pytest.raises(SignatureRefused, match="no known key"):
        NOTE.signed_by([same_name.key])
    both = NOTE.with_signatures(sign(TEXT, same_name))
    assert both.signed_by([LOG.signer.key]) == [Signed(LOG.signer.key)]


def test_one_keys_signature_for_one_use_is_none_for_the_other() -> None:
    secret = signer("both.example", seed=3)
    as_witness = signer("both.example", Use.COSIGNATURE, seed=3)
    assert secret.key.id != as_witness.key.id
    with pytest.raises(SignatureRefused):
        NOTE.with_signatures(sign(TEXT, secret)).signed_by([as_witness.key])
    with pytest.raises(Malformed):
        cosign(TEXT, secret, at=1)
    with pytest.raises(Malformed):
        sign(TEXT, as_witness)


def test_a_time_beyond_the_specifications_range_is_refused() -> None:
    with pytest.raises(SignatureRefused):
        NOTE.with_signatures(cosign(TEXT, WITNESS, at=2**63)).signed_by([WITNESS.key])


def test_a_note_keeps_the_signatures_that_are_wanted_and_repeats_none() -> None:
    assert COSIGNED.only([LOG.signer.key]) == NOTE
    assert COSIGNED.with_signatures(*COSIGNED.signatures) == COSIGNED


LINE = str(NOTE.signatures[0])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text\n",
        b"text\n\n",
        f"text\n\n{LINE}".encode(),
        f"text\n{LINE}\n".encode(),
        f"text\r\n\n{LINE}\n".encode(),
        f"te\x00xt\n\n{LINE}\n".encode(),
        f"text\n\n{LINE}\nnot a signature\n".encode(),
        f"text\n\n{LINE.replace(' ', '  ')}\n".encode(),
        f"text\n\n{LINE.replace(ORIGIN, 'a+b')}\n".encode(),
        ("text\n\n" + LINE.replace(ORIGIN, "a\u2003b") + "\n").encode(),
        f"text\n\n{LINE[:-1]}\n".encode(),
        "text\n\n— name AAAA\n".encode(),
        b"te\xffxt\n\n" + LINE.encode() + b"\n",
        ("text\n\n" + f"{LINE}\n" * 101).encode(),
        ("x" * 140_000 + f"\n\n{LINE}\n").encode(),
    ],
)
def test_what_is_not_a_note_is_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        Note.parse(content)


def test_an_empty_line_may_stand_in_a_text() -> None:
    text = "one\n\ntwo\n"
    note = Note.parse(bytes(Note(text, (sign(text, LOG.signer),))))
    assert note.text == text
    assert note.signed_by([LOG.signer.key])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com",
        "example.com+530d903a",
        "example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+BukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3Q==",
        "example.com/f oo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ],
)
def test_what_is_not_a_key_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        VerifierKey.parse(text)


@given(
    st.text("abc.d/đ", min_size=1),
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(st.text("xyz =", min_size=1), max_size=3),
)
def test_a_checkpoint_is_read_as_it_was_written(
    origin: str, size: int, root: bytes, extensions: list[str]
) -> None:
    checkpoint = Checkpoint(origin, size, root, tuple(extensions))
    assert Checkpoint.parse(checkpoint.text) == checkpoint


ROOT = TEXT.split("\n")[2]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n20\n",
        f"\n20\n{ROOT}\n",
        f"origin\n20\n{ROOT}",
        f"origin\n020\n{ROOT}\n",
        f"origin\n-1\n{ROOT}\n",
        f"origin\n+1\n{ROOT}\n",
        f"origin\n1_0\n{ROOT}\n",
        f"origin\n٣\n{ROOT}\n",
        f"origin\n9223372036854775808\n{ROOT}\n",
        f"origin\n20\n{ROOT[:-4]}\n",
        f"origin\n20\n{ROOT.rstrip('=')}\n",
        f"origin\n20\n{ROOT}\n\n",
        f"origin\n20\n{ROOT}\n\nextension\n",
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        Checkpoint.parse(text)


def test_a_hash_and_a_number_have_one_form() -> None:
    assert decimal("0") == 0
    assert hash_from_base64("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=") == EMPTY_ROOT
    with pytest.raises(Malformed):  # the last two bits are not part of the hash
        hash_from_base64("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=")
