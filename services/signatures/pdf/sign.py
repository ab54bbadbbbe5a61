"""Make the signatures of official documents: leader, number, seal; of attachments and copies.

Each is an incremental update: the bytes before stay a prefix of the bytes after. The level is
PAdES B-T when an authority gives a timestamp in time, else B-B; no signature forbids another.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any, Literal

from asn1crypto import cms, x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest

from . import corner
from .appearance import Drawing
from .box import Box, centred, union
from .cms import sign_digest
from .places import corner_of_first_page, seal_place
from .profile import certificate_problem
from .stamps import Text, corner_picture, leader_picture, seal_picture, texts_picture
from .timestamps import DIGEST, TimestampAuthorities, TimestampUnavailable, with_token

Role = Literal["leader", "number", "seal", "attachment", "copy"]
Level = Literal["B-B", "B-T"]
# Room for the CMS in the file: a signature with two certificates has 4 kB, a token up to 6 kB.
LARGEST_CMS = 12 * 1024


class SigningRefused(Exception):
    """No signature was made; `code` says why."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Signed:
    """A file after one more signature; `pdf` begins with the file as it was before.

    `revocation` is what was known of the certificate before the act ("good", "unknown", empty
    when nobody asked), `answers` are the responses and lists that said so.
    """

    pdf: bytes
    level: Level
    certificate_sha256: str
    signed_at: datetime
    revocation: str = ""
    answers: tuple[bytes, ...] = ()


def sign_leader(
    pdf: bytes,
    *,
    signer: Any,
    person_id: str,
    box: Box,
    tsa: TimestampAuthorities | None,
    at: datetime,
    picture: bytes | None = None,
) -> Signed:
    """Sign as the leader, with his handwritten signature in the middle of `box`, as large as fits.

    `picture` is his PNG; without it a stroke that belongs to `person_id` is drawn.
    Raises `SigningRefused`, `StampRefused`, `BoxRefused`.
    """
    drawn = leader_picture(person_id, box.width, box.height, picture)
    place = centred(box, drawn.width, drawn.height)
    return _sign(pdf, "leader", signer, place, Drawing(pdf=drawn.pdf), tsa, at)


def sign_number(
    pdf: bytes,
    *,
    signer: Any,
    number: str,
    number_box: Box,
    date: str,
    date_box: Box,
    tsa: TimestampAuthorities | None,
    at: datetime,
) -> Signed:
    """Sign as the agency, with number and date as the look of the signature.

    Both stand on one line of the first page (Decree 30/2020, Annex I), so one field around
    both places carries them: drawing them on the page would break the leader's signature.
    `number` ends where its place ends, before the printed "/QĐ-UBND".
    """
    texts = [
        Text(number, number_box, to_right=True),
        Text(date, date_box, style="italic"),
    ]
    box = union([number_box, date_box])
    return _sign(pdf, "number", signer, box, Drawing(pdf=texts_picture(texts)), tsa, at)


def sign_seal(
    pdf: bytes,
    *,
    signer: Any,
    agency: str,
    box: Box,
    tsa: TimestampAuthorities | None,
    at: datetime,
    picture: bytes | None = None,
) -> Signed:
    """Sign as the agency, with its red seal at real size.

    It covers a third of the leader's signature that `box` touches, on its left; without one it
    stands around the centre of `box`. `picture` is the seal's PNG; without it one is drawn.
    Raises `SigningRefused`, `StampRefused`, `BoxRefused`.
    """
    drawn = seal_picture(agency, picture)
    place = seal_place(pdf, box, drawn.width, drawn.height)
    return _sign(pdf, "seal", signer, place, Drawing(pdf=drawn.pdf), tsa, at)


def sign_attachment(
    pdf: bytes, *, signer: Any, code: str, tsa: TimestampAuthorities | None, at: datetime
) -> Signed:
    """Sign a file that goes along as the agency; `code` is the main document's number and sign.

    Number and time stand in the upper right corner of the first page, without a picture.
    Raises `SigningRefused`, `StampRefused`.
    """
    return _sign_corner(pdf, "attachment", corner.of_attachment(code, at), signer, tsa, at)


