"""Keys in tokens (PKCS#11, OASIS 2.40): smart cards, HSMs. A token belongs to one process.

A wrong PIN is given once and not again, for tokens lock after a few: the token says itself that
one was given since the last right one (CKF_USER_PIN_COUNT_LOW), and for those that do not, a PIN
file that was refused is not read again until it is another file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pkcs11
from asn1crypto import x509
from pkcs11 import Attribute, Mechanism, ObjectClass, TokenFlag, exceptions
from pkcs11.util.ec import encode_ecdsa_signature

from services.signatures.keys import KeyNotFound, KeySigner, KeyUnreadable, check_strength
from services.signatures.token_place import (
    TokenAbsent,
    TokenError,
    TokenFailed,
    TokenLocked,
    TokenPinMissing,
    TokenPinRefused,
    TokenPlace,
    TokenState,
)

_RSA = {
    "sha256": Mechanism.SHA256_RSA_PKCS,
    "sha384": Mechanism.SHA384_RSA_PKCS,
    "sha512": Mechanism.SHA512_RSA_PKCS,
}
_LOW = TokenFlag.USER_PIN_COUNT_LOW | TokenFlag.USER_PIN_FINAL_TRY
_LONGEST_PIN = 256
_PIN_WRONG = (
    exceptions.PinIncorrect,
    exceptions.PinInvalid,
    exceptions.PinLenRange,
    exceptions.PinExpired,
    exceptions.UserPinNotInitialized,
)


class Pkcs11Token:
    """A `KeyStore` in a token. Of each owner it has a certificate whose label is the owner's id,
    and the private key of the same CKA_ID. `chain` are the intermediates for the signatures.

    Single-threaded. Opened once, at the first need, and again after the token broke off.
    """

    def __init__(self, place: TokenPlace, chain: Iterable[x509.Certificate] = ()) -> None:
        self._place = place
        self._chain = tuple(chain)
        self._refused_pin = place.refused_pin
        self._session: Any = None
        self._signers: dict[str, TokenSigner] = {}
        self._logins = 0

    def __repr__(self) -> str:
        return f"Pkcs11Token({self._place.label!r})"

    def signer(self, owner_id: str) -> TokenSigner:
        """See `KeyStore`. Raises `TokenError` too."""
        session = self._opened()
        known = self._signers.get(owner_id)
        if known is None or known.signing_cert.not_valid_after < datetime.now(UTC):
            try:
                known = self._signers[owner_id] = self._found(session, owner_id)
            except exceptions.PKCS11Error as error:
                raise self._broken_off(error) from None
        return known

    def state(self) -> TokenState:
        """Look at the token, and open it where that is allowed."""
        owners, problem = frozenset[str](), ""
        try:
            owners = self._owners()
            self._opened()
            owners = owners or self._owners()  # some tokens show nothing before the PIN
        except TokenError as error:
            problem = error.code
        return TokenState(owners, problem, self._logins, self._refused_pin)

    def glance(self) -> TokenState:
        """Look at the token without its PIN."""
        owners, problem = frozenset[str](), ""
        try:
            owners = self._owners()
            self._check_flags(self._token().flags)
            self._pin()
        except TokenError as error:
            problem = error.code
        return TokenState(owners, problem)

    def certificates(self) -> dict[str, list[x509.Certificate]]:
        """The certificates that the token shows without its PIN, by owner. Raises `TokenError`."""
        found: dict[str, list[x509.Certificate]] = {}
        try:
            with self._token().open() as session:
                for one in _objects(session, {Attribute.CLASS: ObjectClass.CERTIFICATE}):
                    certificate = x509.Certificate.load(one[Attribute.VALUE])
                    found.setdefault(one[Attribute.LABEL], []).append(certificate)
        except exceptions.PKCS11Error as error:
            raise self._broken_off(error) from None
        return found

    def log_in(self) -> None:
        """Give the PIN once though a wrong one was given before, for somebody who made sure.

        A right one lets every worker try again. Raises `TokenError`; never on the last try.
        """
        token = self._token()
        if token.flags & (TokenFlag.USER_PIN_FINAL_TRY | TokenFlag.USER_PIN_LOCKED):
            raise TokenLocked(self._place.label, "it would lock, or is locked")
        self._session = self._logged_in(token)

    def sign(self, key: Any, data: bytes, mechanism: Mechanism) -> bytes:
        """The token's own signature over `data`. Raises `TokenFailed`."""
        try:
            return bytes(key.sign(data, mechanism=mechanism))
        except exceptions.PKCS11Error as error:
            raise self._broken_off(error) from None

    def _found(self, session: Any, owner_id: str) -> TokenSigner:
        wanted = {Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.LABEL: owner_id}
        with_key, certificates = [], 0
        for found in _objects(session, wanted):
            certificates += 1
            id_ = found[Attribute.ID]
            keys = list(
                _objects(session, {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: id_})
            )
            if len(keys) == 1:
                with_key.append((x509.Certificate.load(found[Attribute.VALUE]), keys[0]))
        if not certificates:
            raise KeyNotFound(owner_id)
        if not with_key:
            raise KeyUnreadable(owner_id, "the token has its certificate, and not one key for it")
        # After a renewal there are two: the one that holds now, else the newest.
        now = datetime.now(UTC)
        certificate, key = max(
            with_key, key=lambda pair: (_holds(pair[0], now), pair[0].not_valid_before)
        )
        check_strength(owner_id, certificate)
        return TokenSigner(self, certificate, key, self._chain)

    def _owners(self) -> frozenset[str]:
        if self._session is not None:
            return self._labels(self._session)
        try:
            with self._token().open() as session:
                return self._labels(session)
        except exceptions.PKCS11Error as error:
            raise self._broken_off(error) from None

    def _labels(self, session: Any) -> frozenset[str]:
        try:
            wanted = {Attribute.CLASS: ObjectClass.CERTIFICATE}
            return frozenset(one[Attribute.LABEL] for one in _objects(session, wanted))
        except exceptions.PKCS11Error as error:
            raise self._broken_off(error) from None

    def _opened(self) -> Any:
        if self._session is None:
            token = self._token()
            self._check_flags(token.flags)
            self._session = self._logged_in(token)
            self._logins += 1
        return self._session

    def _token(self) -> Any:
        label = self._place.label
        try:
            return pkcs11.lib(str(self._place.module)).get_token(token_label=label)
        except (exceptions.PKCS11Error, RuntimeError, OSError) as error:
            raise TokenAbsent(label, f"it is not there ({type(error).__name__})") from None

    def _check_flags(self, flags: TokenFlag) -> None:
        label = self._place.label
        if flags & TokenFlag.USER_PIN_LOCKED:
            raise TokenLocked(label, "it is locked")
        if flags & _LOW:
            raise TokenPinRefused(label, "a wrong PIN was given since the last right one")

    def _logged_in(self, token: Any) -> Any:
        label, version = self._place.label, _version(self._place.pin_file)
        if version and version == self._refused_pin:
            raise TokenPinRefused(label, "it refused this PIN")
        pin = self._pin()
        try:
            return token.open(user_pin=pin)
        except exceptions.UserAlreadyLoggedIn:
            return token.open()  # by a session of ours that broke off
        except exceptions.PinLocked:
            raise TokenLocked(label, "it is locked") from None
        except _PIN_WRONG:
            self._refused_pin = version
            raise TokenPinRefused(label, "it refused the PIN") from None
        except exceptions.PKCS11Error as error:
            raise self._broken_off(error) from None

    def _pin(self) -> str:
        try:
            with self._place.pin_file.open("rb") as file:
                pin = file.read(_LONGEST_PIN).decode().strip()
        except (OSError, ValueError):
            pin = ""
        if not pin:
            raise TokenPinMissing(self._place.label, "the file with its PIN cannot be read")
        return pin

    def _broken_off(self, error: Exception) -> TokenFailed:
        """Forget the session; the next need opens another."""
        session, self._session = self._session, None
        self._signers.clear()
        if session is not None:
            with suppress(exceptions.PKCS11Error):  # it may be gone already
                session.close()
        return TokenFailed(self._place.label, type(error).__name__)


