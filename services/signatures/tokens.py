"""Keys in tokens (PKCS#11, OASIS 2.40): smart cards, HSMs. A token belongs to one process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from asn1crypto import x509
from pkcs11 import Attribute, Mechanism, ObjectClass, exceptions
from pkcs11.util.ec import encode_ecdsa_signature

from libs.pkcs11.place import TokenError, TokenFailed, TokenPlace
from libs.pkcs11.session import TokenSession, objects
from services.signatures.keys import KeyNotFound, KeySigner, KeyUnreadable, check_strength
from services.signatures.token_state import TokenState

_RSA = {
    "sha256": Mechanism.SHA256_RSA_PKCS,
    "sha384": Mechanism.SHA384_RSA_PKCS,
    "sha512": Mechanism.SHA512_RSA_PKCS,
}


class Pkcs11Token:
    """A `KeyStore` in a token. Of each owner it has a certificate whose label is the owner's id,
    and the private key of the same CKA_ID. `chain` are the intermediates for the signatures.

    Single-threaded. Opened once, at the first need, and again after the token broke off.
    """

    def __init__(self, place: TokenPlace, chain: Iterable[x509.Certificate] = ()) -> None:
        self._label = place.label
        self._token = TokenSession(place)
        self._chain = tuple(chain)
        self._signers: dict[str, TokenSigner] = {}

    def __repr__(self) -> str:
        return f"Pkcs11Token({self._label!r})"

    def signer(self, owner_id: str) -> TokenSigner:
        """See `KeyStore`. Raises `TokenError` too."""
        session = self._token.opened()
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
            self._token.opened()
            owners = owners or self._owners()  # some tokens show nothing before the PIN
        except TokenError as error:
            problem = error.code
        return TokenState(owners, problem, self._token.logins, self._token.refused_pin)

    def glance(self) -> TokenState:
        """Look at the token without its PIN."""
        owners, problem = frozenset[str](), ""
        try:
            owners = self._owners()
            self._token.check()
        except TokenError as error:
            problem = error.code
        return TokenState(owners, problem)

    def certificates(self) -> dict[str, list[x509.Certificate]]:
        """The certificates that the token shows without its PIN, by owner. Raises `TokenError`."""
        found: dict[str, list[x509.Certificate]] = {}
        try:
            with self._token.token().open() as session:
                for one in objects(session, {Attribute.CLASS: ObjectClass.CERTIFICATE}):
                    certificate = x509.Certificate.load(one[Attribute.VALUE])
                    found.setdefault(one[Attribute.LABEL], []).append(certificate)
        except exceptions.PKCS11Error as error:
            raise self._broken_off(error) from None
        return found

    def log_in(self) -> None:
        """See `TokenSession.log_in`."""
        self._token.log_in()

    def sign(self, key: Any, data: bytes, mechanism: Mechanism) -> bytes:
        """The token's own signature over `data`. Raises `TokenFailed`."""
        try:
            return bytes(key.sign(data, mechanism=mechanism))
        except exceptions.PKCS11Error as error:
            raise self._broken_off(error) from None

    def _found(self, session: Any, owner_id: str) -> TokenSigner:
        wanted = {Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.LABEL: owner_id}
        with_key, certificates = [], 0
        for found in objects(session, wanted):
            certificates += 1
            id_ = found[Attribute.ID]
            keys = objects(session, {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: id_})
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
        if self._token.current is not None:
            return self._labels(self._token.current)
        try:
            with self._token.token().open() as session:
                return self._labels(session)
        except exceptions.PKCS11Error as error:
            raise self._broken_off(error) from None

    def _labels(self, session: Any) -> frozenset[str]:
        try:
            wanted = {Attribute.CLASS: ObjectClass.CERTIFICATE}
            return frozenset(one[Attribute.LABEL] for one in objects(session, wanted))
        except exceptions.PKCS11Error as error:
            raise self._broken_off(error) from None

    def _broken_off(self, error: Exception) -> TokenFailed:
        self._signers.clear()
        return self._token.broken_off(error)


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


def _holds(certificate: x509.Certificate, at: datetime) -> bool:
    return bool(certificate.not_valid_before <= at <= certificate.not_valid_after)
