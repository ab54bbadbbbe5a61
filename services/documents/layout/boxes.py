"""The places that signatures will fill."""

from __future__ import annotations

from dataclasses import dataclass

FIELD_SIZE = 13.0  # points: number upright, date italic (Annex I, II.3 and II.4)
FIELD_BASELINE = 4.0  # the printed text beside a field stands this far above the box's lower edge


@dataclass(frozen=True)
class Box:
    """A rectangle on a page, in whole PDF points from the bottom left; pages count from 0."""

    page: int
    x1: int
    y1: int
    x2: int
    y2: int


@dataclass(frozen=True)
class SignerPlaces:
    """Where one signs, and where the seal of the agency goes."""

    leader: Box
    seal: Box


@dataclass(frozen=True)
class Boxes:
    """The four places that the template leaves empty.

    `leader`: the handwritten signature, between position and name. `number`: between
    "Số:" and "/QĐ-UBND", which the page prints. `date`: after the place and its comma;
    what fills it is the whole "ngày 05 tháng 02 năm 2026", written from the left edge.
    `seal`: 36 mm square, over the left third of `leader` (Decree 30/2020, Annex I, II.8).
    `cosigners`: the same two places for each further signer.
    """

    leader: Box
    number: Box
    date: Box
    seal: Box
    cosigners: tuple[SignerPlaces, ...] = ()
