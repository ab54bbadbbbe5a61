"""May this certificate sign now? Asked before each act (Circular 15/2025/TT-BKHCN, article 5)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from asn1crypto import x509
from pyhanko_certvalidator import CertificateValidator
from pyhanko_certvalidator.errors import (
    CRLFetchError,
    InsufficientRevinfoError,
    OCSPFetchError,
    PathBuildingError,
    PathError,
    RevokedError,
    ValidationError,
)

from .profile import certificate_problem
from .revocation import FileFetchers, RevocationSource
from .signed import SigningRefused
from .specification import context
from .trust import TrustStore

FRESH = timedelta(minutes=10)
"""How long nobody is asked again. A key that was stolen signs no longer than this."""


@dataclass(frozen=True)
class Standing:
    """What is known of a certificate's revocation; `answers` are the responses and lists, DER."""

    revocation: Literal["good", "unknown"]
    answers: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class _Kept:
    asked_at: datetime
    usable_until: datetime
    standing: Standing


class Standings:
    """Asks along the whole path to a trusted root, and keeps what was good.

    A good answer is asked for again after `FRESH`; while no responder answers it counts until its
    nextUpdate. Nobody to ask is no reason not to sign: the standing is then `unknown`.
    """

    def __init__(self, trust: TrustStore, source: RevocationSource) -> None:
        self._trust, self._source = trust, source
        self._kept: dict[bytes, _Kept] = {}
        self._refused: dict[bytes, SigningRefused] = {}

    def check(self, certificate: x509.Certificate, at: datetime) -> Standing:
        """The certificate's standing at `at`.

        Raises `SigningRefused`: not yet valid, expired, not for signing, revoked, not from a
        trusted authority, or with a chain that does not hold.
        """
        problem = certificate_problem(certificate, at)
        if problem is not None:
            raise SigningRefused(problem, f"the certificate cannot sign: {problem}")
        kept = self._kept.get(certificate.sha256)
        if kept and kept.asked_at <= at < min(kept.asked_at + FRESH, kept.usable_until):
            return kept.standing
        asked = asyncio.run(self._ask(certificate, at))
        if asked is None:
            return self._last_known(certificate, at)
        self._kept[certificate.sha256] = asked
        self._refused.pop(certificate.sha256, None)
        return asked.standing

    def _last_known(self, certificate: x509.Certificate, at: datetime) -> Standing:
        """What counts while nobody answers; what was revoked stays so."""
        if certificate.sha256 in self._refused:
            raise self._refused[certificate.sha256]
        kept = self._kept.get(certificate.sha256)
        usable = kept is not None and kept.asked_at <= at < kept.usable_until
        return kept.standing if kept and usable else Standing("unknown")

    async def _ask(self, certificate: x509.Certificate, at: datetime) -> _Kept | None:
        fetchers = FileFetchers(self._source)
        validator = CertificateValidator(
            certificate, validation_context=context(self._trust, at, fetchers)
        )
        try:
            path = await validator.async_validate_path()
        except RevokedError as error:
            self._kept.pop(certificate.sha256, None)
            code = "certificate_revoked" if error.is_ee_cert else "issuer_revoked"
            refused = SigningRefused(code, "a certificate of the path was revoked")
            self._refused[certificate.sha256] = refused
            raise refused from error
        except (InsufficientRevinfoError, OCSPFetchError, CRLFetchError):
            return None
        except PathBuildingError as error:
            raise SigningRefused(
                "certificate_untrusted", "the certificate leads to no trusted authority"
            ) from error
        except (PathError, ValidationError) as error:
            raise SigningRefused("chain_invalid", type(error).__name__) from error
        return self._good(fetchers, list(path.iter_certs(include_root=False)), at)

    def _good(
        self, fetchers: FileFetchers, path: Iterable[x509.Certificate], at: datetime
    ) -> _Kept:
        facts = [fetchers.told_of(one) for one in path]
        ends = [told[0].next_update for told in facts if told and told[0].next_update]
        standing = Standing("good", (*fetchers.responses(), *fetchers.lists()))
        # An answer that names no end says nothing of later: it counts while it is fresh.
        usable = min(ends) if len(ends) == len(facts) else at + FRESH
        return _Kept(at, usable, standing)
