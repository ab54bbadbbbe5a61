"""The authorities on whom everything rests: roots and intermediates, OCSP responders, TSAs.

Trusted ones stand in the trust folder; who answers for OCSP and time stamps is seen by asking.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asn1crypto import algos, pem, tsp, x509
from pyhanko_certvalidator.authority import AuthorityWithCert
from pyhanko_certvalidator.errors import OCSPFetchError

from services.signatures.pdf.fetch import FetchFailed
from services.signatures.pdf.profile import CLOCK_DRIFT
from services.signatures.pdf.revocation import FileFetchers
from tools.certificates.chain import Kind, build, kind_of
from tools.certificates.findings import Finding, finding
from tools.certificates.revocation import Asker


@dataclass(frozen=True)
class Authority:
    """An authority's certificate as it was found."""

    kind: Kind
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        """PEM, as the directory takes it."""
        return str(pem.armor("CERTIFICATE", self.certificate.dump()).decode())


@dataclass(frozen=True)
class Seen:
    """Who was seen, what was wrong on the way."""

    authorities: tuple[Authority, ...]
    findings: tuple[Finding, ...]


def look(asker: Asker, tsa_urls: Iterable[str], samples: Iterable[x509.Certificate] = ()) -> Seen:
    """Everyone in the trust store, and who answers for it; `samples` widen the OCSP question."""
    trusted = [*asker.trust.roots, *asker.trust.intermediates]
    found = {one.sha256: Authority("ca", one) for one in trusted}
    wrong: list[Finding] = []
    for certificate in asyncio.run(_responders(asker, [*trusted, *samples])):
        found.setdefault(certificate.sha256, Authority("ocsp", certificate))
    for url in tsa_urls:
        try:
            token = asyncio.run(_token(asker, url))
        except (FetchFailed, ValueError, TypeError, KeyError) as error:
            wrong.append(finding("timestamp_unreachable", 0, url, str(error)[:200]))
            continue
        wrong += _clock(token, url)
        for certificate in _certificates(token["content"]["certificates"]):
            if kind_of(certificate) == "tsa":
                found.setdefault(certificate.sha256, Authority("tsa", certificate))
    return Seen(tuple(found.values()), tuple(wrong))


async def _responders(
    asker: Asker, certificates: Iterable[x509.Certificate]
) -> list[x509.Certificate]:
    found: list[x509.Certificate] = []
    asked: set[tuple[str, ...]] = set()
    for certificate in certificates:
        urls = tuple(certificate.ocsp_urls)
        issuer = build(certificate, asker.trust).issuer(0)
        if not urls or urls in asked or issuer is None:
            continue
        asked.add(urls)
        backend = FileFetchers(asker.source).get_fetchers()
        try:
            response = await backend.ocsp_fetcher.fetch(certificate, AuthorityWithCert(issuer))
        except OCSPFetchError:
            continue
        basic = response["response_bytes"]["response"].parsed
        found += [one for one in basic["certs"] or () if kind_of(one) == "ocsp"]
    return found


async def _token(asker: Asker, url: str) -> Any:
    """A time-stamp token over nothing in particular (RFC 3161)."""
    imprint = tsp.MessageImprint(
        {
            "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "hashed_message": hashlib.sha256(b"").digest(),
        }
    )
    request = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": imprint,
            "nonce": secrets.randbits(63),
            "cert_req": True,
        }
    )
    answer = await asker.source.fetch(url, request.dump(), "application/timestamp-query")
    token = tsp.TimeStampResp.load(answer)["time_stamp_token"]
    token.native  # noqa: B018 - asn1crypto reads lazily
    return token


def _clock(token: Any, url: str) -> Iterator[Finding]:
    stamped = token["content"]["encap_content_info"]["content"].parsed["gen_time"].native
    if abs(stamped - datetime.now(UTC)) > CLOCK_DRIFT:
        yield finding("clock_wrong", 0, url, stamped.isoformat())


def _certificates(chosen: Any) -> Iterator[x509.Certificate]:
    return (one.chosen for one in chosen or () if isinstance(one.chosen, x509.Certificate))
