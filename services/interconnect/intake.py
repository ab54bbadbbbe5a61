"""One packet of the axis, from its bytes in hand to what is recorded of it.

Everything here may run again after a crash: ids come from the axis' own, and a stream that has
begun is left as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO
from uuid import UUID

from libs import edxml
from libs.blobs import BlobStore
from libs.db import Database, Unit
from libs.eventstore import NO_STREAM, Context
from services.interconnect import lookups, wire_names
from services.interconnect.arrivals import (
    LONGEST_ID,
    Content,
    Way,
    arrived,
    content_of,
    read_packet,
)
from services.interconnect.axis import Received
from services.interconnect.commands import RecordRecall
from services.interconnect.compose import VIETNAM
from services.interconnect.domain import AXIS, INSIDE, axis_packet_id, early_packet_id
from services.interconnect.domain import packet as packets
from services.interconnect.domain.envelope import may_be_damage
from services.interconnect.earlier import opened_dispatch, settled_writes
from services.interconnect.errors import NotKnownYet, PacketDamaged, PacketRejected
from services.interconnect.events import (
    DispatchOpened,
    PacketArrived,
    PacketUnreadable,
    RecallHeld,
    StatusUnmatched,
)
from services.interconnect.heard import instant_of, require_fit, status_of
from services.interconnect.journal import (
    JOURNAL,
    SYSTEM,
    exists,
    hold_writes,
    load_packet,
    packet_stream,
    recall_writes,
)
from services.interconnect.metrics import BAD_PACKETS
from services.interconnect.named import arrivals_named, delivery_named
from services.interconnect.opening import Mark, Opened, P, open_envelope
from services.interconnect.recalls import TAKE_BACK, recall_of
from services.interconnect.texts import put_text

NOBODY = "installation"
"""The acting agency of what concerns none of ours."""
NO_SUCH_DELIVERY = "no_such_delivery"
OnDesk = PacketUnreadable | StatusUnmatched


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

    def take(
        self, received: Received, packet: str, file: BinaryIO, *, last: bool = True
    ) -> Verdict:
        """Record what came: `packet` is the digest of its durable bytes, `file` shows them.

        Raises `NotKnownYet` while our replicas lag: the packet then waits on the axis; and
        `PacketDamaged` for what may be whole when it is fetched again. The `last` time a packet
        that cannot be read goes to the desk; one that differs from its envelope is taken, for
        people to judge.
        """
        try:
            read = read_packet(file, self._blobs, self._limit)
            if isinstance(read, edxml.StatusPacket) != (received.message_type == "status"):
                raise PacketRejected("wrong_message_type")
            if isinstance(read, edxml.StatusPacket):
                return self._status(received, packet, read, last)
            if read.trace.business.kind is edxml.BusinessKind.RECALL:
                return self._recall_packet(received, packet, read, last)
            return self._document(received, packet, read, last)
        except PacketRejected as error:
            if isinstance(error, PacketDamaged) and not last:
                raise
            return self.reject(received, packet, error.reason_code)

    def reject(self, received: Received, packet: str | None, reason_code: str) -> Verdict:
        """Put a packet that no recipient gets on the desk."""
        self._unread(received, packet, reason_code, received.to)
        return Verdict(failed=received.to)

    def _document(
        self, received: Received, packet: str, read: edxml.DocumentPacket, last: bool
    ) -> Verdict:
        sender_id = self._sender(received, read.header.sender.organ_id)
        opened = self._opened(read, sender_id, last)
        content = content_of(opened.bare(read), self._blobs)
        done: list[str] = []
        failed: dict[str, str] = {}
        for code in received.to:
            try:
                self._arrive(received, packet, content, sender_id, code, opened.mark(code))
                done.append(code)
            except PacketRejected as error:
                failed[code] = error.reason_code
        if not done and not failed:
            raise PacketRejected("recipient_unknown")
        if failed:
            self._unread(received, packet, next(iter(failed.values())), tuple(failed))
        return Verdict(tuple(done), tuple(failed))

    def _opened(self, read: P, sender_id: UUID, last: bool) -> Opened:
        opened = open_envelope(self._database, self._blobs, read, sender_id)
        if may_be_damage(opened.verdict) and not last:
            raise PacketDamaged(opened.verdict or "")
        return opened

    def _arrive(
        self,
        received: Received,
        packet: str,
        content: Content,
        sender_id: UUID,
        code: str,
        mark: Mark,
    ) -> None:
        with self._database.unit() as unit:
            recipient = _agency(unit, code)
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
            early = _queue(unit, sender_id, way.recipient_id, content.foreign_id)
            if exists(unit, packet_stream(way.packet_id)):
                return
            if recipient.closed_on and recipient.closed_on < unit.now.astimezone(VIETNAM).date():
                raise PacketRejected("recipient_closed")
            answered = _answered(unit, content, way.recipient_id)
            codes = lookups.codes_of(unit.connection, way.recipient_id)
            supersedes = content.superseded_for(codes)
            answers = answered[0].dispatch_id if answered else None
            event = arrived(content, way, answers, supersedes, mark)
            known = _known(unit, event)
            if packets.is_repeat(event, known):
                return
            if packets.takes_a_name(event, known):
                raise PacketRejected("document_known")
            # Recalls that came first were for the first that came by the name.
            events = [event] if known else packets.join(load_packet(unit, early)[0], event)
            _remember(unit, event)
            trace = answered[1] if answered else _trace_of_older(unit, event)
            _begin(unit, way.packet_id, events, _context(unit, str(way.recipient_id), trace))

    def _sender(self, received: Received, code: str) -> UUID:
        """The sender by its own word, if the axis says the same and it is on the axis' side."""
        with self._database.unit() as unit:
            claimed = _agency(unit, code)
            named = lookups.agency_by_code(unit.connection, received.from_)
        if claimed is None:
            raise PacketRejected("sender_unknown")
        if claimed.channel != AXIS:
            raise PacketRejected("sender_not_on_axis")
        if named is None or named.agency_id != claimed.agency_id:
            raise PacketRejected("sender_mismatch")
        agency_id: UUID = claimed.agency_id
        return agency_id

    def _status(
        self, received: Received, packet: str, read: edxml.StatusPacket, last: bool
    ) -> Verdict:
        header = read.header
        require_fit(header)
        teller_id = self._sender(received, header.sender.organ_id)
        opened = self._opened(read, teller_id, last)
        about = header.response_for.document_id
        if len(about) > LONGEST_ID:
            raise PacketRejected("text_too_long")
        with self._database.unit() as unit:
            found = delivery_named(unit, about, [teller_id])
            if found is None:
                ended = lookups.predecessors(unit.connection, teller_id)
                found = delivery_named(unit, about, ended)
            if found is None and header.status_code == TAKE_BACK:
                asked = recall_of(header, self._blobs, packet, AXIS, opened, received.doc_id)
                return self._recall(received, teller_id, about, asked, opened)
            if found is not None:
                delivery, trace = found
                codes = lookups.codes_of(unit.connection, delivery.sender_id)
                command = status_of(header, self._blobs, packet, AXIS, opened, codes)
                if delivery.recipient_id != teller_id:
                    command = replace(command, teller_id=teller_id)
                writes = settled_writes(unit, delivery.delivery_id, [command])
                if writes:
                    context = _context(unit, str(delivery.sender_id), trace)
                    seed = axis_packet_id(received.doc_id)
                    JOURNAL.append_all(unit.store, writes, context, seed)
        if found is None:
            self._unmatched(received, packet, header.status_code, about)
        return Verdict(done=received.to)

    def _recall_packet(
        self, received: Received, packet: str, read: edxml.DocumentPacket, last: bool
    ) -> Verdict:
        """A packet of type 1 asks the same as a status packet 13."""
        business = read.trace.business
        asker_id = self._sender(received, read.header.sender.organ_id)
        times = [each.timestamp for each in read.trace.headers if each.timestamp]
        if not times:
            raise PacketRejected("bad_timestamp")
        note = {"note": business.doc_reason}
        asked = RecordRecall(
            asked_at=instant_of(times[0]),
            note=put_text(self._blobs, note) if business.doc_reason else None,
            request_packet=packet,
            channel=AXIS,
            axis_doc_id=received.doc_id,
        )
        about = business.document_id or read.header.document_id
        opened = self._opened(read, asker_id, last)
        return self._recall(received, asker_id, about, asked, opened)

    def _recall(
        self, received: Received, asker_id: UUID, about: str, asked: RecordRecall, opened: Opened
    ) -> Verdict:
        """Record a recall of a document at each addressed agency that has it, or hold it."""
        if len(about) > LONGEST_ID:
            raise PacketRejected("text_too_long")
        done: list[str] = []
        for code in received.to:
            with self._database.unit() as unit:
                agency = _agency(unit, code)
                if agency is not None and agency.channel == INSIDE:
                    marked = replace(asked, **vars(opened.mark(code)))
                    _ask_back(unit, asker_id, agency.agency_id, about, marked)
                    done.append(code)
        if not done:
            raise PacketRejected("recipient_unknown")
        failed = tuple(code for code in received.to if code not in done)
        if failed:
            self._unread(received, asked.request_packet, "recipient_unknown", failed)
        return Verdict(tuple(done), failed)

    def _unread(
        self, received: Received, packet: str | None, reason_code: str, codes: tuple[str, ...]
    ) -> None:
        self.to_desk(
            PacketUnreadable(
                packet_id=axis_packet_id(received.doc_id),
                packet=packet,
                axis_doc_id=received.doc_id,
                reason_code=reason_code,
                message_type=received.message_type,
                sender_code=received.from_,
                recipient_codes=codes,
            )
        )

    def _unmatched(self, received: Received, packet: str, status_code: str, about: str) -> None:
        self.to_desk(
            StatusUnmatched(
                packet_id=axis_packet_id(received.doc_id),
                packet=packet,
                axis_doc_id=received.doc_id,
                status_code=status_code,
                foreign_id=about,
                sender_code=received.from_,
                recipient_codes=received.to,
            )
        )

    def to_desk(self, event: OnDesk) -> None:
        """Record that a packet cannot be taken, once."""
        with self._database.unit() as unit:
            context = _context(unit, NOBODY, event.packet_id)
            if _begin(unit, event.packet_id, [event], context):
                BAD_PACKETS.labels(reason_of(event)).inc()


