"""A certificate's form as a PDF that can be printed, laid out as an official document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.directory.certificates import VIETNAM
from services.documents.layout import OfficialDocument, render
from services.documents.types import document_type
from tools.platform.caller import Caller

# Where a clerk fills in by hand what the platform's own flow would put.
_BLANK = "........................"


def fetch(caller: Caller, owner: str, request: str | None, device: str | None) -> dict[str, Any]:
    """A request's form, or a device's minutes. Raises `CallFailed`."""
    about = f"requests/{request}/form" if request else f"devices/{device}/minutes"
    return caller.get(f"/v1/subscribers/{owner}/{about}")


def lay_out(form: Mapping[str, Any], unit: str) -> bytes:
    """The form as a PDF; `unit` is the drafting unit's part of a letter's sign.

    Raises `LayoutError`, `FontNotInstalled`.
    """
    kind = document_type(form["type_code"])
    sign = (
        (kind.abbreviation, form["short_sign"]) if kind.abbreviation else (form["short_sign"], unit)
    )
    page = OfficialDocument(
        agency=form["name"],
        place=form["place"],
        year=datetime.now(UTC).astimezone(VIETNAM).year,
        type_code=form["type_code"],
        type_name=kind.name if kind.abbreviation else "",
        notation="-".join(sign),
        subject=form["subject"],
        paragraphs=form["paragraphs"],
        addressees=form["addressees"],
        position="THỦ TRƯỞNG CƠ QUAN",
        signer_name=_BLANK,
    )
    return render(page).pdf
