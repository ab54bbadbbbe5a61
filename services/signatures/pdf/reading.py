"""Open a stranger's PDF with bounds on what reading may cost."""

from __future__ import annotations

from io import BytesIO

from pyhanko.pdf_utils.decode_limits import (
    DEFAULT_PURPOSE_LIMITS,
    DecodeLimits,
    DecodePurpose,
    DocumentDecodeBudget,
    StreamDecodeLimits,
)
from pyhanko.pdf_utils.reader import PdfFileReader

from . import faster  # noqa: F401 - reads the same in less time

_MIB = 1024 * 1024
# pyHanko bounds object streams but lets a cross-reference stream grow to 256 MiB.
_LIMITS = DecodeLimits(
    per_purpose={
        **DEFAULT_PURPOSE_LIMITS,
        DecodePurpose.XREF_STREAM: StreamDecodeLimits(
            max_ratio=100, ratio_floor=4 * _MIB, max_output_size=16 * _MIB
        ),
    },
    document_budget=DocumentDecodeBudget(base_allowance=128 * _MIB, max_ratio=10),
)


def open_pdf(pdf: bytes) -> PdfFileReader:
    """A strict reader. Malformed files raise any class of error, here or later."""
    return PdfFileReader(BytesIO(pdf), strict=True, decode_limits=_LIMITS)
