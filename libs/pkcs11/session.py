"""A token, opened with the PIN of a file: once, and never with a wrong PIN twice.

Tokens lock after a few wrong ones. A token says itself that one was given since the last right one
(CKF_USER_PIN_COUNT_LOW); for those that do not, a PIN file that was refused is not read again until
it is another file.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pkcs11
from pkcs11 import Attribute, TokenFlag, exceptions

from libs.pkcs11.place import (
    TokenAbsent,
    TokenFailed,
    TokenLocked,
    TokenPinMissing,
    TokenPinRefused,
    TokenPlace,
)
from libs.private_files import others_may_read

_LOW = TokenFlag.USER_PIN_COUNT_LOW | TokenFlag.USER_PIN_FINAL_TRY
_LAST = TokenFlag.USER_PIN_FINAL_TRY | TokenFlag.USER_PIN_LOCKED
_LONGEST_PIN = 256
_PIN_WRONG = (
    exceptions.PinIncorrect,
    exceptions.PinInvalid,
    exceptions.PinLenRange,
    exceptions.PinExpired,
    exceptions.UserPinNotInitialized,
)


class TokenSession:
    """The session of one token. Single-threaded; the only one of its library in this process.

    `current` is the session while there is one, `logins` how often the PIN was given and right,
    `refused_pin` the version of the PIN's file that was refused.
    """

    def __init__(self, place: TokenPlace) -> None:
        self._place = place
        self.current: Any = None
        self.logins = 0
        self.refused_pin = place.refused_pin

    def __repr__(self) -> str:
        return f"TokenSession({self._place.label!r})"

    def opened(self) -> Any:
        """The session, with the PIN given if it has to be. Raises `TokenError`."""
        if self.current is None:
            token = self.token()
            self._check_flags(token.flags)
            self.current = self._logged_in(token)
            self.logins += 1
        return self.current

    def token(self) -> Any:
        """The token, not opened. Raises `TokenAbsent`."""
        try:
            library = pkcs11.lib(str(self._place.module))
            try:
                return library.get_token(token_label=self._place.label)
            except exceptions.PKCS11Error:
                if self.current is not None:
                    raise
                library.reinitialize()  # many see no token that came after they were loaded
                return library.get_token(token_label=self._place.label)
        except (exceptions.PKCS11Error, RuntimeError, OSError) as error:
            why = f"it is not there ({type(error).__name__})"
            raise TokenAbsent(self._place.label, why) from None

    def check(self) -> None:
        """Look whether the PIN is there and may be given, and do not. Raises `TokenError`."""
        self._check_flags(self.token().flags)
        self._pin()

    def log_in(self) -> None:
        """Give the PIN once though a wrong one was given before, for somebody who made sure.

        A right one lets everybody try again. Raises `TokenError`; never on the last try.
        """
        token = self.token()
        if token.flags & _LAST:
            raise TokenLocked(self._place.label, "it would lock, or is locked")
        self.current = self._logged_in(token)

    def broken_off(self, error: Exception) -> TokenFailed:
        """Forget the session; the next need opens another."""
        session, self.current = self.current, None
        if session is not None:
            with suppress(exceptions.PKCS11Error):  # it may be gone already
                session.close()
        return TokenFailed(self._place.label, type(error).__name__)

    def _check_flags(self, flags: TokenFlag) -> None:
        label = self._place.label
        if flags & TokenFlag.USER_PIN_LOCKED:
            raise TokenLocked(label, "it is locked")
        if flags & _LOW:
            raise TokenPinRefused(label, "a wrong PIN was given since the last right one")

    def _logged_in(self, token: Any) -> Any:
        label, version = self._place.label, _version(self._place.pin_file)
        if version and version == self.refused_pin:
            raise TokenPinRefused(label, "it refused this PIN")
        pin = self._pin()
        try:
            return token.open(user_pin=pin)
        except exceptions.UserAlreadyLoggedIn:
            return token.open()  # by a session of ours that broke off
        except exceptions.PinLocked:
            raise TokenLocked(label, "it is locked") from None
        except _PIN_WRONG:
            self.refused_pin = version
            raise TokenPinRefused(label, "it refused the PIN") from None
        except exceptions.PKCS11Error as error:
            raise self.broken_off(error) from None

    def _pin(self) -> str:
        path, label = self._place.pin_file, self._place.label
        try:
            if others_may_read(path):
                raise TokenPinMissing(label, "others can read the file with its PIN: mode 0600")
            with path.open("rb") as file:
                pin = file.read(_LONGEST_PIN).decode().strip()
        except (OSError, ValueError):
            pin = ""
        if not pin:
            raise TokenPinMissing(label, "the file with its PIN cannot be read")
        return pin


def objects(session: Any, wanted: dict[Attribute, Any]) -> list[Any]:
    """The objects of a token that have these attributes."""
    # Taken to the end at once: a search that is left half way blocks the session's next one.
    return list(session.get_objects(wanted))


def _version(path: Path) -> str:
    """Which file this is, told without its content: it changes when the file is replaced."""
    try:
        facts = path.stat()
    except OSError:
        return ""
    return f"{facts.st_ino}.{facts.st_size}.{facts.st_mtime_ns}"
