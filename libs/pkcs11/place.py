"""Where a token is, and why it cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class TokenError(Exception):
    """A token cannot be used. The text names the token, never a PIN or a key."""

    code = "token_failed"

    def __init__(self, label: str, why: str) -> None:
        super().__init__(f"token {label!r}: {why}")


class TokenFailed(TokenError):
    """The token broke off; it may work in a moment."""


class TokenAbsent(TokenError):
    """The token is not there, or its library cannot be loaded; it may come."""

    code = "token_absent"


class TokenPinMissing(TokenError):
    """The PIN's file cannot be read."""

    code = "token_pin_missing"


class TokenPinRefused(TokenError):
    """The PIN was wrong, or another wrong one was given before: it is not tried again."""

    code = "token_pin_refused"


class TokenLocked(TokenError):
    """The token takes no PIN any more; whoever issued it must unlock it."""

    code = "token_locked"


PASSING = frozenset({TokenFailed.code, TokenAbsent.code})
"""Codes of what may heal without anybody's doing."""


@dataclass(frozen=True)
class TokenPlace:
    """Where a token is: its library, its label, and the file with its PIN.

    `refused_pin` is the version of that file that was refused already.
    """

    module: Path
    label: str
    pin_file: Path
    refused_pin: str = ""
