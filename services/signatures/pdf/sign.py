"""Make the signatures of official documents: leader, number, seal; of attachments and copies.

Each is an incremental update: the bytes before stay a prefix of the bytes after. The level is
PAdES B-T when an authority gives a timestamp in time, else B-B; no signature forbids another.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime
from typing import Any

from asn1crypto import cms

from . import corner
from .appearance import Drawing
from .box import Box, centred, union
from .cms import sign_digest
from .facts import common_name
from .field import LARGEST_CMS, in_corner, placed
from .places import seal_place
from .signed import Level, Role, Signed
from .stamps import Text, leader_picture, seal_picture, texts_picture
from .timestamps import TimestampAuthorities, TimestampUnavailable, with_token


def sign_leader(
    pdf: bytes,
    *,
    signer: Any,
    person_id: str,
    box: Box,
    tsa: TimestampAuthorities | None,
    at: datetime,
    picture: bytes | None = None,
    field: str = "leader",
) -> Signed:
    """Sign as the leader, with his handwritten signature in the middle of `box`, as large as fits.

    `picture` is his PNG; without it a stroke that belongs to `person_id` is drawn. Of several
    leaders each has a `field` of his own: leader, leader-2, ...
    Raises `SigningRefused`, `StampRefused`, `BoxRefused`.
    """
    drawn = leader_picture(person_id, box.width, box.height, picture)
    place = centred(box, drawn.width, drawn.height)
    return _sign(pdf, field, signer, place, Drawing(pdf=drawn.pdf), tsa, at)


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
    field: str = "seal",
) -> Signed:
    """Sign as the agency, with its red seal at real size.

    It covers a third of the leader's signature that `box` touches, on its left; without one it
    stands around the centre of `box`. `picture` is the seal's PNG; without it one is drawn.
    Raises `SigningRefused`, `StampRefused`, `BoxRefused`.
    """
    drawn = seal_picture(agency, picture)
    place = seal_place(pdf, box, drawn.width, drawn.height)
    return _sign(pdf, field, signer, place, Drawing(pdf=drawn.pdf), tsa, at)


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
    code: str = "",
) -> Signed:
    """Sign a copy as the agency that made it; `form` is one of `corner.COPY_FORMS`.

    Form, the copy's own `code`, agency and time stand in the upper right corner of the first
    page, without a picture.
    Raises `SigningRefused`, `StampRefused`, ValueError for another form.
    """
    return _sign_corner(pdf, "copy", corner.of_copy(form, agency, at, code), signer, tsa, at)


def sign_copier(
    pdf: bytes, *, signer: Any, tsa: TimestampAuthorities | None, at: datetime
) -> Signed:
    """Sign a copy as the person who answers for it, with name and time in the upper left corner.

    Raises `SigningRefused`, `StampRefused`.
    """
    field, box, drawing = in_corner(pdf, "copier", copier_lines(signer, at))
    return _sign(pdf, field, signer, box, drawing, tsa, at)


def copier_lines(signer: Any, at: datetime) -> tuple[str, ...]:
    """What stands on a copy of the person who answers for it; the name is the certificate's."""
    return corner.of_copier(common_name(signer.signing_cert), at)


def _sign_corner(
    pdf: bytes,
    role: Role,
    lines: tuple[str, ...],
    signer: Any,
    tsa: TimestampAuthorities | None,
    at: datetime,
) -> Signed:
    field, box, drawing = in_corner(pdf, role, lines)
    return _sign(pdf, field, signer, box, drawing, tsa, at)


def _sign(
    pdf: bytes,
    role: str,
    signer: Any,
    box: Box,
    drawing: Drawing,
    tsa: TimestampAuthorities | None,
    at: datetime,
) -> Signed:
    prepared, output = placed(pdf, role, signer, box, drawing, at)
    signature, level = asyncio.run(_signature(signer, prepared.document_digest, tsa))
    prepared.fill_with_cms(output, signature)
    return Signed(output.getvalue(), level, signer.signing_cert.sha256.hex(), at)


async def _signature(
    signer: Any, digest: bytes, tsa: TimestampAuthorities | None
) -> tuple[bytes, Level]:
    return await stamped(await sign_digest(signer, digest), tsa)


async def stamped(signature: bytes, tsa: TimestampAuthorities | None) -> tuple[bytes, Level]:
    """The signature with a timestamp over its value, if the authority gives one in time."""
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
