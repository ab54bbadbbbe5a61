"""The text that runs from page to page: addressees, then the body."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from services.documents.layout.document import OfficialDocument
from services.documents.layout.sheet import (
    BODY,
    INDENT,
    LEADING,
    LEFT,
    PARAGRAPH_GAP,
    TEXT_WIDTH,
)
from services.documents.layout.text import (
    NO_BREAK,
    Row,
    balanced,
    break_rows,
    row_width,
    runs,
    text_width,
    words,
)

_ADDRESSEE_GAP = 12.0
_BASIS = re.compile(r"(Căn cứ|Theo đề nghị|Xét đề nghị|Xét tờ trình)\b", re.IGNORECASE)
_ARTICLE = re.compile(r"(Điều\s\d+[a-zđ]?\.)\s+(.*)")
_SECTION = re.compile(r"(Phần|Chương|Mục)\s[IVXLC\d]+\.?$")
_NUMBERED_SECTION = re.compile(r"[IVXLC]+\.\s")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the flow: where it starts, the space before it, whether the next must join it."""

    row: Row
    x: float
    before: float = 0.0
    stretch: float = 0.0
    keep: bool = False


def flow(page: OfficialDocument) -> list[Line]:
    """Set addressees and body; the last two lines keep with the signature after them."""
    addressees, body = list(_addressees(page.addressees)), list(_body(page.paragraphs))
    if addressees:
        body[0] = replace(body[0], before=_ADDRESSEE_GAP)
    lines = [*addressees, *body]
    return [*lines[:-2], *(replace(line, keep=True) for line in lines[-2:])]


def paginate(lines: list[Line], first: float, other: float, block: float) -> list[list[Line]]:
    """Deal lines to pages of height `first`, then `other`, leaving `block` under the last one.

    A line that keeps with the next moves with it, unless a page would stay empty.
    """
    pages: list[list[Line]] = []
    start, room = 0, first
    while start < len(lines):
        stop = _fill(lines, start, room, block)
        pages.append(lines[start:stop])
        start, room = stop, other
    return pages


def _fill(lines: list[Line], start: int, room: float, block: float) -> int:
    stop = start
    while stop < len(lines):
        room -= LEADING + (lines[stop].before if stop > start else 0.0)
        if room < (block if stop == len(lines) - 1 else 0.0):
            break
        stop += 1
    fits = stop
    while start < stop < len(lines) and lines[stop - 1].keep:
        stop -= 1
    return stop if stop > start else fits


def _addressees(names: Sequence[str]) -> Iterator[Line]:
    """Kính gửi: a single one on the same line; several beneath it, each behind a dash."""
    if not names:
        return
    label = words(f"Kính{NO_BREAK}gửi:")
    hang = text_width("Kính gửi: ", "regular", BODY)
    entries = closed(names) if len(names) > 1 else names
    rows = list(hanging(entries, BODY, TEXT_WIDTH - hang, dashed=len(names) > 1))
    x = LEFT + (TEXT_WIDTH - hang - max(left + row_width(row, BODY) for row, left in rows)) / 2
    if len(names) > 1:
        yield Line(label, x, before=PARAGRAPH_GAP, keep=True)
    else:
        (row, _), *rows = rows
        yield Line([*label, *row], x, before=PARAGRAPH_GAP, keep=bool(rows))
    for row, left in rows:
        yield Line(row, x + hang + left)


def closed(names: Sequence[str]) -> list[str]:
    """End each entry of a list with a semicolon, the last with a full stop."""
    return [*(f"{name};" for name in names[:-1]), f"{names[-1]}."]


def hanging(
    entries: Sequence[str], size: float, room: float, *, dashed: bool
) -> Iterator[tuple[Row, float]]:
    """Break entries into rows, each with its distance from the left; a dash hangs out."""
    hang = text_width("- ", "regular", size) if dashed else 0.0
    for entry in entries:
        first, *rest = break_rows(words(entry), size, room - hang)
        yield ([*words("-"), *first], 0.0) if dashed else (first, 0.0)
        yield from ((row, hang) for row in rest)


def _body(paragraphs: Sequence[str]) -> Iterator[Line]:
    basis = False
    for text in paragraphs:
        basis = bool(_BASIS.match(text)) and (basis or text.endswith(";"))
        if _is_heading(text):
            yield from _heading(text)
        else:
            yield from _paragraph(_styled(text, basis), keep=bool(_NUMBERED_SECTION.match(text)))


def _is_heading(text: str) -> bool:
    """Chapters, and lines in capitals such as QUYẾT ĐỊNH: stand in the middle."""
    capitals = text.isupper() and not _NUMBERED_SECTION.match(text)
    return bool(_SECTION.match(text)) or (capitals and len(text.split()) > 1)


def _heading(text: str) -> Iterator[Line]:
    for place, row in enumerate(balanced(text, "bold", BODY, TEXT_WIDTH)):
        x = LEFT + (TEXT_WIDTH - row_width(row, BODY)) / 2
        yield Line(row, x, before=0.0 if place else PARAGRAPH_GAP, keep=True)


def _styled(text: str, basis: bool) -> Row:
    """Legal grounds are italic; the number of an article and a numbered section are bold."""
    if basis:
        return words(text, "italic")
    if _NUMBERED_SECTION.match(text):
        return words(text, "bold")
    if article := _ARTICLE.match(text):
        return [*words(article[1].replace(" ", NO_BREAK), "bold"), *words(article[2])]
    return words(text)


def _paragraph(text: Row, *, keep: bool) -> Iterator[Line]:
    """Indent the first row, justify all but the last, and let no row stand alone on a page."""
    rows = break_rows(text, BODY, TEXT_WIDTH, INDENT)
    last = len(rows) - 1
    for place, row in enumerate(rows):
        indent = 0.0 if place else INDENT
        yield Line(
            row,
            LEFT + indent,
            before=0.0 if place else PARAGRAPH_GAP,
            stretch=_stretch(row, TEXT_WIDTH - indent) if place < last else 0.0,
            keep=keep or (last > 0 and place in (0, last - 1)),
        )


def _stretch(row: Row, room: float) -> float:
    text = "".join(run for _, run in runs(row))
    blanks = text.count(" ") + text.count(NO_BREAK)
    return (room - row_width(row, BODY)) / blanks if blanks else 0.0
