"""Nothing leaves here that a certificate signed which was revoked, returned or lost."""

from collections.abc import Collection

from libs.db import Database
from services.signatures import queries
from services.signatures.pdf.signed import SigningRefused


def refuse_ended(database: Database, fingerprints: Collection[str]) -> None:
    """`SigningRefused` when the directory says that one of these may not sign any more."""
    with database.unit() as unit:
        why = queries.what_ended(unit.connection, fingerprints)
    if why:
        raise SigningRefused(f"certificate_{why}", f"the directory says: {why}")
