"""Our envelopes put into packets that leave: the number drawn, the envelope signed, both once.

An agency without a usable service key (khóa dịch vụ) sends plain packets: counted, never held up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from libs import edxml
from libs.blobs import BlobStore
from libs.db import Database
from libs.envelope import (
    Envelope,
    EnvelopeError,
    KeyFolder,
    KeyUnusable,
    PairNumber,
    ServiceKey,
    Step,
    files_of,
    put,
    seal,
    unchecked,
)
from libs.jobs.queue import Job
from libs.observability import get_logger
from services.interconnect import lookups
from services.interconnect.domain.pair import DOCUMENT, STATUS
from services.interconnect.metrics import PLAIN_PACKETS
from services.interconnect.pairs import Numbers, draw, drawn

P = TypeVar("P", edxml.DocumentPacket, edxml.StatusPacket)
_NO_KEY, _UNUSABLE, _NOT_VALID = "no_service_key", "service_key_unusable", "certificate_not_valid"

logger = get_logger(__name__)


@dataclass(frozen=True)
class Sealer:
    """Seals packets of our agencies with the keys that the installation keeps for them."""

    database: Database
    blobs: BlobStore
    keys: KeyFolder

    def document(
        self,
        packet: edxml.DocumentPacket,
        job: Job,
        *,
        sender_id: UUID,
        recipients: Mapping[UUID, str],
        document_id: UUID,
    ) -> tuple[edxml.DocumentPacket, Numbers]:
        """The packet with its envelope, and each recipient's number; `recipients` are codes by id.

        Without a usable key the packet as it is, and no numbers.
        """
        envelope = Envelope(
            sender=packet.header.sender.organ_id,
            numbers=(),
            document_id=packet.header.document_id,
            made_at=datetime.now(UTC),
            files=files_of(packet),
        )
        return self._put(packet, job, envelope, sender_id, recipients, (DOCUMENT, document_id))

    def status(
        self,
        packet: edxml.StatusPacket,
        job: Job,
        *,
        sender_id: UUID,
        recipient_id: UUID,
        document_id: UUID,
        at: datetime,
    ) -> tuple[edxml.StatusPacket, int | None]:
        """The packet with its envelope and step record, and its number; `at` is when it was done.

        Those who do not know envelopes get the packet as it is, for a status has no files by the
        format; so they do from an agency without a usable key.
        """
        with self.database.unit() as unit:
            if not lookups.knows_envelopes(unit.connection, recipient_id):
                return packet, None
        header = packet.header
        step = Step(
            status=header.status_code,
            agency=header.sender.organ_id,
            at=at,
            unit=header.staff.department or None,
            handler=header.staff.staff or None,
            note=header.description or None,
        )
        envelope = Envelope(
            sender=header.sender.organ_id,
            numbers=(),
            document_id=header.response_for.document_id,
            made_at=datetime.now(UTC),
            step=step,
        )
        recipients = {recipient_id: header.response_for.organ_id}
        packet, numbers = self._put(
            packet, job, envelope, sender_id, recipients, (STATUS, document_id)
        )
        return packet, numbers.get(recipient_id)

    def _put(
        self,
        packet: P,
        job: Job,
        envelope: Envelope,
        sender_id: UUID,
        recipients: Mapping[UUID, str],
        what: tuple[str, UUID],
    ) -> tuple[P, Numbers]:
        """Draw the numbers that `envelope` has not got yet, seal it, and put it into the packet."""
        key = self._key(sender_id, envelope.made_at)
        if isinstance(key, str):
            before = self._sealed_before(packet, job, envelope, sender_id, recipients)
            return before or _plain(packet, key)

        fresh: list[P] = []

        def keep(numbers: Numbers) -> str:
            made = seal(_numbered(envelope, recipients, numbers), key.private, key.certificate)
            fresh.append(put(packet, made, self.blobs))
            return fresh[0].attachments[-1].digest

        try:
            with self.database.unit() as unit:
                got = draw(unit, job, sender_id, recipients, what, keep)
            if not fresh:
                wanted = _numbered(envelope, recipients, got.numbers)
                made = self._kept(wanted, got.sealed) or seal(wanted, key.private, key.certificate)
                fresh.append(put(packet, made, self.blobs))
            return fresh[0], got.numbers
        except EnvelopeError as error:
            return _plain(packet, error.code)

    def _sealed_before(
        self,
        packet: P,
        job: Job,
        envelope: Envelope,
        sender_id: UUID,
        recipients: Mapping[UUID, str],
    ) -> tuple[P, Numbers] | None:
        """The packet with the envelope of an earlier try, when there was a key, if it still fits.

        A number that was drawn and leaves with no packet would look like a lost one.
        """
        with self.database.unit() as unit:
            before = drawn(unit, job, sender_id, recipients)
        if before.numbers.keys() != recipients.keys():
            return None
        made = self._kept(_numbered(envelope, recipients, before.numbers), before.sealed)
        return (put(packet, made, self.blobs), before.numbers) if made else None

    def _kept(self, wanted: Envelope, sealed: str) -> str | None:
        """The envelope of an earlier try, if it still says what is to be said."""
        text = self.blobs.read(sealed).decode("ascii")
        same = replace(unchecked(text), made_at=wanted.made_at) == wanted
        return text if same else None

    def _key(self, agency_id: UUID, at: datetime) -> ServiceKey | str:
        """The agency's key, or why there is none that may be used."""
        try:
            key = self.keys.key_of(agency_id)
        except KeyUnusable as error:
            logger.error("service_key_unusable", agency=str(agency_id), cause=str(error))
            return _UNUSABLE
        if key is None or not key.holds_at(at):
            return _NOT_VALID if key else _NO_KEY
        return key


def _plain(packet: P, reason: str) -> tuple[P, Numbers]:
    PLAIN_PACKETS.labels(reason).inc()
    return packet, {}


def _numbered(
    envelope: Envelope, recipients: Mapping[UUID, str], numbers: Mapping[UUID, int]
) -> Envelope:
    codes = {code: numbers[each] for each, code in recipients.items()}
    pairs = (PairNumber(recipient=code, number=codes[code]) for code in sorted(codes))
    return replace(envelope, numbers=tuple(pairs))