def reason_of(event: OnDesk) -> str:
    """Why a packet stands on the desk."""
    return event.reason_code if isinstance(event, PacketUnreadable) else NO_SUCH_DELIVERY


def _queue(unit: Unit, sender_id: UUID, recipient_id: UUID, foreign_id: str) -> UUID:
    """Let a document and its recalls go one after the other; where recalls wait that come first.

    They append to different streams, so their versions would let both believe to be the first.
    """
    early = early_packet_id(sender_id, recipient_id, foreign_id)
    unit.hold(packet_stream(early))
    return early


def _known(unit: Unit, event: PacketArrived) -> list[PacketArrived]:
    """What came by the same name; however close two packets are, one waits for the other."""
    known = arrivals_named(unit, event.sender_id, event.recipient_id, [event.foreign_id])
    return [each for each, _trace in known]


def _remember(unit: Unit, event: PacketArrived) -> None:
    ids = (event.sender_id, event.recipient_id, event.foreign_id)
    wire_names.remember(unit.connection, *ids, event.business, event.packet_id)


def _answered(unit: Unit, content: Content, agency_id: UUID) -> tuple[DispatchOpened, UUID] | None:
    """The dispatch of this agency that the content answers, and its trace."""
    own = wire_names.own_dispatches(unit.connection, content.answers, [agency_id])
    return opened_dispatch(unit, own[agency_id]) if own else None


