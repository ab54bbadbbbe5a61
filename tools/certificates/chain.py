"""A certificate's chain, link by link: who issued it, and what is wrong with each link.

pyHanko stops at the first fault; a doctor names them all, and its verdict is held against
pyHanko's in `revocation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from asn1crypto import x509
from cryptography import x509 as read_x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from services.signatures.pdf.facts import certificate_facts
from services.signatures.pdf.profile import key_usage_problem
from services.signatures.pdf.trust import TrustStore
from tools.certificates.findings import Finding, finding

Kind = Literal["leader", "seal", "service", "ca", "ocsp", "tsa"]
SOON = timedelta(days=30)
LONGEST = 8
SMALLEST = {"rsa": 2048, "ec": 256}  # bits; domain rule for official signatures
_WEAK_DIGESTS = {"md2", "md5", "sha1"}
_PURPOSES = {"ocsp": "ocsp_signing", "tsa": "time_stamping"}


@dataclass(frozen=True)
class Chain:
    """A certificate and those above it, itself first; `trusted` when the last is a known root."""

    links: tuple[x509.Certificate, ...]
    trusted: bool

    @property
    def complete(self) -> bool:
        """Whether it ends at a root, known or not."""
        return bool(self.links[-1].self_issued)

    def issuer(self, link: int) -> x509.Certificate | None:
        """Who issued a link; a root itself."""
        if link + 1 < len(self.links):
            return self.links[link + 1]
        return self.links[link] if self.complete else None


def build(
    certificate: x509.Certificate, trust: TrustStore, others: Iterable[x509.Certificate] = ()
) -> Chain:
    """The best chain that the trust store and the certificates at hand give."""
    known = {one.sha256: one for one in (*trust.roots, *trust.intermediates, *others)}
    links = [certificate]
    while not links[-1].self_issued and len(links) < LONGEST:
        above = [one for one in known.values() if one.subject == links[-1].issuer]
        above = [one for one in above if one.sha256 not in {link.sha256 for link in links}]
        if not above:
            break
        links.append(max(above, key=lambda one: _fitness(links[-1], one)))
    roots = {one.sha256 for one in trust.roots}
    return Chain(tuple(links), links[-1].sha256 in roots)


def kind_of(certificate: x509.Certificate) -> Kind:
    """What a certificate is for, by its own word; a signer's unless it says otherwise."""
    if certificate.ca:
        return "ca"
    purposes = _purposes(certificate)
    for kind, purpose in _PURPOSES.items():
        if purpose in purposes:
            return "ocsp" if kind == "ocsp" else "tsa"
    return "leader"


def name_of(certificate: x509.Certificate) -> str:
    """The name on a certificate."""
    return certificate_facts(certificate).name


def check(chain: Chain, kind: Kind, at: datetime) -> list[Finding]:
    """All that is wrong with the links themselves at an instant; revocation is asked elsewhere."""
    found = [*_purpose(chain.links[0], kind)]
    for place, certificate in enumerate(chain.links):
        problems = [*_validity(certificate, at), *_algorithm(certificate)]
        if place:
            problems += _authority(certificate, below=place - 1)
        issuer = chain.issuer(place)
        if issuer is not None and not _signed_by(certificate, issuer):
            problems.append(("signature_wrong", name_of(issuer)))
        found += [finding(code, place, name_of(certificate), detail) for code, detail in problems]
    return [*found, *_end(chain)]


def _end(chain: Chain) -> Iterator[Finding]:
    last, place = chain.links[-1], len(chain.links) - 1
    if not chain.complete:
        issuer = last.issuer.human_friendly[:200]
        yield finding("intermediate_missing", place, name_of(last), issuer)
    elif not chain.trusted:
        yield finding("issuer_unknown", place, name_of(last))


def _validity(certificate: x509.Certificate, at: datetime) -> Iterator[tuple[str, str]]:
    first, last = certificate.not_valid_before, certificate.not_valid_after
    if at < first:
        yield "not_yet_valid", first.isoformat()
    elif at > last:
        yield "expired", last.isoformat()
    elif at + SOON > last:
        yield "expires_soon", last.isoformat()


def _algorithm(certificate: x509.Certificate) -> Iterator[tuple[str, str]]:
    key = certificate.public_key
    smallest = SMALLEST.get(key.algorithm)
    if smallest is None or key.bit_size < smallest:
        yield "algorithm_weak", f"{key.algorithm} {key.bit_size}"
    # Nobody relies on the signature that a root puts on itself.
    digest = _digest(certificate)
    if not certificate.self_issued and digest in _WEAK_DIGESTS:
        yield "algorithm_weak", digest


def _digest(certificate: x509.Certificate) -> str:
    try:
        return str(certificate["signature_algorithm"].hash_algo)
    except ValueError:
        return ""  # EdDSA has none of its own to name


def _authority(certificate: x509.Certificate, below: int) -> Iterator[tuple[str, str]]:
    usages = certificate.key_usage_value
    if not certificate.ca or (usages and "key_cert_sign" not in usages.native):
        yield "issuer_not_authority", ""
    elif certificate.max_path_length is not None and certificate.max_path_length < below:
        yield "issuer_not_authority", f"path length {certificate.max_path_length}"


def _purpose(certificate: x509.Certificate, kind: Kind) -> Iterator[Finding]:
    name, purposes = name_of(certificate), _purposes(certificate)
    usages = certificate.key_usage_value.native if certificate.key_usage_value else set()
    if kind in _PURPOSES:
        if _PURPOSES[kind] not in purposes:
            yield finding("purpose_wrong", 0, name, ", ".join(sorted(purposes)))
    elif kind == "ca":
        if "key_cert_sign" not in usages:
            yield finding("key_usage_wrong", 0, name, ", ".join(sorted(usages)))
    elif kind == "service":
        if usages and not usages & {"digital_signature", "non_repudiation"}:
            yield finding("key_usage_wrong", 0, name, ", ".join(sorted(usages)))
    elif key_usage_problem(certificate):
        if "non_repudiation" in usages and not usages & {"key_cert_sign", "crl_sign"}:
            yield finding("purpose_wrong", 0, name, ", ".join(sorted(purposes)))
        else:
            yield finding("key_usage_wrong", 0, name, ", ".join(sorted(usages)))


def _purposes(certificate: x509.Certificate) -> Sequence[str]:
    named = certificate.extended_key_usage_value
    return list(named.native) if named else []


def _fitness(certificate: x509.Certificate, issuer: x509.Certificate) -> tuple[bool, datetime]:
    return _signed_by(certificate, issuer), issuer.not_valid_after


def _signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the signature fits; one that nobody computes any more counts as told (weak)."""
    if _digest(certificate) in _WEAK_DIGESTS:
        return True
    try:
        below = read_x509.load_der_x509_certificate(certificate.dump())
        below.verify_directly_issued_by(read_x509.load_der_x509_certificate(issuer.dump()))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True
