"""Where signing keys are kept: in files here, in tokens and HSMs in `tokens`.

A key that never comes here, on a leader's own device, is signed with by `prepare` and `complete`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from pyhanko.sign.signers import Signer
from pyhanko_certvalidator.registry import SimpleCertificateStore

_HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
_SMALLEST_RSA, _SMALLEST_EC = 2048, 256  # bits; domain rule for official signatures
_LARGEST_VALUE = 512  # bytes: RSA-4096


class KeyStoreError(Exception):
    """A key cannot be had. The text names the owner, never the key or its passphrase."""

    code = "key_store_error"


class KeyNotFound(KeyStoreError):
    """Nobody of this id has a key here."""

    code = "key_not_found"

    def __init__(self, owner_id: str) -> None:
        super().__init__(f"no key for {owner_id}")
        self.owner_id = owner_id


class KeyUnreadable(KeyStoreError):
    """The key's file or passphrase is damaged, or the key is too weak to sign with."""

    code = "key_unreadable"

    def __init__(self, owner_id: str, why: str) -> None:
        super().__init__(f"the key of {owner_id} cannot be used: {why}")
        self.owner_id = owner_id


class KeyStore(Protocol):
    """Gives out signers: software keys, a token and an HSM differ only behind it."""

    def signer(self, owner_id: str) -> Any:
        """A pyHanko `Signer` with the certificate of a person or an agency.

        Raises `KeyNotFound`, `KeyUnreadable`, and of a token `TokenError`.
        """
        ...


def check_strength(owner_id: str, certificate: asn1_x509.Certificate) -> None:
    """Raises `KeyUnreadable` for a key that is neither RSA nor EC, or has too few bits."""
    key = certificate.public_key
    smallest = {"rsa": _SMALLEST_RSA, "ec": _SMALLEST_EC}.get(key.algorithm)
    if smallest is None:
        raise KeyUnreadable(owner_id, "it is neither RSA nor EC")
    if key.bit_size < smallest:
        raise KeyUnreadable(owner_id, f"{key.bit_size} bits are fewer than {smallest}")


class KeySigner(Signer):  # type: ignore[misc]
    """A pyHanko signer of one certificate; what holds the key makes the raw signatures."""

    def __init__(
        self, certificate: asn1_x509.Certificate, chain: Iterable[asn1_x509.Certificate]
    ) -> None:
        registry = SimpleCertificateStore()
        registry.register_multiple(chain)
        super().__init__(signing_cert=certificate, cert_registry=registry, embed_roots=False)

    def __repr__(self) -> str:
        return f"<signer {self.signing_cert.sha256.hex()[:16]}>"

    async def async_sign_raw(
        self, data: bytes, digest_algorithm: str, dry_run: bool = False
    ) -> bytes:
        return bytes(_LARGEST_VALUE) if dry_run else self.sign_value(data, digest_algorithm)

    @abstractmethod
    def sign_value(self, data: bytes, digest_algorithm: str) -> bytes:
        """The signature's value over `data`: PKCS #1 v1.5, or DER for ECDSA."""
        ...


class DeviceSigner(KeySigner):
    """The signer of a device elsewhere, of which only one signature's value came here."""

    def __init__(
        self,
        certificate: asn1_x509.Certificate,
        chain: Iterable[asn1_x509.Certificate],
        value: bytes = b"",
    ) -> None:
        super().__init__(certificate, chain)
        self._value = value

    def sign_value(self, data: bytes, digest_algorithm: str) -> bytes:  # noqa: ARG002
        """See `KeySigner`."""
        return self._value


class ParsedKeySigner(KeySigner):
    """Signs with a private key that was parsed once.

    pyHanko's own signer parses the key at each signature, which is two thirds of its time.
    """

    def __init__(
        self,
        certificate: asn1_x509.Certificate,
        key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
        chain: Iterable[asn1_x509.Certificate],
    ) -> None:
        super().__init__(certificate, chain)
        self._key = key

    def sign_value(self, data: bytes, digest_algorithm: str) -> bytes:
        """See `KeySigner`."""
        algorithm = _HASHES[digest_algorithm]
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), algorithm)
        return self._key.sign(data, ec.ECDSA(algorithm))


class Pkcs12Folder:
    """Keys as `<owner id>.p12` with the passphrase in `<owner id>.pin`, each parsed once.

    `chain` are the intermediate certificates that go into the signatures.
    """

    def __init__(self, folder: Path, chain: Iterable[asn1_x509.Certificate] = ()) -> None:
        self._folder = folder
        self._chain = tuple(chain)
        self._signers: dict[str, ParsedKeySigner] = {}

    def __repr__(self) -> str:
        return f"Pkcs12Folder({str(self._folder)!r})"

    def signer(self, owner_id: str) -> ParsedKeySigner:
        """See `KeyStore`."""
        if owner_id not in self._signers:
            self._signers[owner_id] = self._read(owner_id)
        return self._signers[owner_id]

    def _read(self, owner_id: str) -> ParsedKeySigner:
        try:
            name = str(UUID(owner_id))  # also keeps paths out of the file name
            bundle = (self._folder / f"{name}.p12").read_bytes()
            pin = (self._folder / f"{name}.pin").read_bytes().strip()
        except (ValueError, AttributeError, OSError) as error:
            raise KeyNotFound(str(owner_id)[:64]) from error
        try:
            key, certificate, others = pkcs12.load_key_and_certificates(bundle, pin)
        except Exception:
            # `from None`: the cause may quote what it failed to read.
            raise KeyUnreadable(owner_id, "the file does not open with its passphrase") from None
        if certificate is None or not isinstance(
            key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
        ):
            raise KeyUnreadable(owner_id, "no RSA or EC key with a certificate in the file")
        mine = _asn1(certificate.public_bytes(Encoding.DER))
        check_strength(owner_id, mine)
        chain = [_asn1(other.public_bytes(Encoding.DER)) for other in others]
        return ParsedKeySigner(mine, key, [*chain, *self._chain])


def _asn1(der: bytes) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(der)
