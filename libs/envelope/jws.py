"""Signed text: a compact JWS (RFC 7515) with the certificate in it, written in one way."""

import base64
import json

import rfc8785
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from libs.envelope.errors import AlgorithmRefused, EnvelopeMalformed, SignatureWrong

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_RSA_BITS = range(2048, 8193)
_PSS = padding.PSS(padding.MGF1(SHA256()), salt_length=SHA256.digest_size)
_COORDINATE = 32


def sign(payload: bytes, kind: str, key: PrivateKey, certificate: x509.Certificate) -> str:
    """Return `payload` signed as the one `kind` of text that it is, ASCII.

    RSA keys sign by PS256, P-256 keys by ES256. Raises `AlgorithmRefused` for another key, and
    `SignatureWrong` when the certificate is not the key's.
    """
    if key.public_key() != certificate.public_key():
        raise SignatureWrong("the certificate is not the key's")
    signed = f"{_text(_header(kind, certificate))}.{_text(payload)}"
    return f"{signed}.{_text(_sign(key, signed.encode()))}"


def verify(signed: str, kind: str) -> tuple[bytes, x509.Certificate]:
    """Return the payload and the certificate of its signer, whom the caller must know.

    Raises `EnvelopeMalformed` (also for a text of another kind), `AlgorithmRefused`,
    `SignatureWrong`.
    """
    header, payload, signature = _parts(signed)
    certificate = _certificate(header, kind)
    _verify(certificate, signed.rpartition(".")[0].encode(), signature)
    return payload, certificate


def payload_of(signed: str) -> bytes:
    """Return what a signed text says, whoever signed it. Raises `EnvelopeMalformed`."""
    return _parts(signed)[1]


def _parts(signed: str) -> tuple[bytes, bytes, bytes]:
    parts = signed.split(".")
    if len(parts) != 3:
        raise EnvelopeMalformed("three parts expected")
    header, payload, signature = (_bytes(part) for part in parts)
    return header, payload, signature


def _header(kind: str, certificate: x509.Certificate) -> bytes:
    """Return the one header for texts of this kind by this certificate."""
    der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    fields = {"alg": _algorithm(certificate), "typ": kind, "x5c": [der]}
    return bytes(rfc8785.dumps(fields))


def _certificate(header: bytes, kind: str) -> x509.Certificate:
    """Return the certificate of a header that is exactly the one that we would write."""
    try:
        fields = json.loads(header)
        certificate = x509.load_der_x509_certificate(base64.b64decode(fields["x5c"][0]))
        algorithm = fields["alg"]
    except (ValueError, LookupError, TypeError, RecursionError, x509.InvalidVersion) as error:
        raise EnvelopeMalformed("header") from error
    if algorithm != _algorithm(certificate):
        raise AlgorithmRefused("the algorithm is not the key's")
    if _header(kind, certificate) != header:
        raise EnvelopeMalformed("header is not canonical")
    return certificate


def _algorithm(certificate: x509.Certificate) -> str:
    """Return what a certificate's key signs by. Raises `AlgorithmRefused`."""
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
    """Check a signature of `sign` over bytes. Raises `SignatureWrong`."""
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
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Decode base64url without padding; a second spelling of the same bytes is refused."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise EnvelopeMalformed("base64url") from error
    if _text(data) != text:
        raise EnvelopeMalformed("base64url")
    return data