def sign_copy(
    pdf: bytes,
    *,
    signer: Any,
    form: str,
    agency: str,
    tsa: TimestampAuthorities | None,
    at: datetime,
) -> Signed:
    """Sign a copy as the agency that made it; `form` is one of `corner.COPY_FORMS`.

    Form, agency and time stand in the upper right corner of the first page, without a picture.
    Raises `SigningRefused`, `StampRefused`, ValueError for another form.
    """
    return _sign_corner(pdf, "copy", corner.of_copy(form, agency, at), signer, tsa, at)


def _sign_corner(
    pdf: bytes,
    role: Role,
    lines: tuple[str, ...],
    signer: Any,
    tsa: TimestampAuthorities | None,
    at: datetime,
) -> Signed:
    drawn = corner_picture(lines)
    try:
        place = corner_of_first_page(pdf, drawn.width, drawn.height)
    except Exception as error:
        raise _not_signable(role, error) from error
    return _sign(pdf, role, signer, place.box, Drawing(pdf=drawn.pdf, turn=place.turn), tsa, at)


def _sign(
    pdf: bytes,
    role: Role,
    signer: Any,
    box: Box,
    drawing: Drawing,
    tsa: TimestampAuthorities | None,
    at: datetime,
) -> Signed:
    certificate: x509.Certificate = signer.signing_cert
    problem = certificate_problem(certificate, at)
    if problem is not None:
        raise SigningRefused(problem, f"the certificate cannot sign: {problem}")
    try:
        prepared, output = _prepare(pdf, role, signer, box, drawing, at)
    except SigningRefused:
        raise
    except Exception as error:
        raise _not_signable(role, error) from error
    signature, level = asyncio.run(_signature(signer, prepared.document_digest, tsa))
    prepared.fill_with_cms(output, signature)
    return Signed(output.getvalue(), level, certificate.sha256.hex(), at)


def _not_signable(role: Role, error: Exception) -> SigningRefused:
    """The file may be a stranger's: pyHanko fails with many classes on a malformed one."""
    return SigningRefused(
        "pdf_not_signable", f"the file cannot be signed as {role}: {type(error).__name__}"
    )


def _prepare(
    pdf: bytes, role: Role, signer: Any, box: Box, drawing: Drawing, at: datetime
) -> tuple[PreparedByteRangeDigest, BytesIO]:
    """The file with an empty place for the signature, and the digest of all the rest."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    if any(True for _ in enumerate_sig_fields(writer, with_name=role)):
        raise SigningRefused("already_signed", f"the file already has a field named {role}")
    field = SigFieldSpec(role, box.page, (box.x1, box.y1, box.x2, box.y2))
    metadata = PdfSignatureMetadata(
        field_name=role, md_algorithm=DIGEST, subfilter=SigSeedSubFilter.PADES
    )
    maker = PdfSigner(metadata, signer, stamp_style=drawing, new_field_spec=field)
    session = maker.init_signing_session(writer)
    session.system_time = at
    document = session.prepare_tbs_document(None, bytes_reserved=2 * LARGEST_CMS)
    # In place: the stream is ours alone, and large files need not be copied piece by piece.
    prepared, output = document.digest_tbs_document(in_place=True)
    return prepared, output


async def _signature(
    signer: Any, digest: bytes, tsa: TimestampAuthorities | None
) -> tuple[bytes, Level]:
    signature = await sign_digest(signer, digest)
    if tsa is None:
        return signature, "B-B"
    plain = cms.ContentInfo.load(signature)
    value = plain["content"]["signer_infos"][0]["signature"].native
    try:
        token = await tsa.token(hashlib.sha256(value).digest())
    except TimestampUnavailable:
        # The document goes out without; its verdict shows the level of each signature.
        return signature, "B-B"
    stamped = with_token(plain, token).dump()
    return (stamped, "B-T") if len(stamped) <= LARGEST_CMS else (signature, "B-B")
