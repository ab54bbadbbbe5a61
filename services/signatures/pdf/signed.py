"""What an act of signing comes to: a file with one more signature, or a refusal with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Role = Literal["leader", "number", "seal", "attachment", "copier", "copy"]
Level = Literal["B-B", "B-T"]


class SigningRefused(Exception):
    """No signature was made; `code` says why."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Signed:
    """A file after one more signature; `pdf` begins with the file as it was before.

    `revocation` is what was known of the certificate before the act ("good", "unknown", empty
    when nobody asked), `answers` are the responses and lists that said so.
    """

    pdf: bytes
    level: Level
    certificate_sha256: str
    signed_at: datetime
    revocation: str = ""
    answers: tuple[bytes, ...] = ()
