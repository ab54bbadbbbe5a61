"""Rules about a signature's own structure that no function of pyHanko holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asn1crypto import parser
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

_PADES = "/ETSI.CAdES.detached"
_CERTIFICATE_ATTRIBUTES = {"signing_certificate", "signing_certificate_v2"}
_TIMESTAMP = "signature_time_stamp_token"


def problems(embedded: EmbeddedPdfSignature) -> Iterator[str]:
    """The codes of the broken rules."""
    contents: bytes = embedded.pkcs7_content
    # Nobody signs the bytes of the gap: behind the signature there may be nothing but zeros.
    if contents[parser.peek(contents) :].strip(b"\0"):
        yield "signature_malformed"
    signer = embedded.signer_info
    attributes = {one["type"].native for one in signer["signed_attrs"]}
    timestamp = embedded.sig_object_type == "/DocTimeStamp"
    # Without it another certificate for the same key could be put in (EN 319 142-1, 6.3). The
    # older format that many programs still write does not have it.
    if (
        "/SubFilter" in embedded.sig_object
        and embedded.sig_object["/SubFilter"] == _PADES
        and not timestamp
        and not attributes & _CERTIFICATE_ATTRIBUTES
    ):
        yield "signature_malformed"
    # pyHanko looks at the first alone.
    if sum(len(one["values"]) for one in _unsigned(signer, _TIMESTAMP)) > 1:
        yield "timestamp_invalid"


def hides_signature(data: bytes, shown: int) -> bool:
    """Whether the file holds more signatures than the `shown` ones of its form.

    A signature's dictionary cannot be compressed, so its /ByteRange is to be read in the bytes.
    """
    return data.count(b"/ByteRange") > shown


def _unsigned(signer: Any, kind: str) -> list[Any]:
    return [one for one in signer["unsigned_attrs"] if one["type"].native == kind]
