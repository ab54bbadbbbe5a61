"""Long-term evidence (PAdES B-LTA) as a later revision; the issued bytes stay its prefix."""

from __future__ import annotations

import asyncio
from datetime import datetime
from io import BytesIO

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore, collect_validation_info

from .fetch import Fetch
from .revocation import FileFetchers, RevocationSource
from .sign import LARGEST_CMS, SigningRefused, TimestampAuthority
from .specification import context
from .timestamps import DIGEST, FetchedTimeStamper
from .trust import TrustStore


def add_evidence(
    pdf: bytes, *, trust: TrustStore, tsa: TimestampAuthority, at: datetime, fetch: Fetch
) -> bytes:
    """Add the validation data of every signature, then one document timestamp.

    Revocation is required: without every answer, or without the timestamp, nothing is added
    and `SigningRefused` (`evidence_incomplete`) is raised; the job tries again later.
    """
    try:
        return asyncio.run(_add(pdf, trust, tsa, at, fetch))
    except Exception as error:
        raise SigningRefused(
            "evidence_incomplete", f"no complete evidence: {type(error).__name__}"
        ) from error


async def _add(
    pdf: bytes, trust: TrustStore, tsa: TimestampAuthority, at: datetime, fetch: Fetch
) -> bytes:
    known = context(trust, at, FileFetchers(RevocationSource(fetch)))
    reader = PdfFileReader(BytesIO(pdf))
    collected = [
        (embedded, await collect_validation_info(embedded, known))
        for embedded in reader.embedded_regular_signatures
    ]
    if not collected:
        raise SigningRefused("no_signature", "a file without signatures needs no evidence")
    writer = IncrementalPdfFileWriter.from_reader(reader)
    for embedded, paths in collected:
        contents = embedded.pkcs7_content.hex().encode("ascii")
        DocumentSecurityStore.supply_dss_in_writer(
            writer, contents, validation_context=known, paths=paths
        )
    stamper = PdfTimeStamper(FetchedTimeStamper(tsa.url, tsa.fetch))
    output = await stamper.async_timestamp_pdf(writer, DIGEST, bytes_reserved=2 * LARGEST_CMS)
    stamped: bytes = output.getvalue()
    return stamped
