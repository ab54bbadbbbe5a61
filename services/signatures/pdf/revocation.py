"""Revocation information for pyHanko, through the one fetcher and remembered for the report."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import Any

from asn1crypto import crl, ocsp, x509
from pyhanko_certvalidator.errors import CRLFetchError, OCSPFetchError, OCSPValidationError
from pyhanko_certvalidator.fetchers.api import (
    CertificateFetcher,
    CRLFetcher,
    FetcherBackend,
    Fetchers,
    OCSPFetcher,
)
from pyhanko_certvalidator.fetchers.common_utils import (
    enumerate_delivery_point_urls,
    format_ocsp_request,
    process_ocsp_response_data,
)
from pyhanko_certvalidator.util import get_ocsp_urls

from .fetch import Fetch, FetchFailed
from .report import RevocationFacts

KEPT = 60.0  # seconds that an answer may be used again for another file
_MOST_KEPT = 1_000
_OCSP = "application/ocsp-request"
_MOST_ADDRESSES = 3  # of one certificate; the next is asked when one fails
_MOST_CALLS = 30  # for one file: three signatures with their chains and authorities need 12
PATIENCE = 3.0  # seconds in all that may be waited in vain for one file


class RevocationSource:
    """Answers of responders, parsed and kept for a minute: the demo's hundred files ask once."""

    def __init__(self, fetch: Fetch, patience: float = PATIENCE) -> None:
        self.fetch, self.patience = fetch, patience
        self._kept: dict[tuple[str, bytes], tuple[float, Any]] = {}

    def kept(self, url: str, key: bytes) -> Any:
        """The answer from `url` for `key` (certificate and issuer), None when there is none."""
        expires, answer = self._kept.get((url, key), (0.0, None))
        return answer if time.monotonic() < expires else None

    def keep(self, url: str, key: bytes, answer: Any) -> None:
        """Keep an answer that was worth parsing."""
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[url, key] = (time.monotonic() + KEPT, answer)


class FileFetchers(FetcherBackend):  # type: ignore[misc]
    """The fetchers for one file; they count their failures, and never follow certificate URLs."""

    def __init__(self, source: RevocationSource) -> None:
        self.source = source
        self.failed: list[str] = []
        self.away = False  # whether somebody who was asked may answer another time
        self._calls, self._vain = 0, 0.0
        self._fetchers = Fetchers(_Ocsp(self), _Crl(self), _NoCertificates())

    def get_fetchers(self) -> Fetchers:
        return self._fetchers

    def told_of(
        self,
        certificate: x509.Certificate,
        responses: Iterable[ocsp.OCSPResponse] = (),
        lists: Iterable[crl.CertificateList] = (),
    ) -> list[RevocationFacts]:
        """What responders, lists and the file's own evidence said, the newest first."""
        told = [
            *_told_by_ocsp(
                certificate, [*self._fetchers.ocsp_fetcher.fetched_responses(), *responses]
            ),
            *_told_by_crl(certificate, [*self._fetchers.crl_fetcher.fetched_crls(), *lists]),
        ]
        return sorted(told, key=lambda fact: str(fact.this_update), reverse=True)

    async def ask(self, url: str, body: bytes | None, content_type: str) -> bytes:
        self._calls += 1
        if self._calls > _MOST_CALLS:
            raise FetchFailed(url, "too many calls for one file", passing=False)
        began = time.monotonic()
        try:
            return await self._patiently(url, body, content_type)
        except FetchFailed:
            self._vain += time.monotonic() - began
            raise

    def unanswered(self, failures: Mapping[str, Exception]) -> str:
        """Note that no address answered a question; tells which they were."""
        self.failed += failures
        passing = (getattr(one, "passing", False) for one in failures.values())
        self.away = self.away or any(passing)
        return f"no answer from {', '.join(failures)}"

    async def _patiently(self, url: str, body: bytes | None, content_type: str) -> bytes:
        """Wait no longer than what is left; `fetch` bounds the first wait, and notes the host."""
        left = self.source.patience - self._vain
        if left <= 0:
            raise FetchFailed(url, "others have kept this file waiting")
        try:
            async with asyncio.timeout(left if self._vain else None):
                return await self.source.fetch(url, body, content_type)
        except TimeoutError as error:
            raise FetchFailed(url, "others have kept this file waiting") from error

    def responses(self) -> tuple[bytes, ...]:
        """Every OCSP response that was got for this file, DER."""
        return tuple(one.dump() for one in self._fetchers.ocsp_fetcher.fetched_responses())

    def lists(self) -> tuple[bytes, ...]:
        """Every revocation list that was got for this file, DER."""
        return tuple(one.dump() for one in self._fetchers.crl_fetcher.fetched_crls())


