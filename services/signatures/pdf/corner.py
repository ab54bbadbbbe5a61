"""The text of the agency's signature on attachments and copies, without a picture.

Decree 30/2020, Annex I: upper right corner of the first page, Times New Roman upright 10 points,
black; the time of signing with its zone as ISO 8601 writes it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from .box import MM

SIZE = 10.0  # points
LEADING = 12.0
WIDEST = 80 * MM
VIETNAM = timezone(timedelta(hours=7))
COPY_FORMS = ("SAO Y", "SAO LỤC", "TRÍCH SAO")


def of_attachment(code: str, at: datetime) -> tuple[str, ...]:
    """On a file that goes along (văn bản kèm theo): number and sign of the main document, time."""
    return (code, signing_time(at))


def of_copy(form: str, agency: str, at: datetime, code: str = "") -> tuple[str, ...]:
    """On a copy: its form (sao y, sao lục, trích sao), number and sign, who copied, time.

    ValueError for no form.
    """
    if form not in COPY_FORMS:
        raise ValueError(f"{form[:40]!r} is no form of copy")
    return (f"{form} số {code}" if code else form, agency, signing_time(at))


def of_copier(name: str, at: datetime) -> tuple[str, ...]:
    """On a copy: the person who answers for it, and when he signed."""
    return (f"Người ký: {name}", signing_time(at))


def signing_time(at: datetime) -> str:
    """Day, second and zone of Vietnam (ISO 8601), such as 2026-11-22T14:05:09+07:00."""
    return at.astimezone(VIETNAM).isoformat(timespec="seconds")


def broken(line: str, width_of: Callable[[str], float]) -> list[str]:
    """A line in pieces that fit into `WIDEST`; a single word that is too wide stays whole."""
    pieces: list[str] = []
    for word in line.split():
        longer = f"{pieces[-1]} {word}" if pieces else word
        if pieces and width_of(longer) <= WIDEST:
            pieces[-1] = longer
        else:
            pieces.append(word)
    return pieces
