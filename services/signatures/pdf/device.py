"""A leader's signature that his own device makes: all of it but the value is made here.

The device is handed the signed attributes, and gives back their signature; keys in files, in
tokens and on devices differ in nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from asn1crypto import cms, x509
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest

from services.signatures.keys import DeviceSigner, KeyUnreadable, check_strength

from .appearance import Drawing
from .box import Box, centred
from .cms import prescribed, signed_attributes
from .field import in_corner, placed
from .sign import copier_lines, stamped
from .signed import Level, Signed, SigningRefused
from .stamps import leader_picture
from .timestamps import TimestampAuthorities

LARGEST_VALUE = 1024  # bytes of a signature's value; RSA-4096 has 512


@dataclass(frozen=True)
class Prepared:
    """A file with an empty place for a signature that is made elsewhere.

    `to_sign` are the signed attributes, DER: their signature (PKCS #1 v1.5 with SHA-256, or
    ECDSA in DER) by the key of `certificate` (DER) completes the file. `start` and `end` are the
    edges of the empty place.
    """

    pdf: bytes
    to_sign: bytes
    certificate: bytes
    digest: bytes
    start: int
    end: int


def prepare_leader(
    pdf: bytes,
    *,
    certificate: bytes,
    chain: Iterable[x509.Certificate],
    person_id: str,
    box: Box | None,
    at: datetime,
    picture: bytes | None = None,
    field: str = "leader",
) -> Prepared:
    """All of `sign.sign_leader` but the signature itself, which the leader's own device makes.

    Without a `box` it is that of a copy: see `sign.sign_copier`. `certificate` is that of his
    device, DER. Raises `SigningRefused`, `StampRefused`.
    """
    signer = _of_device(certificate, chain)
    if box is None:
        field, box, drawing = in_corner(pdf, "copier", copier_lines(signer, at))
    else:
        drawn = leader_picture(person_id, box.width, box.height, picture)
        box, drawing = centred(box, drawn.width, drawn.height), Drawing(pdf=drawn.pdf)
    place, output = placed(pdf, field, signer, box, drawing, at)
    attributes = asyncio.run(signed_attributes(signer, place.document_digest))
    return Prepared(
        pdf=output.getvalue(),
        to_sign=attributes.dump(),
        certificate=certificate,
        digest=place.document_digest,
        start=place.reserved_region_start,
        end=place.reserved_region_end,
    )


def complete(
    prepared: Prepared,
    value: bytes,
    *,
    chain: Iterable[x509.Certificate],
    tsa: TimestampAuthorities | None,
    at: datetime,
) -> Signed:
    """Put the signature that came back into its place; whether it is right is not looked at.

    Raises `SigningRefused` for a value that no device makes.
    """
    if not 1 <= len(value) <= LARGEST_VALUE:
        raise SigningRefused("signature_malformed", f"{len(value)} bytes are no signature")
    signer = _of_device(prepared.certificate, chain, value)
    attributes = cms.CMSAttributes.load(prepared.to_sign)
    place = PreparedByteRangeDigest(prepared.digest, prepared.start, prepared.end)
    output = BytesIO(prepared.pdf)

    async def filled() -> Level:
        signature, level = await stamped(await prescribed(signer, attributes), tsa)
        place.fill_with_cms(output, signature)
        return level

    level = asyncio.run(filled())
    return Signed(output.getvalue(), level, signer.signing_cert.sha256.hex(), at)


def _of_device(
    certificate: bytes, chain: Iterable[x509.Certificate], value: bytes = b""
) -> DeviceSigner:
    try:
        signer = DeviceSigner(x509.Certificate.load(certificate), chain, value)
        check_strength("the device", signer.signing_cert)
    except (KeyUnreadable, ValueError, TypeError, KeyError) as error:
        raise SigningRefused("certificate_unreadable", "no certificate of a device") from error
    return signer
