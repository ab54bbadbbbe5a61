"""A published trusted list (ETSI TS 119 612): believed only by its own signature.

What is read is what the signature covers, never the file around it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from asn1crypto import pem, x509
from cryptography.x509 import load_der_x509_certificate
from lxml import etree
from signxml.exceptions import SignXMLException
from signxml.xades.xades import XAdESSignatureConfiguration, XAdESVerifier

LARGEST_LIST = 10 * 1024 * 1024  # bytes; the largest of Europe's lists has 6 MB
MOST_CERTIFICATES = 2_000
_TSL = "{http://uri.etsi.org/02231/v2#}"
_ROOT = f"{_TSL}TrustServiceStatusList"
# Services that certify others, and the states in which they may be believed. A time-stamp or OCSP
# service is believed through the authority that certified it.
_TYPES = ("/CA/PKC", "/CA/QC", "/NationalRootCA-QC")
_STATES = ("granted", "recognisedatnationallevel", "undersupervision", "accredited")


class TrustListRefused(Exception):
    """The list cannot be believed or read; `code` says why."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class TrustList:
    """What a list says: whose it is, its number, its end, the authorities' certificates (DER)."""

    scheme: str
    sequence: int
    next_update: datetime
    certificates: tuple[bytes, ...]


def read_list(xml: bytes, signers: Sequence[x509.Certificate], at: datetime) -> TrustList:
    """Check the list's enveloped signature and read it.

    `signers` are the certificates with which scheme operators sign; who they are was settled
    outside. Raises `TrustListRefused`: `trust_list_unreadable`, `trust_list_signer_unknown`,
    `trust_list_signature_wrong`, `trust_list_empty`. Whether it is new enough is for others.
    """
    if len(xml) > LARGEST_LIST:
        raise TrustListRefused("trust_list_unreadable", "the list is too large")
    root = _parsed(xml)
    try:
        return _read(_covered(root, signers, at))
    except (ValueError, TypeError, AttributeError) as error:
        raise TrustListRefused("trust_list_unreadable", type(error).__name__) from error


def signers_in(folder: Path | None) -> list[x509.Certificate]:
    """The certificates (*.pem) with which lists may be signed."""
    if folder is None:
        return []
    return [
        x509.Certificate.load(der)
        for path in sorted(folder.glob("*.pem"))
        for _, _, der in pem.unarmor(path.read_bytes(), multiple=True)
    ]


def _parsed(xml: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise TrustListRefused("trust_list_unreadable", "no XML") from error
    if root.tag != _ROOT or root.getroottree().docinfo.internalDTD is not None:
        raise TrustListRefused("trust_list_unreadable", "no list of trusted services")
    if len(list(root.iter(_ROOT))) != 1:
        raise TrustListRefused("trust_list_unreadable", "a list inside a list")
    ids = [value for element in root.iter() for key, value in element.items() if key == "Id"]
    if len(ids) != len(set(ids)):
        raise TrustListRefused("trust_list_unreadable", "an Id stands twice")
    return root


def _covered(root: Any, signers: Sequence[x509.Certificate], at: datetime) -> Any:
    """The list as one of the known signers signed it."""
    if not signers:
        raise TrustListRefused("trust_list_signer_unknown", "nobody's lists are taken here")
    told = _certificate_told(root)
    known = [one for one in signers if told is None or one.dump() == told]
    if not known:
        raise TrustListRefused("trust_list_signer_unknown", "the signer is not known")
    for one in known:
        config = XAdESSignatureConfiguration(
            require_x509=True, expect_references=True, verification_time=at
        )
        try:
            found = XAdESVerifier().verify(
                root, x509_cert=load_der_x509_certificate(one.dump()), expect_config=config
            )
        except (SignXMLException, ValueError):
            continue
        covered = [part.signed_xml for part in found if part.signed_xml is not None]
        whole = [part for part in covered if part.tag == _ROOT]
        if len(whole) == 1:
            return whole[0]
    raise TrustListRefused("trust_list_signature_wrong", "the signature does not hold")


def _certificate_told(root: Any) -> bytes | None:
    """The certificate that the signature names for itself, DER."""
    path = (
        "./{http://www.w3.org/2000/09/xmldsig#}Signature//"
        "{http://www.w3.org/2000/09/xmldsig#}X509Certificate"
    )
    text = root.findtext(path)
    return base64.b64decode("".join(text.split())) if text else None


def _read(covered: Any) -> TrustList:
    scheme = covered.find(f"{_TSL}SchemeInformation")
    if scheme is None:
        raise ValueError("no scheme")
    sequence = int(scheme.findtext(f"{_TSL}TSLSequenceNumber"))
    next_update = datetime.fromisoformat(scheme.findtext(f"{_TSL}NextUpdate/{_TSL}dateTime"))
    if next_update.tzinfo is None or not 0 < sequence < 2**31:
        raise ValueError("the end has no zone, or the number is none")
    certificates = tuple(dict.fromkeys(_certificates(covered)))[:MOST_CERTIFICATES]
    if not certificates:
        raise TrustListRefused("trust_list_empty", "no authority in force is on it")
    return TrustList(_name(scheme), sequence, next_update, certificates)


def _name(scheme: Any) -> str:
    """The scheme operator's name, the Vietnamese or English one where there are several.

    By it a list is known: once renamed, or given its first Vietnamese name, it is another source.
    """
    names = scheme.findall(f"{_TSL}SchemeOperatorName/{_TSL}Name")
    language = "{http://www.w3.org/XML/1998/namespace}lang"
    preferred = sorted(names, key=lambda one: {"vi": 0, "en": 1}.get(one.get(language), 2))
    name = " ".join(str(preferred[0].text).split()) if preferred else ""
    if not 0 < len(name) <= 200:
        raise ValueError("the operator has no name")
    return name


def _certificates(covered: Any) -> Iterator[bytes]:
    """The certificates of authorities that are in force."""
    for service in covered.iter(f"{_TSL}ServiceInformation"):
        kind = (service.findtext(f"{_TSL}ServiceTypeIdentifier") or "").strip()
        state = (service.findtext(f"{_TSL}ServiceStatus") or "").strip().rpartition("/")[2]
        if not kind.endswith(_TYPES) or state not in _STATES:
            continue
        for text in service.iterfind(
            f"{_TSL}ServiceDigitalIdentity/{_TSL}DigitalId/{_TSL}X509Certificate"
        ):
            der = base64.b64decode("".join(str(text.text).split()), validate=True)
            x509.Certificate.load(der, strict=True).native  # noqa: B018 - reads all of it
            yield der
