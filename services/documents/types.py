"""The 29 types of administrative document (loại văn bản hành chính).

Decree 30/2020/NĐ-CP, article 7, with the abbreviations of its Annex III. They keep
their diacritics: without them ĐA (đề án) and DA (dự án) would be one, as would
HĐ (hợp đồng) and HD (hướng dẫn).
"""

import re
from dataclasses import dataclass
from unicodedata import normalize

from libs.decree30 import COPY_NAMES, LETTER, PERSONAL_LETTER, TYPE_NAMES

_LONGEST = 30  # Code/CodeNotation of QCVN 102:2016
_GROUPS = re.compile(r"[^\W_]+(?:[.&-][^\W_]+)*")


@dataclass(frozen=True)
class DocumentType:
    """One type: its code on the wire, its name, its abbreviation in the sign.

    The code is the abbreviation where the decree gives one; CV (công văn) and
    ThC (thư công) have none, so `abbreviation` is empty and the code is ours.
    """

    code: str
    name: str
    abbreviation: str


TYPES: dict[str, DocumentType] = {
    code: DocumentType(code, name, "" if code in (LETTER, PERSONAL_LETTER) else code)
    for code, name in TYPE_NAMES
}
COPIES = {code: DocumentType(code, name, code) for code, name in COPY_NAMES}


class UnknownDocumentType(Exception):
    """The code is none of the 29, nor that of a copy."""

    code = "document_type_unknown"

    def __init__(self, type_code: str) -> None:
        super().__init__(f"no document type has the code {type_code[:20]!r}")
        self.type_code = type_code


class NotationInvalid(Exception):
    """An abbreviation cannot stand in a sign (ký hiệu)."""

    code = "notation_invalid"

    def __init__(self, part: str, problem: str) -> None:
        super().__init__(f"{part} {problem}")
        self.part = part


def document_type(code: str) -> DocumentType:
    """Return the type or the copy with this code, or raise `UnknownDocumentType`."""
    try:
        return (TYPES | COPIES)[normalize("NFC", code)]
    except KeyError:
        raise UnknownDocumentType(code) from None


def notation(type_code: str, agency: str, unit: str = "") -> str:
    """Make the sign that follows the number (ký hiệu): "QĐ-UBND", or "UBND-VX" for a công văn.

    `agency` and `unit` are abbreviations of the issuing agency and of the drafting
    unit or field. A type with an abbreviation carries type and agency; one without
    carries agency and unit, and then `unit` is needed. Article 15 and Annex I of
    Decree 30/2020. Raises `UnknownDocumentType`, `NotationInvalid`.
    """
    abbreviation = document_type(type_code).abbreviation
    if abbreviation:
        groups = [abbreviation, _group("agency", agency)]
    else:
        groups = [_group("agency", agency), _group("unit", unit)]
    sign = "-".join(groups)
    if len(sign) > _LONGEST:
        raise NotationInvalid("the sign", f"is longer than {_LONGEST} characters")
    return sign


def _group(part: str, text: str) -> str:
    text = normalize("NFC", text)
    if not _GROUPS.fullmatch(text):
        raise NotationInvalid(f"the abbreviation of the {part}", "is not letters and digits")
    return text