class _Ocsp(OCSPFetcher):  # type: ignore[misc]
    def __init__(self, calls: FileFetchers) -> None:
        self._calls = calls
        self._got: dict[bytes, ocsp.OCSPResponse] = {}

    async def fetch(self, cert: x509.Certificate, authority: Any) -> ocsp.OCSPResponse:
        key = cert.sha256 + authority.public_key.dump()
        failures: dict[str, Exception] = {}
        for url in get_ocsp_urls(cert)[:_MOST_ADDRESSES]:
            try:
                response = self._calls.source.kept(url, key)
                if response is None:
                    response = await self._ask(url, cert, authority)
                    self._calls.source.keep(url, key, response)
            except (FetchFailed, OCSPValidationError, ValueError) as error:
                failures[url] = error
                continue
            self._got[cert.sha256] = response
            return response
        raise OCSPFetchError(self._calls.unanswered(failures))

    async def _ask(self, url: str, cert: x509.Certificate, authority: Any) -> ocsp.OCSPResponse:
        request = format_ocsp_request(
            cert, authority, certid_hash_algo="sha1", request_nonces=False
        )
        answer = await self._calls.ask(url, request.dump(), _OCSP)
        return process_ocsp_response_data(answer, ocsp_request=request, ocsp_url=url)

    def fetched_responses(self) -> Iterable[ocsp.OCSPResponse]:
        return self._got.values()

    def fetched_responses_for_cert(self, cert: x509.Certificate) -> Iterable[ocsp.OCSPResponse]:
        return [self._got[cert.sha256]] if cert.sha256 in self._got else []


class _Crl(CRLFetcher):  # type: ignore[misc]
    def __init__(self, calls: FileFetchers) -> None:
        self._calls = calls
        self._got: dict[bytes, list[crl.CertificateList]] = {}

    async def fetch(
        self,
        cert: x509.Certificate,
        *,
        use_deltas: bool | None = None,  # noqa: ARG002 - named by pyHanko
    ) -> list[crl.CertificateList]:
        lists, failures = [], dict[str, Exception]()
        for point in cert.crl_distribution_points[:_MOST_ADDRESSES]:
            for url in [*enumerate_delivery_point_urls(point)][:_MOST_ADDRESSES]:
                try:
                    lists.append(await self._list(url))
                    break
                except (FetchFailed, ValueError) as error:
                    failures[url] = error
        if failures and not lists:
            raise CRLFetchError(self._calls.unanswered(failures))
        self._got[cert.sha256] = lists
        return lists

    async def _list(self, url: str) -> crl.CertificateList:
        known = self._calls.source.kept(url, b"")
        if known is None:
            known = crl.CertificateList.load(await self._calls.ask(url, None, ""))
            self._calls.source.keep(url, b"", known)
        return known

    def fetched_crls(self) -> Iterable[crl.CertificateList]:
        return [one for lists in self._got.values() for one in lists]

    def fetched_crls_for_cert(self, cert: x509.Certificate) -> Iterable[crl.CertificateList]:
        return self._got[cert.sha256]


class _NoCertificates(CertificateFetcher):  # type: ignore[misc]
    """Intermediates come from the trust store and the file, never from an address in the file."""

    async def fetch_cert_issuers(self, *_: Any) -> AsyncGenerator[x509.Certificate, None]:
        return
        yield

    async def fetch_crl_issuers(self, *_: Any) -> AsyncGenerator[x509.Certificate, None]:
        return
        yield

    def fetched_certs(self) -> Iterable[x509.Certificate]:
        return ()


def _told_by_ocsp(
    certificate: x509.Certificate, responses: Iterable[ocsp.OCSPResponse]
) -> Iterable[RevocationFacts]:
    for response in responses:
        basic = response["response_bytes"]["response"].parsed
        for single in basic["tbs_response_data"]["responses"]:
            asked = single["cert_id"]
            if asked["serial_number"].native != certificate.serial_number:
                continue
            issuer = asked["issuer_name_hash"].native
            if issuer in (certificate.issuer.sha1, certificate.issuer.sha256):
                status = single["cert_status"]
                revoked = status.name == "revoked"
                yield RevocationFacts(
                    "ocsp",
                    status.name,
                    single["this_update"].native,
                    single["next_update"].native,
                    status.chosen["revocation_time"].native if revoked else None,
                )


def _told_by_crl(
    certificate: x509.Certificate, lists: Iterable[crl.CertificateList]
) -> Iterable[RevocationFacts]:
    for one in lists:
        if one.issuer != certificate.issuer:
            continue
        entries = one["tbs_cert_list"]["revoked_certificates"]
        times = (
            entry["revocation_date"].native
            for entry in entries
            if entry["user_certificate"].native == certificate.serial_number
        )
        revoked_at = min(times, default=None)
        yield RevocationFacts(
            "crl",
            "revoked" if revoked_at else "good",
            one["tbs_cert_list"]["this_update"].native,
            one["tbs_cert_list"]["next_update"].native,
            revoked_at,
        )
