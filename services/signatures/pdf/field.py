"""The empty field of a signature: where it stands on the page, and what is left to sign.

The file may be a stranger's: one that cannot take the signature is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from itertools import count
from typing import Any

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest

from .appearance import Drawing
from .box import Box
from .places import corner_of_first_page
from .profile import certificate_problem
from .reading import open_pdf
from .signed import Role, SigningRefused
from .stamps import corner_picture
from .timestamps import DIGEST

# Room for the CMS in the file: a signature with two certificates has 4 kB, a token up to 6 kB.
LARGEST_CMS = 12 * 1024


def check_signable(pdf: bytes) -> None:
    """Raises `SigningRefused` for a file that could not be signed in its corner."""
    try:
        reader = open_pdf(pdf)
        if reader.encrypted or _closed(reader):
            raise ValueError("its author allows no signature")
        in_corner(pdf, "attachment", ("0",))
    except Exception as error:
        raise SigningRefused("attachment_not_signable", type(error).__name__) from error


def _closed(reader: Any) -> bool:
    """Whether a certification allows no change at all (ISO 32000-1, 12.8.2.2)."""
    certified = reader.root.get("/Perms", {}).get("/DocMDP")
    references = certified.get("/Reference", []) if certified else []
    return any(one.get("/TransformParams", {}).get("/P") == 1 for one in references)


def in_corner(pdf: bytes, role: Role, lines: tuple[str, ...]) -> tuple[str, Box, Drawing]:
    """A free field of a role, its place and its text: a file may have such a signature already.

    Raises `SigningRefused`, `StampRefused`.
    """
    drawn = corner_picture(lines)
    try:
        taken = {name for name, _, _ in enumerate_sig_fields(open_pdf(pdf))}
        place = corner_of_first_page(pdf, drawn.width, drawn.height, left=role == "copier")
    except Exception as error:
        raise _not_signable(role, error) from error
    field = next(name for name in numbered(role) if name not in taken)
    return field, place.box, Drawing(pdf=drawn.pdf, turn=place.turn)


def numbered(role: str) -> Iterator[str]:
    """The names of a role's fields: the role, then the role with a number from 2."""
    yield role
    yield from (f"{role}-{number}" for number in count(2))


def placed(
    pdf: bytes, role: str, signer: Any, box: Box, drawing: Drawing, at: datetime
) -> tuple[PreparedByteRangeDigest, BytesIO]:
    """The file with an empty place for the signature, and the digest of all the rest.

    Raises `SigningRefused`.
    """
    problem = certificate_problem(signer.signing_cert, at)
    if problem is not None:
        raise SigningRefused(problem, f"the certificate cannot sign: {problem}")
    try:
        return _prepare(pdf, role, signer, box, drawing, at)
    except SigningRefused:
        raise
    except Exception as error:
        raise _not_signable(role, error) from error


def _not_signable(role: str, error: Exception) -> SigningRefused:
    """The file may be a stranger's: pyHanko fails with many classes on a malformed one."""
    return SigningRefused(
        "pdf_not_signable", f"the file cannot be signed as {role}: {type(error).__name__}"
    )


def _prepare(
    pdf: bytes, role: str, signer: Any, box: Box, drawing: Drawing, at: datetime
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
