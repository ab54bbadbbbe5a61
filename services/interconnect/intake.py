"""One packet of the axis, from its bytes in hand to what is recorded of it.

Everything here may run again after a crash: ids come from the axis' own, and a stream that has
begun is left as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO
from uuid import UUID

from libs import edxml
from libs.blobs import BlobStore
from libs.db import Database, Unit
from libs.eventstore import NO_STREAM, Context
from services.interconnect import lookups
from services.interconnect.arrivals import (
    LONGEST_ID,
    Content,
    Way,
    arrived,
    content_of,
    read_packet,
)
from services.interconnect.axis import Received
from services.interconnect.deliveries import answered_document
from services.interconnect.domain import AXIS, INSIDE, axis_packet_id
from services.interconnect.errors import NotKnownYet, PacketRejected
from services.interconnect.events import PacketUnreadable, StatusUnmatched
from services.interconnect.journal import (
    JOURNAL,
    SYSTEM,
    delivery_writes,
    exists,
    packet_stream,
)
from services.interconnect.metrics import BAD_PACKETS
from services.interconnect.statuses import status_of

NOBODY = "installation"
"""The acting agency of what concerns none of ours."""


@dataclass(frozen=True)
class Verdict:
    """What the axis is told: the recipients who have the packet, and those who never will."""

    done: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


class Intake:
    """Records packets of the axis. `limit` is the most bytes that one may have."""

    def __init__(self, database: Database, blobs: BlobStore, limit: int) -> None:
        self._database = database
        self._blobs = blobs
        self._limit = limit

    def take(self, received: Received, packet: str, file: BinaryIO) -> Verdict:
        """Record what came: `packet` is the digest of its durable bytes, `file` shows them.

        Raises `NotKnownYet` while our replicas lag: the packet then waits on the axis.
        """
        try:
            read = read_packet(file, self._blobs, self._limit)
            if isinstance(read, edxml.StatusPacket) != (received.message_type == "status"):
                raise PacketRejected("wrong_message_type")
            if isinstance(read, edxml.StatusPacket):
                return self._status(received, packet, read.header)
            return self._document(received, packet, content_of(read, self._blobs))
        except PacketRejected as error:
            return self.reject(received, packet, error.reason_code)

    def reject(self, received: Received, packet: str | None, reason_code: str) -> Verdict:
        """Put a packet that no recipient gets on the desk."""
        self._to_desk(received, packet, reason_code)
        return Verdict(failed=received.to)

    def _document(self, received: Received, packet: str, content: Content) -> Verdict:
        sender_id = self._sender(received, content.sender_code)
        done: list[str] = []
        failed: dict[str, str] = {}
        for code in received.to:
            try:
                self._arrive(received, packet, content, sender_id, code)
                done.append(code)
            except PacketRejected as error:
                failed[code] = error.reason_code
        if not done and not failed:
            raise PacketRejected("recipient_unknown")
        if failed:
            self._to_desk(received, packet, next(iter(failed.values())))
        return Verdict(tuple(done), tuple(failed))

    def _arrive(
        self, received: Received, packet: str, content: Content, sender_id: UUID, code: str
    ) -> None:
        with self._database.unit() as unit:
            recipient = _known(
                unit, "agency", lambda: lookups.agency_by_code(unit.connection, code)
            )
            if recipient is None or recipient.channel != INSIDE:
                raise PacketRejected("recipient_unknown")
            way = Way(
                packet_id=axis_packet_id(received.doc_id, recipient.agency_id),
                sender_id=sender_id,
                recipient_id=recipient.agency_id,
                recipient_code=code,
                channel=AXIS,
                packet=packet,
                axis_doc_id=received.doc_id,
            )
            if lookups.same_document(
                unit.connection, content.foreign_id, sender_id, way.recipient_id, received.doc_id
            ):
                raise PacketRejected("document_known")
            answered = content.answers and _known(
                unit, "delivery", lambda: answered_document(unit, content, way.recipient_id)
            )
            event = arrived(content, way, answered.dispatch_id if answered else None)
            trace = answered.trace if answered else axis_packet_id(received.doc_id)
            _begin(unit, way.packet_id, event, _context(unit, str(way.recipient_id), trace))

    def _sender(self, received: Received, code: str) -> UUID:
        """The sender by its own word, if the axis says the same and it is on the axis' side."""
        with self._database.unit() as unit:
            claimed = _known(unit, "agency", lambda: lookups.agency_by_code(unit.connection, code))
            named = lookups.agency_by_code(unit.connection, received.from_)
        if claimed is None:
            raise PacketRejected("sender_unknown")
        if claimed.channel != AXIS:
            raise PacketRejected("sender_not_on_axis")
        if named is None or named.agency_id != claimed.agency_id:
            raise PacketRejected("sender_mismatch")
        agency_id: UUID = claimed.agency_id
        return agency_id

    def _status(self, received: Received, packet: str, header: edxml.StatusHeader) -> Verdict:
        teller_id = self._sender(received, header.sender.organ_id)
        command = status_of(header, self._blobs, packet, AXIS)
        about = header.response_for.document_id
        if len(about) > LONGEST_ID:
            raise PacketRejected("text_too_long")
        with self._database.unit() as unit:
            delivery = _known(
                unit, "delivery", lambda: lookups.delivery_of(unit.connection, about, teller_id)
            )
            if delivery is None:
                _unmatched(unit, received, packet, command.status_code, about)
                return Verdict(done=received.to)
            writes = delivery_writes(unit, delivery.delivery_id, [command])
            if writes:
                context = _context(unit, str(delivery.sender_id), delivery.trace)
                seed = axis_packet_id(received.doc_id)
                JOURNAL.append_all(unit.store, writes, context, seed)
        return Verdict(done=received.to)

    def _to_desk(self, received: Received, packet: str | None, reason_code: str) -> None:
        packet_id = axis_packet_id(received.doc_id)
        event = PacketUnreadable(
            packet_id=packet_id,
            packet=packet,
            axis_doc_id=received.doc_id,
            reason_code=reason_code,
        )
        with self._database.unit() as unit:
            if _begin(unit, packet_id, event, _context(unit, NOBODY, packet_id)):
                BAD_PACKETS.labels(reason_code).inc()


def _unmatched(unit: Unit, received: Received, packet: str, status_code: str, about: str) -> None:
    packet_id = axis_packet_id(received.doc_id)
    event = StatusUnmatched(
        packet_id=packet_id,
        packet=packet,
        axis_doc_id=received.doc_id,
        status_code=status_code,
        foreign_id=about,
    )
    if _begin(unit, packet_id, event, _context(unit, NOBODY, packet_id)):
        BAD_PACKETS.labels("no_such_delivery").inc()


def _known(unit: Unit, category: str, probe: Callable[[], Any]) -> Any:
    """What the probe finds; None only when the replica has all that the store has.

    A status can be back before our own read model has seen that we sent the document.
    """
    found = probe()
    if found is None:
        if not lookups.caught_up(unit, category):
            raise NotKnownYet(f"all of category {category}")
        found = probe()
    return found


def _begin(unit: Unit, packet_id: UUID, event: object, context: Context) -> bool:
    """Begin a packet's stream; False when that was done before."""
    stream = packet_stream(packet_id)
    if exists(unit, stream):
        return False
    JOURNAL.append(unit.store, stream, NO_STREAM, [event], context, packet_id)
    return True


def _context(unit: Unit, agency: str, trace: UUID) -> Context:
    return Context(agency=agency, handler=SYSTEM, occurred_at=unit.now, trace=trace)
