"""Signature timestamps (RFC 3161) that never stop a signature."""

from __future__ import annotations

from typing import Any

from asn1crypto import cms, tsp
from pyhanko.sign.general import simple_cms_attribute
from pyhanko.sign.timestamps import TimeStamper

from .fetch import Fetch, FetchFailed

DIGEST = "sha256"


class TimestampUnreadable(Exception):
    """The authority's answer is no token for the digest that was sent."""

    code = "timestamp_unreadable"

    def __init__(self, authority: str) -> None:
        super().__init__(f"{authority[:200]} answered without a usable token")


class FetchedTimeStamper(TimeStamper):  # type: ignore[misc]
    """Asks a time-stamp authority through the one fetcher."""

    def __init__(self, url: str, fetch: Fetch) -> None:
        super().__init__()
        self._url, self._fetch = url, fetch

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        answer = await self._fetch(self._url, req.dump(), "application/timestamp-query")
        return tsp.TimeStampResp.load(answer)

    async def token(self, digest: bytes) -> cms.ContentInfo:
        """A token over a SHA-256 digest. Raises `FetchFailed`, `TimestampUnreadable`."""
        try:
            token = await self.async_timestamp(digest, DIGEST)
            imprint = _token_info(token)["message_imprint"]
            if imprint["hashed_message"].native != digest:
                raise TimestampUnreadable(self._url)
        except (FetchFailed, TimestampUnreadable):
            raise
        except Exception as error:
            # Hostile DER fails anywhere inside asn1crypto, at the first access of a field.
            raise TimestampUnreadable(self._url) from error
        return token


def _token_info(token: cms.ContentInfo) -> Any:
    return token["content"]["encap_content_info"]["content"].parsed


def with_token(signature: cms.ContentInfo, token: cms.ContentInfo) -> cms.ContentInfo:
    """A copy of the CMS signature that carries the timestamp as an unsigned attribute."""
    stamped = signature.copy()
    attribute = simple_cms_attribute("signature_time_stamp_token", token)
    stamped["content"]["signer_infos"][0]["unsigned_attrs"] = cms.CMSAttributes([attribute])
    return stamped
