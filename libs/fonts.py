"""Where the letters of official documents come from.

Decree 30/2020 asks for Times New Roman. Liberation Serif has the same widths and
free terms, and covers Vietnamese, so a page breaks its lines in the same places.
"""

from pathlib import Path
from typing import Literal

Style = Literal["regular", "bold", "italic", "bold-italic"]

# The first is Debian's fonts-liberation2, the second where newer releases put the same files.
FOLDERS = (
    Path("/usr/share/fonts/truetype/liberation2"),
    Path("/usr/share/fonts/truetype/liberation"),
)
_NAMES: dict[Style, str] = {
    "regular": "Regular",
    "bold": "Bold",
    "italic": "Italic",
    "bold-italic": "BoldItalic",
}


class FontNotInstalled(Exception):
    """The machine lacks the letters; a document set in others would break differently."""

    code = "font_not_installed"

    def __init__(self, file: str) -> None:
        super().__init__(
            f"{file} is not installed: apt-get install fonts-liberation2 "
            "(fonts-liberation on Debian 13, Ubuntu 24.04 and later)"
        )
        self.file = file


def serif(style: Style) -> Path:
    """Return the TrueType file of Liberation Serif in `style`.

    Raises `FontNotInstalled`, which names the package to install.
    """
    file = f"LiberationSerif-{_NAMES[style]}.ttf"
    for folder in FOLDERS:
        if (folder / file).is_file():
            return folder / file
    raise FontNotInstalled(file)