def _ask_back(
    unit: Unit, asker_id: UUID, recipient_id: UUID, about: str, asked: RecordRecall
) -> None:
    early = _queue(unit, asker_id, recipient_id, about)
    found = arrivals_named(unit, asker_id, recipient_id, [about])
    if found:
        arrival, trace = found[-1]
        writes = recall_writes(unit, arrival.packet_id, asked)
    else:
        packet_id = trace = early
        writes = hold_writes(unit, packet_id, _held(asker_id, recipient_id, about, asked))
    if writes:
        context = _context(unit, str(recipient_id), trace)
        seed = axis_packet_id(asked.axis_doc_id or "", recipient_id)
        JOURNAL.append_all(unit.store, writes, context, seed)


def _held(asker_id: UUID, recipient_id: UUID, about: str, asked: RecordRecall) -> RecallHeld:
    return RecallHeld(
        packet_id=early_packet_id(asker_id, recipient_id, about),
        sender_id=asker_id,
        recipient_id=recipient_id,
        foreign_id=about,
        asked_at=asked.asked_at,
        note=asked.note,
        request_packet=asked.request_packet,
        axis_doc_id=asked.axis_doc_id or "",
        pair_number=asked.pair_number,
        envelope=asked.envelope,
    )


def _trace_of_older(unit: Unit, event: PacketArrived) -> UUID:
    """The trace of what the arrival updates or replaces here, or one of its own.

    An update that came first under the arrival's own name has begun the trace.
    """
    names = event.supersedes or [event.foreign_id]
    older = arrivals_named(unit, event.sender_id, event.recipient_id, names)
    return older[-1][1] if older else axis_packet_id(event.axis_doc_id or "")


def _agency(unit: Unit, code: str) -> Any:
    """The agency of this code; None only when the replica has all that the store has."""
    found = lookups.agency_by_code(unit.connection, code)
    if found is None:
        if not lookups.caught_up(unit.connection, "agency"):
            raise NotKnownYet("all of category agency")
        found = lookups.agency_by_code(unit.connection, code)
    return found


def _begin(unit: Unit, packet_id: UUID, events: Sequence[object], context: Context) -> bool:
    """Begin a packet's stream; False when that was done before."""
    stream = packet_stream(packet_id)
    if exists(unit, stream):
        return False
    JOURNAL.append(unit.store, stream, NO_STREAM, events, context, packet_id)
    return True


def _context(unit: Unit, agency: str, trace: UUID) -> Context:
    return Context(agency=agency, handler=SYSTEM, occurred_at=unit.now, trace=trace)
