"""The top of page 1: national name, agency, number, date, title (Annex I, II.1-II.5)."""

from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from services.documents.layout.boxes import FIELD_BASELINE, FIELD_SIZE, Box
from services.documents.layout.document import OfficialDocument
from services.documents.layout.errors import FieldTooLong, TextTooWide
from services.documents.layout.sheet import (
    BODY,
    BOTTOM,
    LEADING,
    LEFT,
    MM,
    RIGHT,
    RULE,
    SHORT_RULE,
    TEXT_WIDTH,
    TOP,
)
from services.documents.layout.text import balanced, put, put_centred, row_width, text_width, words

NATION = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
NAME_SIZE, MOTTO_SIZE, LETTER_SUBJECT_SIZE, MARK_SIZE = 12.0, 13.0, 12.0, 13.0
# Urgency mark (dấu chỉ mức độ khẩn): words and box in millimetres, Annex I, III.2.
URGENCY = {1: ("KHẨN", 20), 2: ("THƯỢNG KHẨN", 40), 3: ("HỎA TỐC", 30)}
MARK_HEIGHT = 8 * MM
RED = (0.85, 0.0, 0.0)
BLACK = (0.0, 0.0, 0.0)

_RIGHT_COLUMN = 276.0
_GUTTER = 8.0
_LEFT_COLUMN = TEXT_WIDTH - _RIGHT_COLUMN - _GUTTER
_LEFT_CENTRE = LEFT + _LEFT_COLUMN / 2
_RIGHT_CENTRE = RIGHT - _RIGHT_COLUMN / 2
_TITLE_ROOM = TEXT_WIDTH - 30 * MM
_NUMBER_ROOM = 36.0  # five digits of 13 points
_FIELD_TOP = 13.0  # of a field above the baseline of its row


@dataclass(frozen=True)
class Head:
    """Where the text may begin, and the places left empty above it."""

    bottom: float
    number: Box
    date: Box


def draw_head(canvas: Any, page: OfficialDocument) -> Head:
    """Draw everything above the text. Raises `TextTooWide`, `FieldTooLong`."""
    # A whole number, because boxes are: what a field writes must stand on this baseline.
    row = float(round(min(_agency(canvas, page), _nation(canvas)) - 18.0))
    date_starts = _date_start(page)
    number = _number(canvas, page, row, date_starts - _GUTTER)
    date = _date(canvas, page, row, date_starts)
    left = row - 6.0
    if page.is_letter:
        left = _letter_subject(canvas, page, left)
    bottom = min(_urgency(canvas, page, left), _circulation(canvas, page, row - 6.0)) - 14.0
    if not page.is_letter:
        bottom = _title(canvas, page, bottom)
    if bottom < BOTTOM + 4 * LEADING:
        raise FieldTooLong("the head of the page", 1, "page with text below it")
    return Head(bottom, number, date)


def _rule(canvas: Any, centre: float, y: float, width: float) -> None:
    canvas.setLineWidth(RULE)
    canvas.line(centre - width / 2, y, centre + width / 2, y)


def _nation(canvas: Any) -> float:
    """Quốc hiệu and tiêu ngữ, the rule as long as the motto."""
    y = TOP - NAME_SIZE
    put_centred(canvas, words(NATION, "bold"), _RIGHT_CENTRE, y, NAME_SIZE)
    y -= 16.0
    width = put_centred(canvas, words(MOTTO, "bold"), _RIGHT_CENTRE, y, MOTTO_SIZE)
    _rule(canvas, _RIGHT_CENTRE, y - 5.0, width)
    return y - 5.0


def _agency(canvas: Any, page: OfficialDocument) -> float:
    """The superior body (cơ quan chủ quản) and the issuing agency with its short rule."""
    superior = balanced(page.superior, "regular", NAME_SIZE, _LEFT_COLUMN)
    agency = balanced(page.agency, "bold", NAME_SIZE, _LEFT_COLUMN)
    y, width = TOP - NAME_SIZE, 0.0
    for row in [*superior, *agency]:
        width = put_centred(canvas, row, _LEFT_CENTRE, y, NAME_SIZE)
        y -= 15.0
    _rule(canvas, _LEFT_CENTRE, y + 10.0, width * SHORT_RULE)
    return y + 10.0


