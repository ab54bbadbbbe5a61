"""What stands under the text: addressees for information and the signing block."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.documents.layout.boxes import Box, SignerPlaces
from services.documents.layout.document import OfficialDocument
from services.documents.layout.errors import FieldTooLong
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
_OTHER_CENTRE = LEFT + _SIGN_COLUMN / 2
_LIST_ROOM = TEXT_WIDTH - _SIGN_COLUMN - 10.0
# Two lines of text stay with the block; a longer list runs on to the next page.
_TALLEST = TEXT_HEIGHT - 4 * LEADING


@dataclass(frozen=True)
class Block:
    """One who signs: rows of his authority and position, rows of his name."""

    titles: list[Row]
    names: list[Row]


@dataclass(frozen=True)
class Foot:
    """The measured block: rows of the list with their indent, those who sign in their order.

    One stands on the right, beside the list; of several two stand side by side, the first one on
    the right, and the list stands below them.
    """

    notes: list[tuple[Row, float]]
    blocks: list[Block]

    @property
    def sign_height(self) -> float:
        """Points that the signatures take."""
        between = LEADING * (len(self.pairs) - 1)
        return sum(_rows(pair) * LEADING + _ROOM for pair in self.pairs) + between

    @property
    def pairs(self) -> list[list[Block]]:
        """Who stands side by side."""
        return [self.blocks[place : place + 2] for place in range(0, len(self.blocks), 2)]

    @property
    def height(self) -> float:
        """Points that must be free under the last line of text."""
        notes = (len(self.notes) + 1) * _LIST_LEADING + LEADING if self.notes else 0.0
        if len(self.blocks) > 1:  # the list runs on where there is room
            return _GAP + self.sign_height
        return _GAP + max(self.sign_height, min(notes, _TALLEST - _GAP))


def measure(page: OfficialDocument) -> Foot:
    """Break the block into rows. Raises `TextTooWide`, `FieldTooLong`."""
    entries = closed(page.recipients_list) if page.recipients_list else []
    room = _LIST_ROOM if not page.cosigners else TEXT_WIDTH
    foot = Foot(
        notes=list(hanging(entries, LIST_SIZE, room, dashed=True)),
        blocks=[
            _block(page.authority, page.position, page.signer_name),
            *(_block(one.authority, one.position, one.name) for one in page.cosigners),
        ],
    )
    if foot.height > _TALLEST:
        raise FieldTooLong("cosigners", 1, "page with text above them")
    return foot


def _block(authority: str, position: str, name: str) -> Block:
    titles = "\n".join(part for part in (authority, position) if part)
    return Block(
        titles=balanced(titles, "bold", BODY, _SIGN_COLUMN),
        names=balanced(name, "bold", BODY, _SIGN_COLUMN),
    )


def draw_foot(
    canvas: Any, foot: Foot, top: float, page: int, next_page: Callable[[], float]
) -> list[SignerPlaces]:
    """Draw the block below `top`; return the places of each one's signature and seal."""
    top -= _GAP
    places, y = [], top
    for pair in foot.pairs:
        centres = (_SIGN_CENTRE, _OTHER_CENTRE)
        titles = max(len(block.titles) for block in pair)
        places += [
            _sign(canvas, block, centre, y, page, titles)
            for block, centre in zip(pair, centres, strict=False)
        ]
        y -= (_rows(pair) + 1) * LEADING + _ROOM
    _notes(canvas, foot, y if len(foot.blocks) > 1 else top, next_page)
    return places


def _rows(pair: list[Block]) -> int:
    """Rows of text in blocks that stand side by side: their names begin on one line."""
    titles = max(len(block.titles) for block in pair)
    return titles + max(len(block.names) for block in pair)


def _sign(
    canvas: Any, block: Block, centre: float, top: float, page: int, titles: int
) -> SignerPlaces:
    y = top
    for row in block.titles:
        y -= LEADING
        put_centred(canvas, row, centre, y, BODY)
    y = top - titles * LEADING
    middle = y - (_ROOM + _CLEARANCE) / 2
    y -= _ROOM
    for row in block.names:
        y -= LEADING
        put_centred(canvas, row, centre, y, BODY)
    left = centre - _SIGNATURE_WIDTH / 2
    leader = _box(page, left, middle, _SIGNATURE_WIDTH, _SIGNATURE_HEIGHT)
    seal = _box(page, left + _SIGNATURE_WIDTH / 3 - SEAL, middle, SEAL, SEAL)
    return SignerPlaces(leader, seal)


def _box(page: int, x: float, middle: float, width: float, height: float) -> Box:
    x1, y1 = round(x), round(middle - height / 2)
    return Box(page, x1, y1, x1 + round(width), y1 + round(height))


def _notes(canvas: Any, foot: Foot, y: float, next_page: Callable[[], float]) -> None:
    if not foot.notes:
        return
    if y - 3 * LEADING < BOTTOM:
        y = next_page()
    y -= LEADING
    put(canvas, words("Nơi nhận:", "bold-italic"), LEFT, y, LABEL_SIZE)
    for row, indent in foot.notes:
        if y - _LIST_LEADING < BOTTOM:
            y = next_page()
        y -= _LIST_LEADING
        put(canvas, row, LEFT + indent, y, LIST_SIZE)
