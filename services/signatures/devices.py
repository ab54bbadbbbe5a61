"""Signing by the signer's own device: a plug-in with a USB token, a remote signing service.

The file is given out to the signer (`prepare`), and what comes back is checked by a job before it
counts. Everything here happens in one transaction with its event.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import delete, select

from libs.contracts.journal import continuing
from libs.db import Unit
from libs.eventstore import Appended, Context, Recorded
from libs.observability import correlation_id
from services.signatures import addresses
from services.signatures.commands import PrepareDeviceSigning, TakeReturned
from services.signatures.domain.orders import DIGEST, NEW, Order, decide, evolve
from services.signatures.errors import NotPrepared
from services.signatures.events import DeviceSigningPrepared
from services.signatures.recording import JOURNAL
from services.signatures.tables import to_sign

ORDER_TIME = timedelta(hours=1)
ADDRESS_TIME = timedelta(minutes=10)


@dataclass(frozen=True)
class Loaded:
    """An order and the events that made it."""

    order: Order
    recorded: Sequence[Recorded]


def stream_of(signing_id: UUID) -> str:
    """The stream of an order."""
    return f"signing-{signing_id}"


def load(unit: Unit, signing_id: UUID) -> Loaded:
    """Read and fold an order's stream."""
    recorded = unit.store.read(stream_of(signing_id))
    return Loaded(reduce(evolve, map(JOURNAL.event, recorded), NEW), recorded)


@dataclass(frozen=True)
class Asker:
    """Who asks for the file, by a command of this id."""

    command_id: UUID
    person_id: str
    handler: str
    behalf: str | None


@dataclass(frozen=True)
class Addresses:
    """The secrets of an order's two addresses."""

    fetch: str
    hand_in: str


def prepare(
    unit: Unit,
    asker: Asker,
    loaded: Loaded,
    means: str,
    certificate: str,
    secrets: Addresses,
) -> list[Appended]:
    """Give the file out under new addresses; a digest is made by a job, for `certificate` (base64).

    Raises `NotTheSigner`, `SigningClosed`.
    """
    until = unit.now + ADDRESS_TIME
    command = PrepareDeviceSigning(asker.person_id, means, unit.now, until)
    (event,) = decide(loaded.order, command)
    assert isinstance(event, DeviceSigningPrepared)
    signing_id = event.signing_id
    first = loaded.recorded[0]
    context = Context(
        agency=str(event.agency_id),
        handler=asker.handler,
        occurred_at=unit.now,
        trace=first.trace,
        behalf=asker.behalf,
        correlation=correlation_id() or asker.command_id,
        causation=first.event_id,
        after_tx=first.tx,
    )
    version = len(loaded.recorded)
    stream = stream_of(signing_id)
    done = JOURNAL.append(unit.store, stream, version, [event], context, asker.command_id)
    unit.connection.execute(delete(to_sign).where(to_sign.c.signing_id == signing_id))
    addresses.forget(unit, signing_id)
    addresses.open_address(unit, signing_id, addresses.HAND_IN, secrets.hand_in, until)
    if means == DIGEST:
        arguments = {"signing_id": str(signing_id), "certificate": certificate}
        lane = stream  # of two that ask, the later one's is kept
        job_id = uuid5(asker.command_id, "prepare")
        unit.jobs.add(job_id, "device_prepare", arguments, context, urgent=True, lane=lane)
    else:
        addresses.open_address(unit, signing_id, addresses.FETCH, secrets.fetch, until)
    return [done]


def take(unit: Unit, signing_id: UUID, returned: str) -> None:
    """Take what was handed in, and have it checked; its address is used up.

    Raises `SigningClosed`, `NotPrepared`, and what `addresses.check` raises before.
    """
    loaded = load(unit, signing_id)
    prepared = loaded.order.prepared
    if prepared and prepared.means == DIGEST and prepared_row(unit, signing_id) is None:
        raise NotPrepared
    events = decide(loaded.order, TakeReturned(returned, unit.now))
    addresses.use(unit, signing_id, addresses.HAND_IN)
    # It is the step of him to whom the address was given.
    context = continuing(loaded.recorded[-1], now=unit.now)
    seed = uuid5(signing_id, returned)
    stream = stream_of(signing_id)
    JOURNAL.append(unit.store, stream, len(loaded.recorded), events, context, seed)
    last = unit.store.read_last(stream)
    assert last is not None
    arguments = {"signing_id": str(signing_id)}
    context = continuing(last, now=unit.now)
    unit.jobs.add(uuid5(seed, "check"), "device_check", arguments, context, urgent=True)


def prepared_row(unit: Unit, signing_id: UUID) -> dict[str, Any] | None:
    """What a worker prepared for a device, None as long as it did not."""
    query = select(to_sign.c.prepared).where(to_sign.c.signing_id == signing_id)
    return unit.connection.execute(query).scalar_one_or_none()
