"""Where a signature's picture stands on the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MM = 72 / 25.4
SEAL_DIAMETER = 36 * MM  # the agency's round seal at real size
_LARGEST_PAGE = 14_400  # ISO 32000-1, Annex C: the largest page side in default units


class BoxRefused(ValueError):
    """A box that no page can hold."""

    code = "box_refused"


@dataclass(frozen=True)
class Box:
    """A rectangle in PDF points from the bottom left corner; pages count from 0."""

    page: int
    x1: float
    y1: float
    x2: float
    y2: float

    def __post_init__(self) -> None:
        if not 0 <= self.page < 10_000:
            raise BoxRefused(f"page {self.page} is not a page number")
        if not (
            -_LARGEST_PAGE <= self.x1 < self.x2 <= _LARGEST_PAGE
            and -_LARGEST_PAGE <= self.y1 < self.y2 <= _LARGEST_PAGE
        ):
            raise BoxRefused(f"({self.x1}, {self.y1}, {self.x2}, {self.y2}) is not a rectangle")

    @property
    def width(self) -> float:
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        return self.y2 - self.y1


def union(boxes: Sequence[Box]) -> Box:
    """The smallest box around boxes of one page. Raises `BoxRefused` for several pages."""
    if len({box.page for box in boxes}) != 1:
        raise BoxRefused("the number and the date must stand on one page")
    return Box(
        boxes[0].page,
        min(box.x1 for box in boxes),
        min(box.y1 for box in boxes),
        max(box.x2 for box in boxes),
        max(box.y2 for box in boxes),
    )


def centred(box: Box, width: float, height: float) -> Box:
    """A rectangle of a size around the centre of a place, as a seal at its real size."""
    x, y = (box.x1 + box.x2 - width) / 2, (box.y1 + box.y2 - height) / 2
    return Box(box.page, x, y, x + width, y + height)


def over_left_third(signature: Box, width: float, height: float) -> Box:
    """Where a seal covers a third of a signature, on its left (Decree 30/2020, Annex I, II.8)."""
    x = signature.x1 + signature.width / 3 - width
    y = (signature.y1 + signature.y2 - height) / 2
    return Box(signature.page, x, y, x + width, y + height)


def widened(box: Box, by: float) -> Box:
    """A place with more room on its left and right."""
    return Box(box.page, box.x1 - by, box.y1, box.x2 + by, box.y2)


def touch(one: Box, other: Box) -> bool:
    """Whether two places share a part of a page."""
    return (
        one.page == other.page
        and one.x1 < other.x2
        and other.x1 < one.x2
        and one.y1 < other.y2
        and other.y1 < one.y2
    )
