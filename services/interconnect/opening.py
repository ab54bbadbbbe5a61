"""Envelopes of packets that came: checked by what the directory says, and never fatal.

A packet whose envelope is not believed is taken as one without, and the reason is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from libs import edxml
from libs.blobs import BlobStore
from libs.db import Database
from libs.envelope import (
    Certificate,
    Envelope,
    EnvelopeError,
    RecipientWrong,
    SignerUnknown,
    Step,
    certificate_of,
    check_packet,
    find,
    unseal,
    without_envelope,
)
from services.interconnect import lookups
from services.interconnect.domain.envelope import GOOD
from services.interconnect.errors import NotKnownYet
from services.interconnect.metrics import BAD_ENVELOPES

P = TypeVar("P", edxml.DocumentPacket, edxml.StatusPacket)


@dataclass(frozen=True)
class Mark:
    """What events keep of an envelope: its number for one recipient, and the verdict on it."""

    pair_number: int | None = None
    envelope: str | None = None

    @property
    def bad(self) -> bool:
        """Whether one came that is not believed."""
        return self.envelope not in (None, GOOD)


@dataclass(frozen=True)
class Opened:
    """A packet's envelope: `verdict` is None without one, "good", or the code of the reason."""

    verdict: str | None = None
    envelope: Envelope | None = None

    def mark(self, code: str) -> Mark:
        """What it is to the recipient who is addressed by this code."""
        if self.envelope is None:
            return Mark(envelope=self.verdict)
        try:
            return Mark(self.envelope.number_for(code), GOOD)
        except RecipientWrong as error:
            return Mark(envelope=error.code)

    @property
    def step(self) -> Step | None:
        """The step record of a status."""
        return self.envelope.step if self.envelope else None

    def bare(self, packet: P) -> P:
        """The packet without its envelope; one that is no good stays a file of the packet."""
        return without_envelope(packet) if self.envelope else packet


def open_envelope(database: Database, blobs: BlobStore, packet: P, sender_id: UUID) -> Opened:
    """Open the envelope of a packet that is this agency's by its own word.

    Raises `NotKnownYet` while the certificate may be on its way from the directory.
    """
    try:
        sealed = find(packet, blobs)
        if sealed is None:
            return Opened()
        envelope = _unsealed(database, blobs, sealed, packet.header.sender.organ_id, sender_id)
        check_packet(envelope, packet)
        return Opened(GOOD, envelope)
    except EnvelopeError as error:
        BAD_ENVELOPES.labels(error.code).inc()
        return Opened(error.code)


def _unsealed(
    database: Database, blobs: BlobStore, sealed: str, code: str, sender_id: UUID
) -> Envelope:
    with database.unit() as unit:
        files = lookups.service_certificates(unit.connection, sender_id)
    try:
        return unseal(sealed, trust={code: _certificates(blobs, files)})
    except SignerUnknown as error:
        with database.unit() as unit:
            if not lookups.caught_up(unit.connection, "certificate"):
                raise NotKnownYet("all of category certificate") from error
            files = lookups.service_certificates(unit.connection, sender_id)
    return unseal(sealed, trust={code: _certificates(blobs, files)})


def _certificates(blobs: BlobStore, files: Sequence[str]) -> list[Certificate]:
    return [certificate_of(blobs.read(file)) for file in files]