class TokenSigner(KeySigner):
    """Signs with a key that never leaves its token."""

    def __init__(
        self,
        token: Pkcs11Token,
        certificate: x509.Certificate,
        key: Any,
        chain: Iterable[x509.Certificate],
    ) -> None:
        super().__init__(certificate, chain)
        self._token, self._key = token, key

    def sign_value(self, data: bytes, digest_algorithm: str) -> bytes:
        """See `KeySigner`. Raises `TokenFailed`."""
        if self.signing_cert.public_key.algorithm == "rsa":
            return self._token.sign(self._key, data, _RSA[digest_algorithm])
        # Few tokens hash for ECDSA; all sign a digest.
        digest = hashlib.new(digest_algorithm, data).digest()
        return bytes(encode_ecdsa_signature(self._token.sign(self._key, digest, Mechanism.ECDSA)))


def _objects(session: Any, wanted: dict[Attribute, Any]) -> Iterator[Any]:
    # Taken to the end at once: a search that is left half way blocks the session's next one.
    return iter(list(session.get_objects(wanted)))


def _holds(certificate: x509.Certificate, at: datetime) -> bool:
    return bool(certificate.not_valid_before <= at <= certificate.not_valid_after)


def _version(path: Path) -> str:
    """Which file this is, told without its content: it changes when the file is replaced."""
    try:
        facts = path.stat()
    except OSError:
        return ""
    return f"{facts.st_ino}.{facts.st_size}.{facts.st_mtime_ns}"
