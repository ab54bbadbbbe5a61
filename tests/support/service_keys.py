"""Service keys of agencies, for tests: made once for each agency, kept as the worker reads them."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from libs.envelope import ServiceKey

PASSPHRASE = b"a passphrase of tests"


def service_key(agency_id: UUID, kind: str = "p256", days: int = 700) -> ServiceKey:
    """An agency's key of a kind (p256, rsa, p384), with a certificate that ends after `days`."""
    return _made(agency_id, kind, days)


@cache
def _made(agency_id: UUID, kind: str, days: int) -> ServiceKey:
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if kind == "rsa":
        key = rsa.generate_private_key(65537, 2048)
    else:
        key = ec.generate_private_key(ec.SECP384R1() if kind == "p384" else ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{agency_id}: khóa dịch vụ")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    end = datetime.now(UTC) + timedelta(days=days)
    builder = builder.not_valid_before(end - timedelta(days=800)).not_valid_after(end)
    return ServiceKey(key, builder.sign(key, SHA256()))


def pem_of(key: ServiceKey) -> bytes:
    """The certificate as it is registered."""
    return key.certificate.public_bytes(Encoding.PEM)


def keep(folder: Path, agency_id: UUID, key: ServiceKey) -> None:
    """Put a key where the worker finds it."""
    folder.mkdir(exist_ok=True)
    bundle = pkcs12.serialize_key_and_certificates(
        b"service", key.private, key.certificate, None, BestAvailableEncryption(PASSPHRASE)
    )
    (folder / f"{agency_id}.pin").write_bytes(PASSPHRASE + b"\n")
    (folder / f"{agency_id}.p12").write_bytes(bundle)