def _number(canvas: Any, page: OfficialDocument, y: float, limit: float) -> Box:
    """ "Số:", an empty place, and the sign; moved left of its column if the sign is long."""
    label, sign = words("Số:"), words(f"/{page.notation}")
    gap_from = row_width(label, FIELD_SIZE) + 2.0
    total = gap_from + _NUMBER_ROOM + 1.0 + row_width(sign, FIELD_SIZE)
    x = max(LEFT, _LEFT_CENTRE - total / 2)
    if x + total > limit:
        raise TextTooWide(page.notation)
    put(canvas, label, x, y, FIELD_SIZE)
    put(canvas, sign, x + gap_from + _NUMBER_ROOM + 1.0, y, FIELD_SIZE)
    return _field(x + gap_from, y, _NUMBER_ROOM)


def _widest_date(page: OfficialDocument) -> float:
    return text_width(f"ngày 30 tháng 12 năm {page.year}", "italic", FIELD_SIZE) + 3.0


def _date_start(page: OfficialDocument) -> float:
    place = text_width(f"{page.place}, ", "italic", FIELD_SIZE)
    return _RIGHT_CENTRE - (place + _widest_date(page)) / 2


def _date(canvas: Any, page: OfficialDocument, y: float, x: float) -> Box:
    """The place and its comma; the date comes with the number."""
    put(canvas, words(f"{page.place},", "italic"), x, y, FIELD_SIZE)
    place = text_width(f"{page.place}, ", "italic", FIELD_SIZE)
    return _field(x + place, y, _widest_date(page))


def _field(x: float, baseline: float, width: float) -> Box:
    """Round inwards, so that no printed letter reaches into the field."""
    y = round(baseline - FIELD_BASELINE)
    return Box(0, ceil(x), y, floor(x + width), y + round(FIELD_BASELINE + _FIELD_TOP))


def _letter_subject(canvas: Any, page: OfficialDocument, y: float) -> float:
    """A công văn names its subject under the number, after "V/v"."""
    text = page.subject
    for opening in ("V/v", "Về việc"):
        if text.casefold().startswith(opening.casefold()):
            text = text[len(opening) :].lstrip(": ")
    for row in balanced(f"V/v {text}", "regular", LETTER_SUBJECT_SIZE, _LEFT_COLUMN):
        y -= 14.0
        put_centred(canvas, row, _LEFT_CENTRE, y, LETTER_SUBJECT_SIZE)
    return y - 4.0


def _urgency(canvas: Any, page: OfficialDocument, y: float) -> float:
    if not page.urgency:
        return y
    text, width = URGENCY[page.urgency]
    return _mark(canvas, text, _LEFT_CENTRE, y - 4.0, width * MM, RED)


def _circulation(canvas: Any, page: OfficialDocument, y: float) -> float:
    if not page.circulation:
        return y
    width = text_width(page.circulation, "bold", MARK_SIZE) + 5 * MM
    if width > _RIGHT_COLUMN:
        raise TextTooWide(page.circulation)
    return _mark(canvas, page.circulation, _RIGHT_CENTRE, y - 4.0, width, BLACK)


def _mark(
    canvas: Any, text: str, centre: float, top: float, width: float, ink: tuple[float, ...]
) -> float:
    canvas.saveState()
    canvas.setStrokeColorRGB(*ink)
    canvas.setFillColorRGB(*ink)
    canvas.setLineWidth(1.0)
    canvas.rect(centre - width / 2, top - MARK_HEIGHT, width, MARK_HEIGHT)
    baseline = top - MARK_HEIGHT / 2 - MARK_SIZE * 0.33
    put_centred(canvas, words(text, "bold"), centre, baseline, MARK_SIZE)
    canvas.restoreState()
    return top - MARK_HEIGHT


def _title(canvas: Any, page: OfficialDocument, y: float) -> float:
    """Name of the type, subject, and a short rule."""
    centre, width = LEFT + TEXT_WIDTH / 2, 0.0
    for text in (page.type_name, page.subject):
        for row in balanced(text, "bold", BODY, _TITLE_ROOM):
            y -= LEADING
            width = put_centred(canvas, row, centre, y, BODY)
    _rule(canvas, centre, y - 7.0, width * SHORT_RULE)
    return y - 17.0
