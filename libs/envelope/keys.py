"""The agencies' service keys (khóa dịch vụ): one PKCS#12 file for each agency."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from libs.envelope.errors import EnvelopeMalformed
from libs.envelope.jws import PrivateKey

_Stamp = tuple[int, int]


class KeyUnusable(Exception):
    """An agency's key is there and cannot be used; the text names neither key nor passphrase."""


@dataclass(frozen=True)
class ServiceKey:
    """A key that signs envelopes for one agency, and its certificate."""

    private: PrivateKey = field(repr=False)
    certificate: x509.Certificate

    def holds_at(self, at: datetime) -> bool:
        """Whether receivers take what it seals at that instant."""
        start, end = self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc
        return start <= at <= end


class KeyFolder:
    """Keys as `<agency id>.p12` with the passphrase in `<agency id>.pin`.

    A key is read once, and again when its file was exchanged.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[UUID, tuple[_Stamp, ServiceKey]] = {}

    def key_of(self, agency_id: UUID) -> ServiceKey | None:
        """Return the agency's key; None when it has none here. Raises `KeyUnusable`."""
        file = self._folder / f"{agency_id}.p12"
        try:
            status = file.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise KeyUnusable("the file cannot be read") from error
        stamp = (status.st_mtime_ns, status.st_ino)
        known = self._read.get(agency_id)
        if known is None or known[0] != stamp:
            known = (stamp, _read(file))
            self._read[agency_id] = known
        return known[1]


def certificate_of(pem: bytes) -> x509.Certificate:
    """Return the certificate in a PEM file. Raises `EnvelopeMalformed`."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise EnvelopeMalformed("no certificate in PEM form") from error


def _read(file: Path) -> ServiceKey:
    try:
        passphrase = file.with_suffix(".pin").read_bytes().strip()
        key, certificate, _ = pkcs12.load_key_and_certificates(file.read_bytes(), passphrase)
    except Exception:
        # `from None`: the cause may quote what it failed to read.
        raise KeyUnusable("the file does not open with its passphrase") from None
    if certificate is None or not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise KeyUnusable("no RSA or EC key with a certificate in the file")
    return ServiceKey(key, certificate)
