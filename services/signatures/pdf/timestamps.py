"""Timestamps (RFC 3161) of several authorities; none of them can stop a signature."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms, tsp
from pyhanko.sign.general import extract_certificate_info, simple_cms_attribute
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.registry import SimpleTrustManager

from .fetch import Fetch, FetchFailed
from .profile import ALGORITHMS, CLOCK_DRIFT
from .trust import TrustStore

DIGEST = "sha256"
REST = 15.0
"""Seconds that an authority is passed over after a failure; doubled twice by further ones."""
logger = logging.getLogger(__name__)


class TimestampUnavailable(Exception):
    """No authority gave a token that a verifier would believe."""

    code = "timestamp_unavailable"


class TokenRefused(Exception):
    """An answer that is no token for the digest, or whose signer nobody here trusts."""


class TimestampAuthorities(TimeStamper):  # type: ignore[misc]
    """The time-stamp authorities (TSA) in the order of preference, through the one fetcher.

    The first that answers well is taken. One that failed is passed over for a while, so that a
    dead authority does not cost its time-out at each signature. A token is checked before it is
    used: a signature with a bad timestamp is worth less than one without.
    """

    def __init__(self, urls: Sequence[str], fetch: Fetch, trust: TrustStore) -> None:
        super().__init__()
        self._urls, self._fetch, self._trust = tuple(urls), fetch, trust
        self._rests: dict[str, tuple[float, int]] = {}

    @property
    def resting(self) -> bool:
        """Whether each of them failed a moment ago, or there is none."""
        return all(time.monotonic() < self._rests.get(url, (0.0, 0))[0] for url in self._urls)

    async def token(self, digest: bytes) -> cms.ContentInfo:
        """A token over a SHA-256 digest. Raises `TimestampUnavailable`."""
        return await self.async_timestamp(digest, DIGEST)

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """See `token`; by this name pyHanko asks for a document timestamp."""
        for url in self._urls:
            ready_at, failures = self._rests.get(url, (0.0, 0))
            if time.monotonic() < ready_at:
                continue
            try:
                token = await self._ask(url, message_digest, md_algorithm)
            except (FetchFailed, TokenRefused) as error:
                self._rests[url] = (time.monotonic() + REST * 2 ** min(failures, 2), failures + 1)
                told = {"authority": url[:200], "cause": str(error)[:200]}
                logger.warning("timestamp_authority_failed", extra=told)
                continue
            self._rests.pop(url, None)
            return token
        raise TimestampUnavailable("no time-stamp authority gave a usable token")

    async def _ask(self, url: str, digest: bytes, algorithm: str) -> cms.ContentInfo:
        nonce, request = self.request_cms(digest, algorithm)
        answer = await self._fetch(url, request.dump(), "application/timestamp-query")
        try:
            response = tsp.TimeStampResp.load(answer)
            token = response["time_stamp_token"]
            if response["status"]["status"].native not in ("granted", "granted_with_mods"):
                raise TokenRefused("the request was not granted")
            await self._check(token, digest, nonce)
        except TokenRefused:
            raise
        except Exception as error:
            # Hostile DER fails anywhere inside asn1crypto, at the first access of a field.
            raise TokenRefused(type(error).__name__) from error
        return token

    async def _check(self, token: cms.ContentInfo, digest: bytes, nonce: int) -> None:
        signed = token["content"]
        info = token_info(signed)
        imprint, stamped = info["message_imprint"], info["gen_time"].native
        if imprint["hashed_message"].native != digest or info["nonce"].native != nonce:
            raise TokenRefused("the token is for something else")
        if stamped > datetime.now(UTC) + CLOCK_DRIFT:
            raise TokenRefused("the token comes from the future")
        found = extract_certificate_info(signed)
        certificate = found.signer_cert
        (signer,) = signed["signer_infos"]
        content = bytes(signed["encap_content_info"]["content"])
        own_digest = hashlib.new(signer["digest_algorithm"]["algorithm"].native, content).digest()
        whole, valid = validate_sig_integrity(signer, certificate, "tst_info", own_digest)
        if not (whole and valid):
            raise TokenRefused("the token's signature is wrong")
        validator = CertificateValidator(certificate, found.other_certs, self._context(stamped))
        await validator.async_validate_usage(set(), {"time_stamping"})

    def _context(self, at: datetime) -> Any:
        """Paths to our roots; whether they are revoked is for the verdict to find out."""
        return ValidationContext(
            trust_manager=SimpleTrustManager.build(trust_roots=list(self._trust.roots)),
            other_certs=list(self._trust.intermediates),
            moment=at,
            revocation_mode="soft-fail",
            algorithm_usage_policy=ALGORITHMS,
        )


def token_info(signed: cms.SignedData) -> Any:
    """The TSTInfo of a token's signed data (RFC 3161, 2.4.2)."""
    return signed["encap_content_info"]["content"].parsed


def with_token(signature: cms.ContentInfo, token: cms.ContentInfo) -> cms.ContentInfo:
    """A copy of the CMS signature that carries the timestamp as an unsigned attribute."""
    stamped = signature.copy()
    attribute = simple_cms_attribute("signature_time_stamp_token", token)
    stamped["content"]["signer_infos"][0]["unsigned_attrs"] = cms.CMSAttributes([attribute])
    return stamped
