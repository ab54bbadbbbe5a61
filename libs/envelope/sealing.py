"""Signing an envelope and believing one: JWS (RFC 7515), compact, with one way to write it."""

import base64
import binascii
import json
from collections.abc import Collection, Mapping

import rfc8785
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from libs.envelope.content import Envelope, from_bytes, to_bytes
from libs.envelope.errors import (
    AlgorithmRefused,
    CertificateNotValid,
    EnvelopeMalformed,
    EnvelopeTooLarge,
    SignatureWrong,
    SignerUnknown,
)

MAX_BYTES = 1024 * 1024
"""Of a sealed envelope: more than 10,000 recipients."""
_TYPE = "lienthong-envelope"  # so that no other signed text of the key's owner can be taken for one
_RSA_BITS = range(2048, 8193)
_PSS = padding.PSS(padding.MGF1(SHA256()), salt_length=SHA256.digest_size)
_COORDINATE = 32

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Trust = Mapping[str, Collection[x509.Certificate]]
"""By agency code: the certificates of its service keys, as the directory has them."""


def seal(envelope: Envelope, key: PrivateKey, certificate: x509.Certificate) -> str:
    """Return the envelope signed with the agency's service key, as ASCII text.

    RSA keys sign by PS256, P-256 keys by ES256. Raises `EnvelopeMalformed`, `EnvelopeTooLarge`,
    `AlgorithmRefused` (another kind of key), `SignatureWrong` (the certificate is not the key's).
    """
    if key.public_key() != certificate.public_key():
        raise SignatureWrong("the certificate is not the key's")
    signed = f"{_text(_header(certificate))}.{_text(to_bytes(envelope))}"
    sealed = f"{signed}.{_text(_sign(key, signed.encode()))}"
    if len(sealed) > MAX_BYTES:
        raise EnvelopeTooLarge("the envelope has too many recipients or files")
    return sealed


def unseal(sealed: str, *, trust: Trust) -> Envelope:
    """Return the envelope if it is whole and by its sender.

    Whose number is wanted asks `Envelope.number_for`, which refuses an envelope for others. Raises
    an `EnvelopeError`: too large, malformed, of another version, wrongly signed, by somebody
    unknown (only then, and with his certificate), or out of the certificate's time.
    """
    header, content, signature = _parts(sealed)
    certificate = _certificate(header)
    _verify(certificate, sealed.rpartition(".")[0].encode(), signature)
    envelope = from_bytes(content)
    if certificate not in trust.get(envelope.sender, ()):
        raise SignerUnknown(envelope.sender, certificate)
    if not certificate.not_valid_before_utc <= envelope.made_at <= certificate.not_valid_after_utc:
        raise CertificateNotValid("the certificate was not valid when the envelope was made")
    return envelope


def unchecked(sealed: str) -> Envelope:
    """Return what an envelope says, whoever sealed it: for those that one sealed oneself.

    Raises `EnvelopeTooLarge`, `EnvelopeMalformed`, `VersionUnknown`.
    """
    return from_bytes(_parts(sealed)[1])


def _parts(sealed: str) -> tuple[bytes, bytes, bytes]:
    """Header, content and signature of a compact JWS."""
    if len(sealed) > MAX_BYTES:
        raise EnvelopeTooLarge("the envelope is too large")
    parts = sealed.split(".")
    if len(parts) != 3:
        raise EnvelopeMalformed("three parts expected")
    header, content, signature = (_bytes(part) for part in parts)
    return header, content, signature


def _header(certificate: x509.Certificate) -> bytes:
    der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    fields = {"alg": _algorithm(certificate), "typ": _TYPE, "x5c": [der]}
    return bytes(rfc8785.dumps(fields))


def _certificate(header: bytes) -> x509.Certificate:
    """Return the certificate of a header that is exactly the one that we would write."""
    try:
        fields = json.loads(header)
        certificate = x509.load_der_x509_certificate(base64.b64decode(fields["x5c"][0]))
        algorithm = fields["alg"]
    except (ValueError, LookupError, TypeError, RecursionError, x509.InvalidVersion) as error:
        raise EnvelopeMalformed("header") from error
    if algorithm != _algorithm(certificate):
        raise AlgorithmRefused("the algorithm is not the key's")
    if _header(certificate) != header:
        raise EnvelopeMalformed("header is not canonical")
    return certificate


def _algorithm(certificate: x509.Certificate) -> str:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise AlgorithmRefused("the certificate's key cannot be read") from error
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in _RSA_BITS:
        return "PS256"
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return "ES256"
    raise AlgorithmRefused("neither an RSA key of 2048 to 8192 bits nor one on P-256")


def _sign(key: PrivateKey, signed: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(signed, _PSS, SHA256())
    r, s = utils.decode_dss_signature(key.sign(signed, ec.ECDSA(SHA256())))
    return r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big")


def _verify(certificate: x509.Certificate, signed: bytes, signature: bytes) -> None:
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, _PSS, SHA256())
            return
        assert isinstance(key, ec.EllipticCurvePublicKey)
        if len(signature) != 2 * _COORDINATE:
            raise InvalidSignature
        r, s = (int.from_bytes(each, "big") for each in (signature[:32], signature[32:]))
        key.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))
    except InvalidSignature as error:
        raise SignatureWrong("the signature is wrong") from error


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Decode base64url without padding; a second spelling of the same bytes is refused."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise EnvelopeMalformed("base64url") from error
    if _text(data) != text:
        raise EnvelopeMalformed("base64url")
    return data
