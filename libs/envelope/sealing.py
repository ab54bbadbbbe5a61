"""Signing an envelope and believing one: JWS (RFC 7515), compact, with one way to write it."""

from collections.abc import Collection, Mapping

from cryptography import x509

from libs.envelope import jws
from libs.envelope.content import Envelope, from_bytes, to_bytes
from libs.envelope.errors import CertificateNotValid, EnvelopeTooLarge, SignerUnknown
from libs.envelope.jws import PrivateKey

MAX_BYTES = 1024 * 1024
"""Of a sealed envelope: more than 10,000 recipients."""
_TYPE = "lienthong-envelope"  # so that no other signed text of the key's owner can be taken for one

Trust = Mapping[str, Collection[x509.Certificate]]
"""By agency code: the certificates of its service keys, as the directory has them."""


def seal(envelope: Envelope, key: PrivateKey, certificate: x509.Certificate) -> str:
    """Return the envelope signed with the agency's service key, as ASCII text.

    RSA keys sign by PS256, P-256 keys by ES256. Raises `EnvelopeMalformed`, `EnvelopeTooLarge`,
    `AlgorithmRefused` (another kind of key), `SignatureWrong` (the certificate is not the key's).
    """
    sealed = jws.sign(to_bytes(envelope), _TYPE, key, certificate)
    if len(sealed) > MAX_BYTES:
        raise EnvelopeTooLarge("the envelope has too many recipients or files")
    return sealed


def unseal(sealed: str, *, trust: Trust) -> Envelope:
    """Return the envelope if it is whole and by its sender.

    Whose number is wanted asks `Envelope.number_for`, which refuses an envelope for others. Raises
    an `EnvelopeError`: too large, malformed, of another version, wrongly signed, by somebody
    unknown (only then, and with his certificate), or out of the certificate's time.
    """
    if len(sealed) > MAX_BYTES:
        raise EnvelopeTooLarge("the envelope is too large")
    content, certificate = jws.verify(sealed, _TYPE)
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
    if len(sealed) > MAX_BYTES:
        raise EnvelopeTooLarge("the envelope is too large")
    return from_bytes(jws.payload_of(sealed))
