"""Is a link revoked, and can that be asked at all? Through the service's own fetchers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asn1crypto import x509
from pyhanko.sign.validation.policy_decl import bootstrap_validation_data_handlers
from pyhanko_certvalidator import CertificateValidator
from pyhanko_certvalidator.authority import AuthorityWithCert
from pyhanko_certvalidator.errors import (
    CRLFetchError,
    InsufficientRevinfoError,
    OCSPFetchError,
    PathBuildingError,
    PathError,
    ValidationError,
)
from pyhanko_certvalidator.util import get_ocsp_urls

from services.signatures.pdf.fetch import host_of
from services.signatures.pdf.profile import CLOCK_DRIFT
from services.signatures.pdf.revocation import FileFetchers, RevocationSource
from services.signatures.pdf.specification import specification, timing
from services.signatures.pdf.trust import TrustStore
from tools.certificates.chain import Chain, name_of
from tools.certificates.findings import Finding, finding


@dataclass(frozen=True)
class Asker:
    """Who may be asked, and whom this machine believes. `hosts` are `host:port` pairs."""

    trust: TrustStore
    source: RevocationSource
    hosts: frozenset[str]

    def check(self, chain: Chain, at: datetime, now: datetime) -> list[Finding]:
        """What is known of the revocation of each link at an instant, as told now."""
        return asyncio.run(self._check(chain, at, now))

    def second_opinion(self, chain: Chain, now: datetime) -> list[Finding]:
        """pyHanko's word on the whole path, by the same settings as every verdict."""
        return asyncio.run(self._validate(chain, now))

    async def _check(self, chain: Chain, at: datetime, now: datetime) -> list[Finding]:
        found: list[Finding] = []
        for place, certificate in enumerate(chain.links):
            issuer = chain.issuer(place)
            if issuer is None or certificate.self_issued or certificate.ocsp_no_check_value:
                continue
            problems = await self._ask(certificate, issuer, at, now)
            name = name_of(certificate)
            found += [finding(code, place, name, detail) for code, detail in problems]
        return found

    async def _ask(
        self, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime, now: datetime
    ) -> list[tuple[str, str]]:
        urls = addresses(certificate)
        if not urls:
            return [("revocation_unnamed", "")]
        allowed = [url for url in urls if host_of(url) in self.hosts]
        if not allowed:
            return [("address_not_allowed", ", ".join(urls)[:300])]
        fetchers = FileFetchers(self.source)
        responses = await _responses(fetchers, certificate, issuer)
        known = fetchers.told_of(certificate)
        if not known:
            return [("revocation_unreachable", ", ".join(allowed)[:300])]
        told = known[0]
        found = list(_clock(responses, now))
        if told.status == "revoked":
            since = told.revoked_at
            if since is None or since <= at:
                found.append(("revoked", since.isoformat() if since else ""))
        elif told.status != "good":
            found.append(("revocation_unknown", ", ".join(allowed)[:300]))
        if told.next_update and told.next_update + CLOCK_DRIFT < now:
            found.append(("revocation_stale", told.next_update.isoformat()))
        return found

    async def _validate(self, chain: Chain, now: datetime) -> list[Finding]:
        settings = specification(self.trust, FileFetchers(self.source))
        handlers = bootstrap_validation_data_handlers(settings, timing(now))
        context = settings.cert_validation_policy.build_validation_context(timing(now), handlers)
        certificate, name = chain.links[0], name_of(chain.links[0])
        validator = CertificateValidator(
            certificate, intermediate_certs=list(chain.links[1:]), validation_context=context
        )
        try:
            await validator.async_validate_path()
        except (InsufficientRevinfoError, OCSPFetchError, CRLFetchError) as error:
            return [finding("revocation_answer_wrong", 0, name, str(error)[:300])]
        except (PathBuildingError, PathError, ValidationError) as error:
            return [finding("chain_refused", 0, name, str(error)[:300])]
        return []


def addresses(certificate: x509.Certificate) -> list[str]:
    """The OCSP and CRL addresses that a certificate names."""
    lists = [point.url for point in certificate.crl_distribution_points if point.url]
    return [*get_ocsp_urls(certificate), *lists]


async def _responses(
    fetchers: FileFetchers, certificate: x509.Certificate, issuer: x509.Certificate
) -> Sequence[Any]:
    """Ask OCSP, and the lists when it does not answer; the OCSP responses."""
    backend = fetchers.get_fetchers()
    try:
        await backend.ocsp_fetcher.fetch(certificate, AuthorityWithCert(issuer))
    except OCSPFetchError:
        try:
            await backend.crl_fetcher.fetch(certificate)
        except CRLFetchError:
            return []
    return list(backend.ocsp_fetcher.fetched_responses())


def _clock(responses: Sequence[Any], now: datetime) -> Iterator[tuple[str, str]]:
    """An answer made in our future: our clock is behind the responder's."""
    for response in responses:
        made = _basic(response)["tbs_response_data"]["produced_at"].native
        if made.astimezone(UTC) > now + CLOCK_DRIFT:
            yield "clock_wrong", made.isoformat()


def _basic(response: Any) -> Any:
    return response["response_bytes"]["response"].parsed
