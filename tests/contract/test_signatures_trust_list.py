"""A published list is believed by its own signature, and read where that covers it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from services.signatures.pdf.trust_list import TrustListRefused, read_list
from tests.support.pki import Pki, running
from tests.support.trust_list import CA, GRANTED, TSL, WITHDRAWN, Operator, content

NAME = "Trung tâm Chứng thực điện tử quốc gia"
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def pki() -> Pki:
    return running()


@pytest.fixture(scope="module")
def operator() -> Operator:
    return Operator.make(NAME)


@pytest.fixture(scope="module")
def authority(pki: Pki) -> bytes:
    return bytes(pki.trust.roots[0].dump())


@pytest.fixture(scope="module")
def published(operator: Operator, authority: bytes) -> bytes:
    return operator.publish([(CA, GRANTED, authority)])


def code_of(xml: bytes, *signers: Operator, at: datetime = NOW) -> str:
    with pytest.raises(TrustListRefused) as refusal:
        read_list(xml, [one.asn1 for one in signers], at)
    return refusal.value.code


def test_a_list_says_whose_it_is_its_number_its_end_and_its_authorities(
    operator: Operator, authority: bytes
) -> None:
    ends = (NOW + timedelta(days=9)).replace(microsecond=0)
    found = read_list(
        operator.publish([(CA, GRANTED, authority)], sequence=41, ends=ends), [operator.asn1], NOW
    )
    assert (found.scheme, found.sequence, found.next_update) == (NAME, 41, ends)
    assert found.certificates == (authority,)


def test_what_is_withdrawn_or_of_another_kind_is_not_taken(
    operator: Operator, pki: Pki, authority: bytes
) -> None:
    stamps = "http://uri.etsi.org/TrstSvc/Svctype/TSA/QTST"
    sub = bytes(pki.trust.intermediates[0].dump())
    listed = [(CA, WITHDRAWN, sub), (stamps, GRANTED, sub), (CA, GRANTED, authority)]
    found = read_list(operator.publish(listed), [operator.asn1], NOW)
    assert found.certificates == (authority,)
    assert code_of(operator.publish(listed[:2]), operator) == "trust_list_empty"


def test_a_known_signer_is_needed(operator: Operator, published: bytes) -> None:
    assert code_of(published) == "trust_list_signer_unknown"
    other = Operator.make(NAME)
    assert code_of(published, other) == "trust_list_signer_unknown"
    assert read_list(published, [other.asn1, operator.asn1], NOW).sequence == 7


def test_a_signer_whose_certificate_has_ended_is_not_believed(authority: bytes) -> None:
    old = Operator.make(NAME, life=timedelta(days=100))
    assert code_of(old.publish([(CA, GRANTED, authority)]), old) == "trust_list_signature_wrong"


def test_an_unsigned_list_is_not_believed(operator: Operator, authority: bytes) -> None:
    unsigned = content(NAME, [(CA, GRANTED, authority)])
    assert code_of(unsigned, operator) == "trust_list_signature_wrong"


def later(xml: bytes) -> bytes:
    return xml.replace(b"<TSLSequenceNumber>7<", b"<TSLSequenceNumber>8<")


def another_certificate_in_the_signature(xml: bytes) -> bytes:
    other = Operator.make(NAME)
    (mine,) = etree.fromstring(other.publish([])).iter(
        "{http://www.w3.org/2000/09/xmldsig#}X509Certificate"
    )
    root = etree.fromstring(xml)
    (told,) = root.iter("{http://www.w3.org/2000/09/xmldsig#}X509Certificate")
    told.text = mine.text
    return bytes(etree.tostring(root))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (later, "trust_list_signature_wrong"),
        (lambda xml: xml.replace(b"granted", b"accredited"), "trust_list_signature_wrong"),
        (another_certificate_in_the_signature, "trust_list_signer_unknown"),
    ],
)
def test_an_altered_list_is_refused(
    operator: Operator, published: bytes, change: Callable[[bytes], bytes], code: str
) -> None:
    assert code_of(change(published), operator) == code


def test_a_genuine_list_wrapped_into_another_is_not_read_from_outside(
    operator: Operator, published: bytes, pki: Pki
) -> None:
    """The attack: the signed list is moved inside, a forged one stands around it."""
    inner = etree.fromstring(published)
    forged = etree.fromstring(content(NAME, [(CA, GRANTED, pki.trust.intermediates[0].dump())], 9))
    forged.set("Id", "forged")
    signature = inner.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    assert signature is not None
    wrapped = etree.SubElement(forged, f"{{{TSL}}}Wrapped")
    wrapped.append(inner)
    forged.append(signature)
    for reference in signature.iter("{http://www.w3.org/2000/09/xmldsig#}Reference"):
        if reference.get("URI") == "":
            reference.set("URI", "#list")
    with pytest.raises(TrustListRefused):
        read_list(bytes(etree.tostring(forged)), [operator.asn1], NOW)


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"rubbish",
        b"<a/>",
        b"<!DOCTYPE a [<!ENTITY e 'x'>]>"
        + content(NAME, []).replace(b"TrustServiceStatusList", b"TrustServiceStatusList", 1),
        content(NAME, []).replace(b"<SchemeInformation>", b"<SchemeInformation Id='list'>"),
        b"<!DOCTYPE lolz [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
        b"<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]><a>&c;</a>",
        b"<TrustServiceStatusList xmlns='" + TSL.encode() + b"'>" + b"<a>" * 2_000,
    ],
)
def test_what_is_no_list_is_refused(operator: Operator, xml: bytes) -> None:
    assert code_of(xml, operator) == "trust_list_unreadable"


@pytest.mark.parametrize(
    "broken",
    [
        (b"<TSLSequenceNumber>7<", b"<TSLSequenceNumber>many<"),
        (b"<TSLSequenceNumber>7<", b"<TSLSequenceNumber>-1<"),
        (b"<dateTime>2", b"<dateTime>x"),
        (b"</dateTime>", b"00:00</dateTime>"),
        (NAME.encode(), b" "),
    ],
)
def test_a_signed_list_that_says_nonsense_is_refused(
    operator: Operator, authority: bytes, broken: tuple[bytes, bytes]
) -> None:
    xml = content(NAME, [(CA, GRANTED, authority)])
    assert broken[0] in xml
    assert code_of(operator.sign(xml.replace(*broken, 1)), operator) == "trust_list_unreadable"


def test_a_certificate_that_is_none_is_refused(operator: Operator) -> None:
    assert code_of(operator.publish([(CA, GRANTED, b"rubbish")]), operator) == (
        "trust_list_unreadable"
    )
