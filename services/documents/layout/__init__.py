"""The page of an official document, laid out by Decree 30/2020/NĐ-CP, Annex I."""

from services.documents.layout.boxes import (
    FIELD_BASELINE,
    FIELD_SIZE,
    Box,
    Boxes,
    SignerPlaces,
)
from services.documents.layout.document import OfficialDocument, Signatory
from services.documents.layout.errors import (
    CharactersNotPrintable,
    FieldInvalid,
    FieldTooLong,
    LayoutError,
    TextTooWide,
)
from services.documents.layout.render import Rendered, render

__all__ = [
    "FIELD_BASELINE",
    "FIELD_SIZE",
    "Box",
    "Boxes",
    "CharactersNotPrintable",
    "FieldInvalid",
    "FieldTooLong",
    "LayoutError",
    "OfficialDocument",
    "Rendered",
    "Signatory",
    "SignerPlaces",
    "TextTooWide",
    "render",
]
