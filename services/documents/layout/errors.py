"""Why a page is not made."""


class LayoutError(Exception):
    """The document cannot be laid out as it stands."""

    code = "layout_refused"


class FieldInvalid(LayoutError):
    """A field is missing, of another type, or outside what it may be."""

    code = "document_field_invalid"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field


class FieldTooLong(LayoutError):
    """A field has more characters or entries than the page allows."""

    code = "document_field_too_long"

    def __init__(self, field: str, limit: int, of: str = "characters") -> None:
        super().__init__(f"{field} has more than {limit} {of}")
        self.field = field
        self.limit = limit


class CharactersNotPrintable(LayoutError):
    """The font lacks a character, or the character has no place in an official document."""

    code = "characters_not_printable"

    def __init__(self, field: str, characters: list[str]) -> None:
        named = ", ".join(f"U+{ord(character):04X}" for character in characters[:20])
        super().__init__(f"{field} holds characters that cannot be printed: {named}")
        self.field = field
        self.characters = characters


class TextTooWide(LayoutError):
    """A word is wider than its line, and words are never cut."""

    code = "text_too_wide"

    def __init__(self, text: str) -> None:
        super().__init__(f"wider than the line: {text[:40]!r}")
        self.text = text
