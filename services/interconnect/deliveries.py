"""Documents on their way out: the jobs that write a packet and hand it over."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Connection

from libs import edxml
from libs.blobs import BlobStore
from libs.db import Database, Unit
from libs.jobs.queue import Job
from libs.jobs.worker import Finish
from services.interconnect import lookups, wire_names
from services.interconnect.arrivals import Content, Way, arrived, content_of, read_packet
from services.interconnect.commands import (
    Command,
    OpenDelivery,
    RecordRefusal,
    RecordSent,
)
from services.interconnect.compose import (
    VIETNAM,
    Answered,
    Attached,
    Earlier,
    Issued,
    Signer,
    document_packet,
    foreign_id_of,
    sent_as,
)
from services.interconnect.domain import AXIS, INSIDE, delivery_id, inside_packet_id
from services.interconnect.earlier import (
    EARLIER_REQUEST_OPEN,
    ask_update,
)
from services.interconnect.errors import NoCode, RequestOpen
from services.interconnect.events import PacketPrepared
from services.interconnect.journal import (
    JOURNAL,
    Write,
    delivery_stream,
    delivery_writes,
    dispatch_stream,
    hold_dispatch,
    packet_stream,
)
from services.interconnect.lookups import Party
from services.interconnect.opening import Opened, open_envelope
from services.interconnect.pairs import Numbers
from services.interconnect.reachable import stranger, why_unreachable
from services.interconnect.sealing import Sealer
from services.interconnect.sending import spooled
from services.interconnect.texts import member, read_text, uuid_of

_CHUNK = 256 * 1024


@dataclass(frozen=True)
class _Facts:
    """What the replicas add to an issued document."""

    sender: Party
    recipients: tuple[Party, ...]
    signer: lookups.Official
    answered: Answered | None
    earlier: Earlier | None


@dataclass(frozen=True)
class _Written:
    """A packet that is durable, and what it says when it is read again.

    `numbers` stand in our envelope; without one there are none.
    """

    digest: str
    foreign_id: str
    content: Content
    numbers: Numbers
    opened: Opened


@dataclass(frozen=True)
class _Here:
    """What the packet is to the recipients inside: their codes, and what of theirs it answers."""

    codes: dict[UUID, set[str]]
    answered: dict[UUID, UUID]

    @classmethod
    def of(cls, unit: Unit, parties: Sequence[Party], written: _Written | None) -> "_Here":
        """Asked for all of them at once."""
        inside = [party.agency_id for party in parties if party.channel == INSIDE]
        if not inside or written is None:
            return cls({}, {})
        codes = lookups.codes_of_each(unit.connection, inside)
        answers = written.content.answers
        return cls(codes, wire_names.own_dispatches(unit.connection, answers, inside))


def prepare(database: Database, blobs: BlobStore, sealer: Sealer, limit: int, job: Job) -> Finish:
    """Seal and write the packet of an issued document; open the deliveries, make those inside.

    `limit` is the most bytes that it may have.

    Raises `NotKnownYet` while a replica lags, `NoCode` for a sender without a code.
    """
    issued = issued_of(job.arguments)
    facts = lookups.wait_for(
        database, f"what document {issued.document_id} needs", lambda c: _facts(c, issued)
    )
    if not facts.sender.code:
        raise NoCode(issued.agency_id)
    sent_on = job.context.occurred_at.astimezone(VIETNAM).date()
    reachable = [party for party in facts.recipients if not why_unreachable(party, sent_on)]
    written = (
        _write_packet(database, blobs, sealer, limit, issued, facts, reachable, job)
        if reachable
        else None
    )

    def finish(unit: Unit) -> None:
        if issued.updates:
            hold_dispatch(unit, issued.updates)
        unit.store.prefetch(_streams_of(issued))
        here = _Here.of(unit, facts.recipients, written)
        writes: list[Write] = []
        if written:
            name = (issued.agency_id, written.foreign_id, issued.document_id)
            wire_names.remember_sent(unit.connection, *name)
            writes += _prepared_writes(unit, issued, written)
        outside: list[Party] = []
        for recipient in facts.recipients:
            asking, refusal = _asking(unit, issued, recipient, sent_on)
            writes += asking + _delivery_writes(unit, issued, recipient, written, refusal, here)
            if recipient.channel == AXIS and not refusal:
                outside.append(recipient)
        context = replace(job.context, occurred_at=unit.now)
        places = JOURNAL.append_all(unit.store, writes, context, job.job_id)
        if written and outside:
            context = replace(context, after_tx=places[-1].place.tx)
            arguments = {
                "packet": written.digest,
                "sender_code": facts.sender.code,
                "recipients": [
                    [delivery_id(issued.document_id, party.agency_id), party.code]
                    for party in outside
                ],
                "updates": str(issued.updates or ""),
            }
            job_id = uuid5(job.job_id, "send")
            unit.jobs.add(job_id, "send", arguments, context, urgent=issued.urgency > 0)

    return finish


def _streams_of(issued: Issued) -> list[str]:
    """The streams that are read to open the deliveries."""
    documents = [each for each in (issued.document_id, issued.updates) if each]
    names = [delivery_id(each, agency) for each in documents for agency in issued.recipients]
    return [dispatch_stream(issued.document_id), *map(delivery_stream, names)]


def issued_of(arguments: dict[str, Any]) -> Issued:
    """The issued document in a `prepare` job."""
    return Issued(
        document_id=UUID(arguments["document_id"]),
        agency_id=UUID(arguments["agency_id"]),
        file=arguments["file"],
        number=arguments["number"],
        notation=arguments["notation"],
        issued_on=date.fromisoformat(arguments["issued_on"]),
        type_code=arguments["type_code"],
        text=arguments["text"],
        urgency=arguments["urgency"],
        signer_id=UUID(arguments["signer_id"]),
        signer_position_id=uuid_of(arguments["signer_position_id"]),
        recipients=tuple(UUID(each) for each in dict.fromkeys(arguments["recipients"])),
        answers=uuid_of(arguments["answers"]),
        pages=arguments["pages"],
        attachments=tuple(Attached(**each) for each in arguments.get("attachments", [])),
        updates=uuid_of(arguments.get("updates", "")),
        replaces=uuid_of(arguments.get("replaces", "")),
    )


def _facts(connection: Connection, issued: Issued) -> _Facts | None:
    """Everything, or None while something has not arrived."""
    sender = lookups.party(connection, issued.agency_id, issued.issued_on)
    recipients = _recipients(connection, issued)
    signer = lookups.official(connection, issued.signer_id, issued.signer_position_id)
    if sender is None or signer is None or recipients is None:
        return None
    answered = _answered(connection, issued.answers) if issued.answers else None
    earlier_id = issued.updates or issued.replaces
    earlier = _earlier(connection, earlier_id) if earlier_id else None
    if issued.answers and answered is None:
        return None
    # What updates or replaces a document that never left is a new one to everybody.
    if earlier_id and earlier is None and not lookups.never_left(connection, earlier_id):
        return None
    return _Facts(sender, recipients, signer, answered, earlier)


def _recipients(connection: Connection, issued: Issued) -> tuple[Party, ...] | None:
    """The recipients; strangers without a name once the whole directory is known here."""
    known = lookups.parties(connection, issued.recipients, issued.issued_on)
    if len(known) < len(issued.recipients):
        if not lookups.caught_up(connection, "agency"):
            return None
        known = lookups.parties(connection, issued.recipients, issued.issued_on)
    return tuple(known.get(each) or stranger(each) for each in issued.recipients)


def _earlier(connection: Connection, document_id: UUID) -> Earlier | None:
    """The earlier document as its packet named it and its recipients."""
    dispatch = lookups.prepared_dispatch(connection, document_id)
    if dispatch is None:
        return None
    sent = sent_as(dispatch.foreign_id)
    ids = lookups.recipients_of(connection, document_id)
    known = lookups.parties(connection, ids, sent.issued_on)
    recipients = tuple(known[each] for each in ids if each in known and known[each].code)
    return Earlier(sent.foreign_id, sent.code, recipients)


def _answered(connection: Connection, document_id: UUID) -> Answered | None:
    document = lookups.incoming(connection, document_id)
    arrival = lookups.arrival(connection, document.packet_id) if document else None
    if arrival is None:
        return None
    return Answered(arrival.sender_code, arrival.code, arrival.issued_on, arrival.foreign_id)


def _write_packet(
    database: Database,
    blobs: BlobStore,
    sealer: Sealer,
    limit: int,
    issued: Issued,
    facts: _Facts,
    recipients: Sequence[Party],
    job: Job,
) -> _Written:
    with spooled(blobs, issued.file) as document:
        size = document.seek(0, 2)
    card = read_text(blobs, facts.signer.card)
    packet = document_packet(
        issued,
        read_text(blobs, issued.text),
        size,
        sender=facts.sender,
        recipients=recipients,
        signer=Signer(member(card, "full_name"), facts.signer.title, facts.signer.authority),
        answered=facts.answered,
        earlier=facts.earlier,
        at=job.context.occurred_at,
    )
    packet, numbers = sealer.document(
        packet,
        job,
        sender_id=issued.agency_id,
        recipients={party.agency_id: party.code for party in recipients},
        document_id=issued.document_id,
    )
    digest = _stored(packet, blobs, limit)
    # Recipients inside get what the packet says, as those outside do.
    with blobs.open(digest) as file:
        again = read_packet(file, blobs, limit)
    assert isinstance(again, edxml.DocumentPacket)
    opened = open_envelope(database, blobs, again, issued.agency_id)
    return _Written(
        digest,
        foreign_id_of(issued, facts.sender),
        content_of(opened.bare(again), blobs),
        numbers,
        opened,
    )


def _stored(packet: edxml.DocumentPacket, blobs: BlobStore, limit: int) -> str:
    """The digest of the packet: encoded, hashed and written in one pass."""
    writer = blobs.writer(limit=limit)
    try:
        edxml.write(packet, blobs, writer)
        return writer.commit().digest
    finally:
        writer.abort()


def _prepared_writes(unit: Unit, issued: Issued, written: _Written) -> list[Write]:
    stream = dispatch_stream(issued.document_id)
    _, version = JOURNAL.load(unit.store, stream)
    event = PacketPrepared(
        dispatch_id=issued.document_id,
        document_id=issued.document_id,
        agency_id=issued.agency_id,
        packet=written.digest,
        foreign_id=written.foreign_id,
    )
    return [(stream, version, [event])]


def _asking(unit: Unit, issued: Issued, recipient: Party, sent_on: date) -> tuple[list[Write], str]:
    """What the recipient is asked about the document that is updated, and why he gets none."""
    if refusal := why_unreachable(recipient, sent_on):
        return [], refusal
    if issued.updates is None:
        return [], ""
    try:
        return ask_update(unit, issued.updates, issued.document_id, recipient.agency_id), ""
    except RequestOpen:
        return [], EARLIER_REQUEST_OPEN


def _delivery_writes(
    unit: Unit,
    issued: Issued,
    recipient: Party,
    written: _Written | None,
    refusal: str,
    here: _Here,
) -> list[Write]:
    commands: list[Command] = [
        OpenDelivery(
            dispatch_id=issued.document_id,
            document_id=issued.document_id,
            sender_id=issued.agency_id,
            recipient_id=recipient.agency_id,
            channel=recipient.channel,
            pair_number=written.numbers.get(recipient.agency_id) if written else None,
        )
    ]
    arrivals: list[Write] = []
    if refusal or written is None:
        commands.append(RecordRefusal(reason_code=refusal, never_left=True))
    elif recipient.channel == INSIDE:
        commands.append(RecordSent(packet=written.digest))
        arrivals.append(_arrival_write(issued, recipient, written, here))
    name = delivery_id(issued.document_id, recipient.agency_id)
    return delivery_writes(unit, name, commands) + arrivals


def _arrival_write(issued: Issued, recipient: Party, written: _Written, here: _Here) -> Write:
    way = Way(
        packet_id=inside_packet_id(issued.document_id, recipient.agency_id),
        sender_id=issued.agency_id,
        recipient_id=recipient.agency_id,
        recipient_code=recipient.code,
        channel=INSIDE,
        packet=written.digest,
    )
    supersedes = written.content.superseded_for(here.codes.get(recipient.agency_id, set()))
    mark = written.opened.mark(recipient.code)
    answers = here.answered.get(recipient.agency_id)
    event = arrived(written.content, way, answers, supersedes, mark)
    return packet_stream(way.packet_id), 0, [event]
