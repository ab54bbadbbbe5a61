"""Long-term evidence (PAdES B-LTA) as a later revision; the issued bytes stay its prefix."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from asn1crypto import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore, collect_validation_info
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko_certvalidator import CertificateValidator

from .facts import common_name
from .fetch import Fetch
from .field import LARGEST_CMS
from .reading import open_pdf
from .revocation import FileFetchers, RevocationSource
from .signed import SigningRefused
from .specification import context
from .timestamps import DIGEST, TimestampAuthorities, TimestampUnavailable, token_info
from .trust import TrustStore

AWAY = ("timestamp_unavailable", "revocation_unknown")
"""Codes of what may be tried again later: who should have answered did not."""


@dataclass(frozen=True)
class Evidence:
    """A file with its newest document timestamp, and what makes that one hold.

    `certificate_ends` is when the first certificate from the timestamp's up to below its root
    ends; `algorithms` are those of the timestamp and these certificates, such as `rsa-2048`.
    """

    pdf: bytes
    stamped_at: datetime
    authority: str
    certificate_ends: datetime
    algorithms: tuple[str, ...]


def add_evidence(
    pdf: bytes,
    *,
    trust: TrustStore,
    tsa: TimestampAuthorities,
    at: datetime,
    fetch: Fetch | RevocationSource,
) -> Evidence:
    """Add the validation data of every signature, then one document timestamp.

    A file that has document timestamps gets the validation data of the last one and a new
    timestamp over all, which renews it. Revocation is required: without every answer, or without
    the timestamp, nothing is added and `SigningRefused` is raised, with a code of `AWAY` when
    somebody may answer later, else `evidence_incomplete`.
    """
    source = fetch if isinstance(fetch, RevocationSource) else RevocationSource(fetch)
    fetchers = FileFetchers(source)
    try:
        return asyncio.run(_add(pdf, context(trust, at, fetchers), tsa))
    except Exception as error:
        code = "revocation_unknown" if fetchers.away else "evidence_incomplete"
        if isinstance(error, TimestampUnavailable):
            code = error.code
        raise SigningRefused(code, f"no complete evidence: {type(error).__name__}") from error


async def _add(pdf: bytes, known: Any, tsa: TimestampAuthorities) -> Evidence:
    reader = open_pdf(pdf)
    wanted = reader.embedded_timestamp_signatures[-1:] or reader.embedded_regular_signatures
    if not wanted:
        raise SigningRefused("no_signature", "a file without signatures needs no evidence")
    collected = [(one, await collect_validation_info(one, known)) for one in wanted]
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    for embedded, paths in collected:
        contents = embedded.pkcs7_content.hex().encode("ascii")
        DocumentSecurityStore.supply_dss_in_writer(
            writer, contents, validation_context=known, paths=paths
        )
    output = await PdfTimeStamper(tsa).async_timestamp_pdf(
        writer, DIGEST, bytes_reserved=2 * LARGEST_CMS
    )
    stamped: bytes = output.getvalue()
    return await _told(stamped, known)


async def _told(pdf: bytes, known: Any) -> Evidence:
    """What the file's newest timestamp says of itself."""
    newest: EmbeddedPdfSignature = open_pdf(pdf).embedded_timestamp_signatures[-1]
    found = extract_certificate_info(newest.signed_data)
    validator = CertificateValidator(found.signer_cert, found.other_certs, known)
    path = await validator.async_validate_usage(set(), {"time_stamping"})
    chain = list(path.iter_certs(include_root=False))
    digests = {DIGEST, newest.signer_info["digest_algorithm"]["algorithm"].native}
    return Evidence(
        pdf=pdf,
        stamped_at=token_info(newest.signed_data)["gen_time"].native,
        authority=common_name(found.signer_cert),
        certificate_ends=min(one.not_valid_after for one in chain),
        algorithms=tuple(sorted(digests | set(_keys(chain)))),
    )


def _keys(chain: Iterable[x509.Certificate]) -> Iterable[str]:
    for certificate in chain:
        yield f"{certificate.public_key.algorithm}-{certificate.public_key.bit_size}"
        yield certificate["signature_algorithm"].hash_algo
