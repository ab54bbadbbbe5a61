"""Signatures that the platform itself refuses to make."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, NamedTuple

from asn1crypto import cms
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import PdfSignedData
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.timestamps import DummyTimeStamper

from services.signatures.pdf.timestamps import with_token
from tools.corpus.certificates import Holder

RESERVED = 24 * 1024  # hex digits


class Place(NamedTuple):
    """Where /Contents stand in a file of `size` bytes."""

    start: int
    end: int
    size: int


Ranges = Callable[[Place], Sequence[int]]


def sign(
    pdf: bytes,
    signer: Any,
    *,
    field: str = "leader",
    tsa: DummyTimeStamper | None = None,
    digest: str = "sha256",
    rectangle: tuple[int, int, int, int] | None = None,
    **metadata: Any,
) -> bytes:
    """`pdf` with one more signature, B-B unless a time-stamp authority is given."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    maker = PdfSigner(
        PdfSignatureMetadata(
            field_name=field, md_algorithm=digest, subfilter=SigSeedSubFilter.PADES, **metadata
        ),
        signer,
        timestamper=tsa,
        new_field_spec=SigFieldSpec(field, box=rectangle),
    )
    signed: bytes = maker.sign_pdf(writer, bytes_reserved=RESERVED).getvalue()
    return signed


def sign_ranges(pdf: bytes, signer: Any, ranges: Ranges) -> bytes:
    """A signature that is sound over the byte ranges that the attacker chose."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    maker = PdfSigner(
        PdfSignatureMetadata(field_name="leader", subfilter=SigSeedSubFilter.PADES),
        signer,
        new_field_spec=SigFieldSpec("leader"),
    )
    session = maker.init_signing_session(writer)
    document = session.prepare_tbs_document(None, bytes_reserved=RESERVED)
    prepared, output = document.digest_tbs_document()
    start, end = prepared.reserved_region_start, prepared.reserved_region_end
    data = bytearray(output.getvalue())
    chosen = list(ranges(Place(start, end, len(data))))
    place = data.rindex(b"/ByteRange [") + len(b"/ByteRange ")
    text = b"[" + b" ".join(b"%d" % value for value in chosen) + b"]"
    close = data.index(b"]", place) + 1
    room = close - place + len(data[close:]) - len(data[close:].lstrip(b" "))
    data[place : place + room] = text.ljust(room)[:room]
    covered = b"".join(
        bytes(data[max(first, 0) : max(first, 0) + max(length, 0)])
        for first, length in zip(chosen[::2], chosen[1::2], strict=False)
    )
    return put(bytes(data), (start, end), signature_over(covered, signer).dump())


def sign_forbidden(pdf: bytes, signer: Any, field: str) -> bytes:
    """One more signature where a certification forbids it."""
    output = BytesIO()
    steps = PdfCMSEmbedder().write_cms(field, IncrementalPdfFileWriter(BytesIO(pdf)))
    next(steps)
    steps.send(
        SigObjSetup(
            PdfSignedData(pdf_name("/Sig"), SigSeedSubFilter.PADES, bytes_reserved=RESERVED)
        )
    )
    prepared, _ = steps.send(SigIOSetup("sha256", in_place=False, output=output))
    steps.send(
        asyncio.run(
            signer.async_sign(
                prepared.document_digest,
                "sha256",
                use_pades=True,
                signed_attr_settings=PdfCMSSignedAttributes(),
            )
        )
    )
    return output.getvalue()


def signature_over(covered: bytes, signer: Any) -> cms.ContentInfo:
    """A detached CMS signature."""
    return asyncio.run(
        signer.async_sign(
            hashlib.sha256(covered).digest(),
            "sha256",
            use_pades=True,
            signed_attr_settings=PdfCMSSignedAttributes(),
        )
    )


def gap(pdf: bytes) -> tuple[int, int]:
    """Where the last signature's /Contents stand, with their angle brackets."""
    last = PdfFileReader(BytesIO(pdf)).embedded_signatures[-1].byte_range
    return int(last[1]), int(last[2])


def taken(pdf: bytes) -> cms.ContentInfo:
    """The last signature's CMS."""
    return cms.ContentInfo.load(PdfFileReader(BytesIO(pdf)).embedded_signatures[-1].pkcs7_content)


def put(pdf: bytes, place: tuple[int, int], content: bytes) -> bytes:
    """Other bytes in the /Contents between `place`, padded as before."""
    start, end = place
    room = end - start - 2
    digits = content.hex().encode().ljust(room, b"0")
    if len(digits) > room:
        raise ValueError("the signature does not fit into its place")
    return pdf[: start + 1] + digits + pdf[end - 1 :]


def with_cms(pdf: bytes, change: Callable[[Any], None]) -> bytes:
    """The last signature after `change` of its CMS structure; the signed bytes stay."""
    signature = taken(pdf)
    change(signature)
    return put(pdf, gap(pdf), signature.dump(force=True))


def authority(holder: Holder, at: datetime | None = None, digest: str | None = None) -> Any:
    """A time-stamp authority of any certificate, at any time."""
    return DummyTimeStamper(
        holder.asn1,
        holder.asn1_key,
        certs_to_embed=[other.asn1 for other in _above(holder)],
        fixed_dt=at,
        override_md=digest,
    )


def stamped(pdf: bytes, tsa: Any, over: bytes | None = None, digest: str = "sha256") -> bytes:
    """The last signature with a timestamp, over its own value or over other bytes."""
    signature = taken(pdf)
    value = over or signature["content"]["signer_infos"][0]["signature"].native
    token = asyncio.run(tsa.async_timestamp(hashlib.new(digest, value).digest(), digest))
    return put(pdf, gap(pdf), with_token(signature, token).dump())


def document_timestamp(pdf: bytes, tsa: Any) -> bytes:
    """`pdf` with a document timestamp."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    output = PdfTimeStamper(tsa).timestamp_pdf(writer, "sha256", bytes_reserved=RESERVED)
    made: bytes = output.getvalue()
    return made


def _above(holder: Holder) -> list[Holder]:
    return [Holder(one, holder.key) for one in holder.chain]
