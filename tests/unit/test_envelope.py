"""The signed envelope: what is sealed is read by its recipient, and by nobody after a change."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
import rfc8785
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from libs.envelope import (
    MAX_BYTES,
    AlgorithmRefused,
    CertificateNotValid,
    Envelope,
    EnvelopeError,
    EnvelopeMalformed,
    EnvelopeTooLarge,
    File,
    PairNumber,
    RecipientWrong,
    SignatureWrong,
    SignerUnknown,
    Step,
    VersionUnknown,
    seal,
    unseal,
)
from libs.envelope.content import from_bytes, to_bytes
from libs.envelope.jws import PrivateKey
from libs.envelope.sealing import Trust

SENDER, RECIPIENT, OTHER = "H42", "H42.15", "H41"
MADE = datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=UTC)
ENVELOPE = Envelope(
    sender=SENDER,
    numbers=(PairNumber(recipient=OTHER, number=1), PairNumber(recipient=RECIPIENT, number=17)),
    document_id="H42,2026/11/22,1204/QĐ-UBND",
    made_at=MADE,
    files=(File(name="1204-QD-UBND.pdf", size=20, sha256="ab" * 32),),
)
STEP = Step(status="04", agency=SENDER, at=MADE, unit="Phòng Văn thư", note="giao việc")


@cache
def key(kind: str) -> PrivateKey:
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP384R1() if kind == "p384" else ec.SECP256R1())


@cache
def certificate(
    kind: str, start: datetime = MADE - timedelta(days=1), days: int = 700
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "UBND tỉnh: khóa dịch vụ")])
    builder = x509.CertificateBuilder(name, name, key(kind).public_key(), 7)
    builder = builder.not_valid_before(start).not_valid_after(start + timedelta(days=days))
    return builder.sign(key(kind), SHA256())


def sealed(envelope: Envelope = ENVELOPE, kind: str = "p256") -> str:
    return seal(envelope, key(kind), certificate(kind))


def trust(kind: str = "p256") -> Trust:
    return {SENDER: (certificate("other"), certificate(kind)), OTHER: (certificate("other"),)}


def read(text: str, recipient: str = RECIPIENT, known: Trust | None = None) -> Envelope:
    envelope = unseal(text, trust=known or trust())
    envelope.number_for(recipient)
    return envelope


def refused(text: str, error: type[EnvelopeError], **how: Any) -> EnvelopeError:
    with pytest.raises(EnvelopeError) as refusal:
        read(text, **how)
    assert type(refusal.value) is error
    assert SENDER not in str(refusal.value)
    return refusal.value


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def bytes_of(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def signed(content: bytes, header: bytes | None = None, kind: str = "p256") -> str:
    """What a sender could sign who does not use our library."""
    protected = sealed(kind=kind).split(".")[0] if header is None else text_of(header)
    start = f"{protected}.{text_of(content)}"
    jwk = ECKey.import_key(pem(kind)) if kind != "rsa" else RSAKey.import_key(pem(kind))
    algorithm = jws.JWSRegistry.algorithms["PS256" if kind == "rsa" else "ES256"]
    return f"{start}.{text_of(algorithm.sign(start.encode(), jwk))}"


def pem(kind: str) -> bytes:
    return key(kind).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


# It happens


@pytest.mark.parametrize("kind", ["p256", "rsa"])
@pytest.mark.parametrize("step", [None, STEP, replace(STEP, unit=None, handler="Lê Thị Văn")])
def test_what_is_sealed_is_read_by_its_recipient(kind: str, step: Step | None) -> None:
    envelope = replace(ENVELOPE, step=step)
    text = sealed(envelope, kind)
    assert text.isascii()
    assert read(text, known=trust(kind)) == envelope
    assert read(text, known=trust(kind)).number_for(RECIPIENT) == 17
    assert read(text, OTHER, trust(kind)).number_for(OTHER) == 1


@pytest.mark.parametrize("kind", ["p256", "rsa"])
def test_any_jose_library_can_check_it(kind: str) -> None:
    text = sealed(kind=kind)
    jwk = ECKey.import_key(pem(kind)) if kind == "p256" else RSAKey.import_key(pem(kind))
    registry = jws.JWSRegistry(algorithms=["ES256", "PS256"])
    registry.max_header_length = 4096  # a certificate is in it
    found = jws.deserialize_compact(text, jwk, registry=registry)
    assert found.protected["alg"] == {"p256": "ES256", "rsa": "PS256"}[kind]
    assert json.loads(found.payload)["document_id"] == ENVELOPE.document_id
    assert signed(bytes_of(text.split(".")[1]), kind=kind).split(".")[:2] == text.split(".")[:2]
    assert read(signed(bytes_of(text.split(".")[1]), kind=kind), known=trust(kind)) == ENVELOPE


def test_the_content_is_canonical_and_without_what_is_not_told() -> None:
    content = bytes_of(sealed(replace(ENVELOPE, step=STEP)).split(".")[1])
    fields = json.loads(content)
    assert content == rfc8785.dumps(fields)
    assert fields["step"].keys() == {"agency", "at", "note", "status", "unit"}
    assert fields["made_at"] == "2026-11-22T09:30:00.123456Z"


def test_a_province_of_recipients_fits() -> None:
    numbers = tuple(
        PairNumber(recipient=f"H42.{n:04}.99", number=2**31 - 1) for n in range(1, 5000)
    )
    text = sealed(replace(ENVELOPE, numbers=numbers))
    assert len(text) < MAX_BYTES
    assert len(read(text, "H42.4999.99").numbers) == 4999


# It is refused


def test_every_changed_letter_is_noticed() -> None:
    text = sealed()
    for place in range(0, len(text), 7):
        other = "A" if text[place] != "A" else "B"
        with pytest.raises(EnvelopeError):
            read(text[:place] + other + text[place + 1 :])


@pytest.mark.parametrize("kind", ["p256", "rsa"])
def test_what_was_altered_is_refused(kind: str) -> None:
    header, content, signature = sealed(kind=kind).split(".")
    content = text_of(bytes_of(content).replace(b'"number":17', b'"number":18'))
    refused(f"{header}.{content}.{signature}", SignatureWrong, known=trust(kind))
    cut = text_of(bytes_of(signature)[:-1])
    whole = sealed(kind=kind).rpartition(".")[0]
    refused(f"{whole}.{cut}", SignatureWrong, known=trust(kind))
    refused(f"{whole}.", SignatureWrong, known=trust(kind))
    good = bytes_of(sealed(kind=kind).rpartition(".")[2])
    longer = text_of(good[:32] + b"\0" + good[32:])
    refused(f"{whole}.{longer}", SignatureWrong, known=trust(kind))


@settings(max_examples=60, deadline=None)
@given(end=st.integers(0, 2000))
def test_what_was_cut_short_is_refused(end: int) -> None:
    text = sealed()
    with pytest.raises(EnvelopeError):
        read(text[: min(end, len(text) - 1)])


def test_another_signer_is_refused_with_his_certificate() -> None:
    text = seal(ENVELOPE, key("other"), certificate("other"))
    known = {SENDER: (certificate("p256"),), OTHER: (certificate("other"),)}
    error = refused(text, SignerUnknown, known=known)
    assert isinstance(error, SignerUnknown)
    assert (error.agency, error.certificate) == (SENDER, certificate("other"))
    refused(sealed(), SignerUnknown, known={OTHER: (certificate("p256"),)})


def test_a_certificate_beside_a_foreign_signature_is_refused() -> None:
    start = sealed().rpartition(".")[0]
    foreign = seal(ENVELOPE, key("other"), certificate("other")).rpartition(".")[2]
    refused(f"{start}.{foreign}", SignatureWrong)
    with pytest.raises(SignatureWrong):
        seal(ENVELOPE, key("other"), certificate("p256"))


def test_an_envelope_for_others_is_refused() -> None:
    refused(sealed(), RecipientWrong, recipient="H42.16")
    refused(sealed(), RecipientWrong, recipient=SENDER)


@pytest.mark.parametrize(
    ("made_at", "good"),
    [
        (MADE - timedelta(days=1), True),
        (MADE - timedelta(days=1, seconds=1), False),
        (MADE + timedelta(days=698), True),
        (MADE + timedelta(days=700), False),
    ],
)
def test_the_certificate_must_have_been_valid_then(made_at: datetime, good: bool) -> None:
    made_at = made_at.replace(microsecond=0)
    envelope = replace(ENVELOPE, made_at=made_at)
    start = (MADE - timedelta(days=1)).replace(microsecond=0)
    known = certificate("p256", start)
    text = seal(envelope, key("p256"), known)
    if good:
        assert read(text, known={SENDER: (known,)}) == envelope
    else:
        refused(text, CertificateNotValid, known={SENDER: (known,)})


CONTENT = to_bytes(ENVELOPE)


def changed(**fields: Any) -> bytes:
    return bytes(rfc8785.dumps({**json.loads(CONTENT), **fields}))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"version":1}',
        CONTENT.replace(b'"sender"', b'"sender":"H41","sender"'),
        CONTENT.replace(b'"version":1', b'"version":1,"version":1'),
        CONTENT + b" ",
        CONTENT.replace(b":17", b":17.0"),
        CONTENT.replace("Đ".encode(), b"\\u0110"),
        CONTENT.replace(b"H42,", b"\\ud800,"),
        CONTENT.replace(b".123456Z", b".123456+00:00"),
        CONTENT.replace(b".123456Z", b".123456"),
        CONTENT.replace(b":17", b":" + b"9" * 5000),
        CONTENT.replace(b":17", b":2147483648"),
        changed(extra=1),
        changed(version=True),
        changed(version="1"),
        changed(sender=""),
        changed(sender=None),
        changed(numbers=[]),
        changed(numbers=[{"recipient": RECIPIENT, "number": 0}]),
        changed(numbers=[{"recipient": RECIPIENT, "number": 1}] * 2),
        changed(numbers=json.loads(CONTENT)["numbers"][::-1]),
        changed(files=[{"name": "a", "size": -1, "sha256": "ab" * 32}]),
        changed(files=[{"name": "a", "size": 1, "sha256": "AB" * 32}]),
        changed(files=[{"name": "", "size": 1, "sha256": "ab" * 32}]),
        changed(step={"status": "04"}),
        changed(document_id="x" * 1001),
    ],
)
def test_a_signed_content_in_another_form_is_refused(content: bytes) -> None:
    refused(signed(content), EnvelopeMalformed)


@pytest.mark.parametrize("content", [changed(version=2), b'{"version":2,"all":"else"}'])
def test_a_newer_version_is_told_apart(content: bytes) -> None:
    refused(signed(content), VersionUnknown)


HEADER = json.loads(bytes_of(sealed().split(".")[0]))


def header(**fields: Any) -> bytes:
    return bytes(rfc8785.dumps({**HEADER, **fields}))


@pytest.mark.parametrize(
    ("protected", "error"),
    [
        (header(alg="none"), AlgorithmRefused),
        (header(alg="HS256"), AlgorithmRefused),
        (header(alg="PS256"), AlgorithmRefused),
        (header(typ="JWT"), EnvelopeMalformed),
        (header(crit=["exp"]), EnvelopeMalformed),
        (header(kid="1"), EnvelopeMalformed),
        (header(x5c=[]), EnvelopeMalformed),
        (header(x5c="x"), EnvelopeMalformed),
        (header(x5c=[7]), EnvelopeMalformed),
        (header(x5c=["AAAA"]), EnvelopeMalformed),
        (header(x5c=HEADER["x5c"] * 2), EnvelopeMalformed),
        (header().replace(b'"typ"', b'"typ":"x","typ"'), EnvelopeMalformed),
        (header() + b"\n", EnvelopeMalformed),
        (b"[]", EnvelopeMalformed),
        (b"[" * 100_000, EnvelopeMalformed),
        (b"", EnvelopeMalformed),
    ],
)
def test_a_header_in_another_form_is_refused(protected: bytes, error: type[EnvelopeError]) -> None:
    refused(signed(CONTENT, protected), error)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text + "=",
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text.replace(".", "..", 1),
        lambda text: text + ".x",
        lambda text: text.replace("e", "é", 1),
        lambda text: text.replace(".", ".+", 1),
        lambda _: "",
        lambda _: "..",
        lambda _: "\ud800.a.b",
    ],
)
def test_what_is_no_compact_jws_is_refused(spoil: Callable[[str], str]) -> None:
    refused(spoil(sealed()), EnvelopeMalformed)


def test_a_second_spelling_of_the_same_bytes_is_refused() -> None:
    text = sealed()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = letters[letters.index(text[-1]) ^ 1]  # only bits that no byte uses
    assert bytes_of((text[:-1] + last).rpartition(".")[2]) == bytes_of(text.rpartition(".")[2])
    refused(text[:-1] + last, EnvelopeMalformed)


def test_what_is_huge_is_refused_unread() -> None:
    refused("." * (MAX_BYTES + 1), EnvelopeTooLarge)
    numbers = tuple(PairNumber(recipient=f"H{n:09}", number=1) for n in range(30_000))
    with pytest.raises(EnvelopeTooLarge):
        sealed(replace(ENVELOPE, numbers=numbers))


def test_keys_of_another_kind_do_not_sign() -> None:
    with pytest.raises(AlgorithmRefused):
        sealed(kind="p384")


@pytest.mark.parametrize(
    "envelope",
    [
        replace(ENVELOPE, numbers=()),
        replace(ENVELOPE, made_at=MADE.replace(tzinfo=None)),
        replace(ENVELOPE, sender="\ud800"),
        replace(ENVELOPE, files=(File(name="a", size=1, sha256="x"),)),
        replace(ENVELOPE, step=replace(STEP, note="")),
    ],
)
def test_what_no_envelope_may_say_is_not_signed(envelope: Envelope) -> None:
    with pytest.raises(EnvelopeMalformed):
        sealed(envelope)


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
instants = st.datetimes(timezones=st.just(UTC))
steps = st.builds(
    Step,
    status=texts,
    agency=texts,
    at=instants,
    unit=st.none() | texts,
    handler=st.none() | texts,
    note=st.none() | texts,
)
files = st.builds(File, name=texts, size=st.integers(0, 2**53 - 1), sha256=st.just("0f" * 32))
envelopes = st.builds(
    Envelope,
    sender=texts,
    numbers=st.dictionaries(texts, st.integers(1, 2**31 - 1), min_size=1, max_size=4).map(
        lambda pairs: tuple(PairNumber(recipient=r, number=n) for r, n in sorted(pairs.items()))
    ),
    document_id=texts,
    made_at=instants,
    files=st.lists(files, max_size=3).map(tuple),
    step=st.none() | steps,
)


@settings(max_examples=60, deadline=None)
@given(envelope=envelopes)
def test_any_envelope_comes_back_as_it_was(envelope: Envelope) -> None:
    assert from_bytes(to_bytes(envelope)) == envelope
