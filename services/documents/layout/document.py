"""What a page is made of, and the check that nothing else gets onto it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from unicodedata import category, normalize

from libs.decree30 import LETTER
from services.documents.layout.errors import CharactersNotPrintable, FieldInvalid, FieldTooLong
from services.documents.layout.text import NO_BREAK, font
from services.documents.types import document_type

BODY_LIMIT = 200_000  # characters
PARAGRAPH_LIMIT = 10_000
LIST_LIMIT = 200  # addressees, and lines of "Nơi nhận"
COSIGNER_LIMIT = 5
LINE_LIMIT = 500  # characters of one addressee
# Subject, place, sign and names as in QCVN 102:2016; the rest is what the page can hold.
LIMITS = {
    "agency": 200,
    "superior": 200,
    "place": 50,
    "type_name": 100,
    "notation": 30,
    "subject": 500,
    "authority": 200,
    "position": 100,
    "signer_name": 50,
    "circulation": 60,
}
_NEEDED = ("agency", "place", "notation", "subject", "position", "signer_name")
_BREAKABLE = {"agency", "superior", "type_name", "subject", "authority", "position"}
_MOST_LINES = 4  # that a clerk may ask for in one of these
_IN_CAPITALS = ("agency", "superior", "type_name", "authority", "position", "circulation")
# Marks that stay loose after NFC, controls (direction overrides among them), unassigned letters.
_REFUSED = {"Mn", "Mc", "Me", "Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@dataclass(frozen=True)
class Signatory:
    """One more who signs: his block as that of the signer. A joint document names agencies too."""

    authority: str
    position: str
    name: str


@dataclass(frozen=True, kw_only=True)
class OfficialDocument:
    """One administrative document before it has a number (văn bản hành chính).

    Names and titles may hold line feeds where the clerk wants a line to end.
    `notation` is the sign after the number ("QĐ-UBND"); `authority` the prefix of the
    signing block ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH"); `recipients_list` the lines of
    "Nơi nhận"; `urgency` 0 none, 1 khẩn, 2 thượng khẩn, 3 hỏa tốc; `circulation` the
    note on who may read it ("LƯU HÀNH NỘI BỘ"). `type_name` is printed as the title,
    except for a công văn, which has none. `year` is the year of issue, for which the
    place of the date is measured.
    """

    agency: str
    place: str
    year: int
    type_code: str
    notation: str
    subject: str
    paragraphs: Sequence[str]
    position: str
    signer_name: str
    type_name: str = ""
    superior: str = ""
    authority: str = ""
    addressees: Sequence[str] = ()
    recipients_list: Sequence[str] = ()
    urgency: int = 0
    circulation: str = ""
    cosigners: Sequence[Signatory] = ()

    @property
    def is_letter(self) -> bool:
        """A công văn has no title: its subject stands under the number."""
        return self.type_code == LETTER


def checked(page: OfficialDocument) -> OfficialDocument:
    """Return `page` as it will be printed: NFC, blanks tidied, titles in capitals.

    Raises `FieldInvalid`, `FieldTooLong`, `CharactersNotPrintable`, `UnknownDocumentType`.
    """
    texts = {field: _title(field, getattr(page, field), limit) for field, limit in LIMITS.items()}
    texts.update({field: texts[field].upper() for field in _IN_CAPITALS})
    texts["type_code"] = _type_code(page.type_code)
    needed = _NEEDED if texts["type_code"] == LETTER else (*_NEEDED, "type_name")
    for field in needed:
        if not texts[field]:
            raise FieldInvalid(field, "is missing")
    result = replace(
        page,
        **texts,
        year=_within("year", page.year, 1945, 9999),
        urgency=_within("urgency", page.urgency, 0, 3),
        paragraphs=_paragraphs(page.paragraphs),
        addressees=_entries("addressees", page.addressees),
        recipients_list=_entries("recipients_list", page.recipients_list),
        cosigners=tuple(_signatory(each) for each in _cosigners(page.cosigners)),
    )
    for field in (*LIMITS, "paragraphs", "addressees", "recipients_list"):
        value = getattr(result, field)
        _check_printable(field, value if isinstance(value, str) else "".join(value))
    return result


def _cosigners(value: object) -> Sequence[object]:
    return _sequence("cosigners", value, COSIGNER_LIMIT)


def _signatory(value: object) -> Signatory:
    if not isinstance(value, Signatory):
        raise FieldInvalid("cosigners", "is no signatory")
    parts = (
        _title("authority", value.authority, LIMITS["authority"]).upper(),
        _title("position", value.position, LIMITS["position"]).upper(),
        _title("signer_name", value.name, LIMITS["signer_name"]),
    )
    for field, text in zip(("authority", "position", "signer_name"), parts, strict=True):
        _check_printable(f"cosigners.{field}", text)
        if not text and field != "authority":
            raise FieldInvalid(f"cosigners.{field}", "is missing")
    return Signatory(*parts)


def _text(field: str, value: object, limit: int) -> str:
    """Return NFC text without idle blanks; line feeds stay."""
    if not isinstance(value, str):
        raise FieldInvalid(field, "is not text")
    if len(value) > limit:
        raise FieldTooLong(field, limit)
    lines = (re.sub(r"[ \t\r]+", " ", line).strip() for line in value.split("\n"))
    return normalize("NFC", "\n".join(line for line in lines if line))


def _title(field: str, value: object, limit: int) -> str:
    text = _text(field, value, limit)
    if field not in _BREAKABLE:
        return text.replace("\n", " ")
    if text.count("\n") >= _MOST_LINES:
        raise FieldTooLong(field, _MOST_LINES, "lines")
    return text


def _type_code(value: object) -> str:
    if not isinstance(value, str):
        raise FieldInvalid("type_code", "is not text")
    return document_type(value).code


def _within(field: str, value: object, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise FieldInvalid(field, f"is not a whole number from {low} to {high}")
    return value


def _sequence(field: str, value: object, limit: int) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise FieldInvalid(field, "is not a list")
    if len(value) > limit:
        raise FieldTooLong(field, limit, "entries")
    return value


def _paragraphs(value: object) -> tuple[str, ...]:
    given = _sequence("paragraphs", value, PARAGRAPH_LIMIT)
    if sum(len(part) for part in given if isinstance(part, str)) > BODY_LIMIT:
        raise FieldTooLong("paragraphs", BODY_LIMIT)
    parts = [_text("paragraphs", part, BODY_LIMIT) for part in given]
    paragraphs = tuple(line for part in parts for line in part.split("\n") if line)
    if not paragraphs:
        raise FieldInvalid("paragraphs", "are missing")
    if len(paragraphs) > PARAGRAPH_LIMIT:
        raise FieldTooLong("paragraphs", PARAGRAPH_LIMIT, "entries")
    return paragraphs


def _entries(field: str, value: object) -> tuple[str, ...]:
    """Tidy a list whose dashes and closing marks the page itself will write."""
    lines = (_text(field, part, LINE_LIMIT) for part in _sequence(field, value, LIST_LIMIT))
    bare = (line.replace("\n", " ").lstrip("-– ").rstrip(";. ") for line in lines)
    return tuple(line for line in bare if line)


def _check_printable(field: str, text: str) -> None:
    known = font("regular").face.charToGlyph
    wrong = {
        character
        for character in set(text) - {"\n", NO_BREAK}
        if ord(character) not in known or category(character) in _REFUSED
    }
    if wrong:
        raise CharactersNotPrintable(field, sorted(wrong))
