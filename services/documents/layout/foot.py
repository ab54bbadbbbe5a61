"""What stands under the text: addressees for information and the signing block."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.documents.layout.boxes import Box
from services.documents.layout.document import OfficialDocument
from services.documents.layout.flow import closed, hanging
from services.documents.layout.sheet import (
    BODY,
    BOTTOM,
    LEADING,
    LEFT,
    MM,
    RIGHT,
    TEXT_HEIGHT,
    TEXT_WIDTH,
)
from services.documents.layout.text import Row, balanced, put, put_centred, words

LABEL_SIZE, LIST_SIZE = 12.0, 11.0  # "Nơi nhận:" and its list, Annex I, II.9
SEAL = 36 * MM
_LIST_LEADING = 13.0
_GAP = 14.0  # between the text and this block
_SIGNATURE_WIDTH, _SIGNATURE_HEIGHT = 50 * MM, 26 * MM
_ROOM = SEAL - 4.0  # with the letters' own clearance, the seal hides neither position nor name
_CLEARANCE = 8.0  # from the name's baseline row up to its letters
_SIGN_COLUMN = 232.0
_SIGN_CENTRE = RIGHT - _SIGN_COLUMN / 2
_LIST_ROOM = TEXT_WIDTH - _SIGN_COLUMN - 10.0
# Two lines of text stay with the block; a longer list runs on to the next page.
_TALLEST = TEXT_HEIGHT - 4 * LEADING


@dataclass(frozen=True)
class Foot:
    """The measured block: rows of the list with their indent, rows of the signing block."""

    notes: list[tuple[Row, float]]
    titles: list[Row]
    names: list[Row]

    @property
    def height(self) -> float:
        """Points that must be free under the last line of text."""
        notes = (len(self.notes) + 1) * _LIST_LEADING + LEADING if self.notes else 0.0
        sign = (len(self.titles) + len(self.names)) * LEADING + _ROOM
        return _GAP + max(sign, min(notes, _TALLEST - _GAP))


def measure(page: OfficialDocument) -> Foot:
    """Break the block into rows. Raises `TextTooWide`."""
    titles = "\n".join(part for part in (page.authority, page.position) if part)
    entries = closed(page.recipients_list) if page.recipients_list else []
    return Foot(
        notes=list(hanging(entries, LIST_SIZE, _LIST_ROOM, dashed=True)),
        titles=balanced(titles, "bold", BODY, _SIGN_COLUMN),
        names=balanced(page.signer_name, "bold", BODY, _SIGN_COLUMN),
    )


def draw_foot(
    canvas: Any, foot: Foot, top: float, page: int, next_page: Callable[[], float]
) -> tuple[Box, Box]:
    """Draw the block below `top`; return the places of the leader's signature and the seal."""
    top -= _GAP
    boxes = _sign(canvas, foot, top, page)
    _notes(canvas, foot, top, next_page)
    return boxes


def _sign(canvas: Any, foot: Foot, y: float, page: int) -> tuple[Box, Box]:
    for row in foot.titles:
        y -= LEADING
        put_centred(canvas, row, _SIGN_CENTRE, y, BODY)
    middle = y - (_ROOM + _CLEARANCE) / 2
    y -= _ROOM
    for row in foot.names:
        y -= LEADING
        put_centred(canvas, row, _SIGN_CENTRE, y, BODY)
    left = _SIGN_CENTRE - _SIGNATURE_WIDTH / 2
    leader = _box(page, left, middle, _SIGNATURE_WIDTH, _SIGNATURE_HEIGHT)
    seal = _box(page, left + _SIGNATURE_WIDTH / 3 - SEAL, middle, SEAL, SEAL)
    return leader, seal


def _box(page: int, x: float, middle: float, width: float, height: float) -> Box:
    x1, y1 = round(x), round(middle - height / 2)
    return Box(page, x1, y1, x1 + round(width), y1 + round(height))


def _notes(canvas: Any, foot: Foot, y: float, next_page: Callable[[], float]) -> None:
    if not foot.notes:
        return
    y -= LEADING
    put(canvas, words("Nơi nhận:", "bold-italic"), LEFT, y, LABEL_SIZE)
    for row, indent in foot.notes:
        if y - _LIST_LEADING < BOTTOM:
            y = next_page()
        y -= _LIST_LEADING
        put(canvas, row, LEFT + indent, y, LIST_SIZE)
