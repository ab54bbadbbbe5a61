"""An OCSP responder (RFC 6960) that answers as each attack wants it to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tools.corpus.certificates import Holder

PATH = "/corpus/ocsp/"


def answer(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    responder: Holder,
    *,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    age: timedelta = timedelta(minutes=1),
    good_for: timedelta = timedelta(hours=1),
) -> bytes:
    """What `responder` says of a certificate: thisUpdate `age` ago, nextUpdate in `good_for`."""
    now = datetime.now(UTC).replace(tzinfo=None)
    revoked = status == ocsp.OCSPCertStatus.REVOKED
    built = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=certificate,
            issuer=issuer,
            algorithm=hashes.SHA1(),  # noqa: S303 - the hash of a name; RFC 6960 has no other default
            cert_status=status,
            this_update=now - age,
            next_update=now + good_for,
            revocation_time=now - timedelta(days=5) if revoked else None,
            revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
        .certificates([responder.certificate])
        .sign(responder.key, hashes.SHA256())
    )
    return built.public_bytes(Encoding.DER)


@dataclass
class Responder:
    """WSGI application: answers of its own under `PATH`, all else to `otherwise`."""

    otherwise: Callable[..., Iterable[bytes]]
    answers: dict[str, Callable[[], bytes]] = field(default_factory=dict)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if not path.startswith(PATH):
            return self.otherwise(environ, start_response)
        given = self.answers[path.removeprefix(PATH)]()
        start_response("200 OK", [("Content-Type", "application/ocsp-response")])
        return [given]
