"""Published trusted lists as a scheme operator would make them (ETSI TS 119 612)."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureMethod
from signxml.xades.xades import XAdESSigner

TSL = "http://uri.etsi.org/02231/v2#"
CA = "http://uri.etsi.org/TrstSvc/Svctype/CA/PKC"
GRANTED = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted"
WITHDRAWN = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/withdrawn"


@dataclass(frozen=True)
class Operator:
    """A scheme operator with the key that signs its lists."""

    name: str
    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, name: str, life: timedelta = timedelta(days=900)) -> "Operator":
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        start = datetime.now(UTC) - timedelta(days=365)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + life)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(name, key, certificate)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def asn1(self) -> asn1.Certificate:
        return asn1.Certificate.load(self.certificate.public_bytes(Encoding.DER))

    def publish(
        self,
        services: Sequence[tuple[str, str, bytes]],
        sequence: int = 7,
        ends: datetime | None = None,
    ) -> bytes:
        """A signed list; each service is its type, its state and a certificate (DER)."""
        return self.sign(content(self.name, services, sequence, ends))

    def sign(self, xml: bytes) -> bytes:
        signer = XAdESSigner(
            signature_algorithm=SignatureMethod.RSA_SHA256,
            c14n_algorithm=CanonicalizationMethod.CANONICAL_XML_1_1,
        )
        signed: Any = signer.sign(etree.fromstring(xml), key=self.key, cert=self.pem.decode())
        return bytes(etree.tostring(signed, encoding="UTF-8", xml_declaration=True))


def content(
    operator: str,
    services: Sequence[tuple[str, str, bytes]],
    sequence: int = 7,
    ends: datetime | None = None,
) -> bytes:
    """A list before it is signed."""
    ends = ends or datetime.now(UTC) + timedelta(days=90)
    entries = "".join(
        "<TSPService><ServiceInformation>"
        f"<ServiceTypeIdentifier>{kind}</ServiceTypeIdentifier>"
        "<ServiceDigitalIdentity><DigitalId><X509Certificate>"
        f"{base64.b64encode(der).decode()}</X509Certificate></DigitalId></ServiceDigitalIdentity>"
        f"<ServiceStatus>{state}</ServiceStatus>"
        "</ServiceInformation></TSPService>"
        for kind, state, der in services
    )
    return (
        f'<TrustServiceStatusList xmlns="{TSL}" Id="list"><SchemeInformation>'
        f"<TSLVersionIdentifier>5</TSLVersionIdentifier>"
        f"<TSLSequenceNumber>{sequence}</TSLSequenceNumber>"
        f'<SchemeOperatorName><Name xml:lang="en">Operator</Name>'
        f'<Name xml:lang="vi">{operator}</Name></SchemeOperatorName>'
        f"<NextUpdate><dateTime>{ends.isoformat()}</dateTime></NextUpdate></SchemeInformation>"
        "<TrustServiceProviderList><TrustServiceProvider><TSPServices>"
        f"{entries}</TSPServices></TrustServiceProvider></TrustServiceProviderList>"
        "</TrustServiceStatusList>"
    ).encode()
