"""The CMS structure of a signature (RFC 5652), from parts that were prepared once per key."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from asn1crypto import cms
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes

from .timestamps import DIGEST


@dataclass(frozen=True)
class _Parts:
    """A signature by pyHanko over `digest`, and what in it depends on the digest."""

    whole: bytes
    attributes: bytes
    digest: bytes
    value: bytes


async def sign_digest(signer: Any, digest: bytes) -> bytes:
    """A detached PAdES signature over the file's SHA-256 digest, DER.

    The first of a signer is pyHanko's. Of the later ones only two places differ, the digest
    and the signature's value, and those are put in; a signer whose values have no constant
    length (elliptic curves) always takes pyHanko's way.
    """
    parts = getattr(signer, "prepared_cms", None)
    if parts is None:
        parts = await _prepared(signer)
        signer.prepared_cms = parts
    attributes = parts.attributes.replace(parts.digest, digest)
    value = await signer.async_sign_raw(attributes, DIGEST)
    if len(value) != len(parts.value) or not _has_fixed_places(parts):
        return bytes((await _by_pyhanko(signer, digest)).dump())
    return bytes(parts.whole.replace(parts.digest, digest).replace(parts.value, value))


async def signed_attributes(signer: Any, digest: bytes) -> cms.CMSAttributes:
    """What a device signs for a file with this SHA-256 digest (RFC 5652, 5.4)."""
    return await signer.signed_attrs(
        digest, DIGEST, attr_settings=PdfCMSSignedAttributes(), use_pades=True
    )


async def prescribed(signer: Any, attributes: cms.CMSAttributes) -> bytes:
    """The signature over attributes that were handed out before, DER."""
    made = await signer.async_sign_prescribed_attributes(DIGEST, attributes)
    return bytes(made.dump())


def _has_fixed_places(parts: _Parts) -> bool:
    places = (
        parts.whole.count(parts.digest),
        parts.attributes.count(parts.digest),
        parts.whole.count(parts.value),
    )
    return places == (1, 1, 1)


async def _prepared(signer: Any) -> _Parts:
    digest = secrets.token_bytes(32)  # chance, so that it stands nowhere else in the structure
    signature = await _by_pyhanko(signer, digest)
    (info,) = signature["content"]["signer_infos"]
    return _Parts(
        whole=signature.dump(),
        attributes=info["signed_attrs"].untag().dump(),
        digest=digest,
        value=info["signature"].native,
    )


async def _by_pyhanko(signer: Any, digest: bytes) -> cms.ContentInfo:
    return await signer.async_sign(
        digest, DIGEST, use_pades=True, signed_attr_settings=PdfCMSSignedAttributes()
    )
