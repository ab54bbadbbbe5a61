"""One-time addresses: a random secret in the path, kept as its hash, used once, over in minutes."""

import hashlib
import hmac
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update

from libs.db import Unit, put_row
from libs.web.problems import not_found
from services.signatures.errors import AddressUsed
from services.signatures.tables import one_time_address

FETCH, HAND_IN = "fetch", "hand_in"


def hash_of(secret: str) -> bytes:
    """What is kept of a secret. It has 256 random bits, so that no salt is needed."""
    return hashlib.sha256(secret.encode()).digest()


def open_address(
    unit: Unit, signing_id: UUID, purpose: str, secret: str, expires_at: datetime
) -> None:
    """Make an address valid; an earlier one of this purpose is no longer."""
    row = {"signing_id": signing_id, "purpose": purpose, "secret_hash": hash_of(secret)}
    put_row(unit, one_time_address, {**row, "expires_at": expires_at, "used_at": None})


def check(unit: Unit, signing_id: UUID, purpose: str, secret: str) -> None:
    """Look whether an address may be used now, and keep others from using it meanwhile.

    Raises `Problem` (404) for a wrong one, which says nothing of the order, and `AddressUsed`.
    """
    address = one_time_address.c
    row = unit.connection.execute(
        select(one_time_address)
        .where(address.signing_id == signing_id, address.purpose == purpose)
        .with_for_update()
    ).first()
    kept = row.secret_hash if row else bytes(32)
    if not hmac.compare_digest(hash_of(secret), bytes(kept)) or row is None:
        raise not_found()
    if row.used_at is not None or unit.now >= row.expires_at:
        raise AddressUsed


def use(unit: Unit, signing_id: UUID, purpose: str) -> None:
    """Mark an address as used."""
    address = one_time_address.c
    unit.connection.execute(
        update(one_time_address)
        .where(address.signing_id == signing_id, address.purpose == purpose)
        .values(used_at=unit.now)
    )


def forget(unit: Unit, signing_id: UUID) -> None:
    """Delete an order's addresses."""
    unit.connection.execute(
        delete(one_time_address).where(one_time_address.c.signing_id == signing_id)
    )
