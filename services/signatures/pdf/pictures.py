"""Scanned signatures and seals (PNG) as the decree wants them: one ink on nothing, at real size.

Decree 30/2020, Annex I: the leader's signature is blue, the agency's seal red, both transparent.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from uuid import UUID

from PIL import Image, ImageChops, UnidentifiedImageError
from reportlab.lib.utils import ImageReader

from .box import MM

Colour = tuple[float, float, float]

_LARGEST_PICTURE = 2_000_000  # bytes
_MOST_PIXELS = 4_000_000
_FAINTEST = 24  # of 255; paler is the scan's paper, not ink
_REAL_SIZES = (20.0, 60.0)  # millimetres; what is told beyond these was not meant as a size


class StampRefused(ValueError):
    """A picture or text that cannot be drawn."""

    code = "stamp_refused"


@dataclass(frozen=True)
class Ink:
    """The ink of a picture, cut to its edges; `width` in points where the picture tells it."""

    image: ImageReader
    ratio: float
    width: float | None


def ink(picture: bytes, colour: Colour) -> Ink:
    """The ink of a PNG in `colour`, whatever its own colour and background were.

    Raises `StampRefused` for anything but a PNG of modest size with something on it.
    """
    image = _png(picture)
    red, green, blue, alpha = image.split()
    darkness = ImageChops.invert(ImageChops.darker(ImageChops.darker(red, green), blue))
    strength = ImageChops.multiply(darkness, alpha).point(
        lambda value: 0 if value < _FAINTEST else value
    )
    edges = strength.getbbox()
    if edges is None:
        raise StampRefused("the picture is empty")
    cut = strength.crop(edges)
    painted = Image.new("RGBA", cut.size, tuple(round(255 * part) for part in colour))
    painted.putalpha(cut)
    return Ink(ImageReader(painted), cut.width / cut.height, _real_width(image, cut.width))


def _real_width(image: Image.Image, pixels: int) -> float | None:
    per_inch = image.info.get("dpi", (0.0, 0.0))[0]
    if not per_inch:
        return None
    millimetres = pixels / float(per_inch) * 25.4
    return millimetres * MM if _REAL_SIZES[0] <= millimetres <= _REAL_SIZES[1] else None


def _png(picture: bytes) -> Image.Image:
    if len(picture) > _LARGEST_PICTURE:
        raise StampRefused(f"the picture has more than {_LARGEST_PICTURE} bytes")
    try:
        image = Image.open(BytesIO(picture), formats=["PNG"])
        if image.width * image.height > _MOST_PIXELS:
            raise StampRefused(f"the picture has more than {_MOST_PIXELS} pixels")
        size = image.info
        converted = image.convert("RGBA")
        converted.info = size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        if isinstance(error, StampRefused):
            raise
        raise StampRefused("the picture is not a readable PNG") from error
    return converted


@dataclass(frozen=True)
class Pictures:
    """A folder of `<owner id>.png`: handwritten signatures of people, seals of agencies."""

    folder: Path | None

    def of(self, owner_id: str) -> bytes | None:
        """The owner's picture, None without one. Raises `StampRefused` for one too large."""
        if self.folder is None:
            return None
        try:
            name = str(UUID(owner_id))  # also keeps paths out of the file name
            with (self.folder / f"{name}.png").open("rb") as file:
                return file.read(_LARGEST_PICTURE + 1)
        except (ValueError, AttributeError, OSError):
            return None
