"""One certificate on the doctor's table: all findings about it and the links above it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from asn1crypto import x509

from services.signatures.pdf.facts import certificate_facts
from tools.certificates.chain import Chain, Kind, build, check, kind_of
from tools.certificates.findings import Finding
from tools.certificates.revocation import Asker

_NOW = timedelta(minutes=1)  # an instant so near is today's question


@dataclass(frozen=True)
class Examined:
    """A certificate, its chain, and what was found; `holder` is whose it is by the directory."""

    chain: Chain
    kind: Kind
    findings: tuple[Finding, ...]
    holder: str = ""

    @property
    def state(self) -> str:
        """The worst of the findings, or `healthy`."""
        found = {one.severity for one in self.findings}
        return next((state for state in ("error", "warning") if state in found), "healthy")

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        links = [certificate_facts(one) for one in self.chain.links]
        return {
            "state": self.state,
            "kind": self.kind,
            "holder": self.holder,
            "links": [
                {
                    "name": one.name,
                    "serial": one.serial,
                    "sha256": one.sha256,
                    "valid_from": one.not_before.isoformat(),
                    "valid_to": one.not_after.isoformat(),
                }
                for one in links
            ],
            "trusted": self.chain.trusted,
            "findings": [one.to_json() for one in self.findings],
        }


def examine(
    certificate: x509.Certificate,
    asker: Asker,
    *,
    at: datetime,
    now: datetime,
    others: Iterable[x509.Certificate] = (),
    kind: Kind | None = None,
    more: Sequence[Finding] = (),
    holder: str = "",
) -> Examined:
    """Examine a certificate as of `at`; `more` are findings from elsewhere, such as its key's."""
    chain, kind = build(certificate, asker.trust, others), kind or kind_of(certificate)
    found = [*more, *check(chain, kind, at), *asker.check(chain, at, now)]
    unsure = any(one.severity == "error" or one.code in _OPEN for one in found)
    # Nobody is asked about a responder that says of itself that nobody need be (RFC 6960, 4.2.2.2).
    asked = not certificate.ocsp_no_check_value
    if asked and not unsure and abs(at - now) < _NOW:
        found += asker.second_opinion(chain, now)
    return Examined(chain, kind, tuple(found), holder)


# What is open anyway: the second opinion would only say that it is.
_OPEN = ("revocation_unreachable", "revocation_stale", "address_not_allowed")
