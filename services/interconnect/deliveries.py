"""Documents on their way out: the jobs that write a packet and hand it over."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, BinaryIO
from uuid import UUID, uuid5

from sqlalchemy import Connection

from libs import edxml
from libs.blobs import BlobStore
from libs.db import Database, Unit
from libs.jobs.queue import Job
from libs.jobs.worker import Finish
from services.interconnect import lookups
from services.interconnect.arrivals import Content, Way, arrived, content_of, read_packet
from services.interconnect.axis import AxisClient, AxisRefused
from services.interconnect.axis.outcomes import is_final, of_a_recipient
from services.interconnect.commands import (
    Command,
    OpenDelivery,
    RecordRefusal,
    RecordSent,
    RecordWithdrawal,
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
    lapse_update,
    settled_writes,
)
from services.interconnect.errors import NoCode, RequestOpen
from services.interconnect.events import PacketPrepared, RecallAsked
from services.interconnect.journal import (
    JOURNAL,
    Write,
    delivery_writes,
    dispatch_stream,
    load_delivery,
    packet_stream,
)
from services.interconnect.lookups import Party
from services.interconnect.opening import Opened, open_envelope
from services.interconnect.pairs import Numbers
from services.interconnect.reachable import stranger, why_unreachable
from services.interconnect.recalls import add_recall_job
from services.interconnect.sealing import Sealer
from services.interconnect.texts import member, read_text

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
        writes = _prepared_writes(unit, issued, written) if written else []
        outside: list[Party] = []
        for recipient in facts.recipients:
            asking, refusal = _asking(unit, issued, recipient, sent_on)
            writes += asking + _delivery_writes(unit, issued, recipient, written, refusal)
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


def send(database: Database, blobs: BlobStore, axis: AxisClient, job: Job) -> Finish:
    """Send one packet by the axis to all its recipients there; repeating it changes nothing.

    Who was asked to give it back before the first try never gets it; later it may have left
    already, and he is told. Raises `AxisUnreachable`, and `AxisRefused` for what is ours to mend.
    """
    addressed: list[tuple[str, str]] = [tuple(pair) for pair in job.arguments["recipients"]]
    kept_back = _recalled(database, addressed) if job.first_try else set()
    recipients = [(delivery, code) for delivery, code in addressed if delivery not in kept_back]
    outcomes: list[tuple[str, Command]] = [(each, RecordWithdrawal()) for each in kept_back]
    if recipients:
        with spooled(blobs, job.arguments["packet"]) as file:
            outcomes += _outcomes(axis, file, recipients, job)

    def finish(unit: Unit) -> None:
        record_outcomes(unit, job, outcomes)

    return finish


def _outcomes(
    axis: AxisClient, file: BinaryIO, recipients: Sequence[tuple[str, str]], job: Job
) -> list[tuple[str, Command]]:
    """What the axis says of each. One recipient whom it does not know keeps it from no other: the
    list is halved until he stands alone."""
    packet = job.arguments["packet"]
    outcome: Command
    try:
        file.seek(0)
        doc_id = axis.send(
            file,
            message_type="edoc",
            sender=job.arguments["sender_code"],
            recipients=[code for _, code in recipients],
            sha256=packet,
        )
        outcome = RecordSent(packet=packet, axis_doc_id=doc_id)
    except AxisRefused as error:
        if not is_final(error.code, job.attempts):
            raise
        if of_a_recipient(error.code) and len(recipients) > 1:
            half = len(recipients) // 2
            return _outcomes(axis, file, recipients[:half], job) + _outcomes(
                axis, file, recipients[half:], job
            )
        outcome = RecordRefusal(reason_code=f"axis-{error.code}")
    return [(delivery, outcome) for delivery, _ in recipients]


def _recalled(database: Database, recipients: Sequence[tuple[str, str]]) -> set[str]:
    with database.unit() as unit:
        return {
            name
            for name, _ in recipients
            if isinstance(load_delivery(unit, name)[0].request, RecallAsked)
        }


def record_outcomes(unit: Unit, job: Job, outcomes: Sequence[tuple[str, Command]]) -> None:
    """Record what became of each delivery, and what that means for the earlier document."""
    updates = _uuid(job.arguments.get("updates", ""))
    writes: list[Write] = []
    late: list[str] = []
    for name, outcome in outcomes:
        delivery, _ = load_delivery(unit, name)
        writes += settled_writes(unit, name, [outcome])
        if isinstance(outcome, RecordSent):
            late += [name] if isinstance(delivery.request, RecallAsked) else []
        elif updates and delivery.opened:
            opened = delivery.opened
            writes += lapse_update(unit, updates, opened.document_id, opened.recipient_id)
    context = replace(job.context, occurred_at=unit.now)
    if not writes:
        return
    places = JOURNAL.append_all(unit.store, writes, context, job.job_id)
    context = replace(context, after_tx=places[-1].place.tx)
    for name in late:
        add_recall_job(unit, name, job.job_id, context, urgent=True)


@contextmanager
def spooled(blobs: BlobStore, digest: str) -> Iterator[BinaryIO]:
    """A blob as a file of its own: checked to its end and of known length before it is sent."""
    with tempfile.TemporaryFile() as file, blobs.open(digest) as blob:
        while data := blob.read(_CHUNK):
            file.write(data)
        file.seek(0)
        yield file


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
        signer_position_id=_uuid(arguments["signer_position_id"]),
        recipients=tuple(UUID(each) for each in dict.fromkeys(arguments["recipients"])),
        answers=_uuid(arguments["answers"]),
        pages=arguments["pages"],
        attachments=tuple(Attached(**each) for each in arguments.get("attachments", [])),
        updates=_uuid(arguments.get("updates", "")),
        replaces=_uuid(arguments.get("replaces", "")),
    )


def _facts(connection: Connection, issued: Issued) -> _Facts | None:
    """Everything, or None while something has not arrived."""
    sender = lookups.party(connection, issued.agency_id, issued.issued_on)
    recipients = [
        party
        for agency_id in issued.recipients
        if (party := _recipient(connection, agency_id, issued.issued_on))
    ]
    signer = lookups.official(connection, issued.signer_id, issued.signer_position_id)
    if sender is None or signer is None or len(recipients) < len(issued.recipients):
        return None
    answered = _answered(connection, issued.answers) if issued.answers else None
    earlier_id = issued.updates or issued.replaces
    earlier = _earlier(connection, earlier_id) if earlier_id else None
    if (issued.answers and answered is None) or (earlier_id and earlier is None):
        return None
    return _Facts(sender, tuple(recipients), signer, answered, earlier)


def _recipient(connection: Connection, agency_id: UUID, on: date) -> Party | None:
    """The recipient; a stranger without a name once the whole directory is known here."""
    if found := lookups.party(connection, agency_id, on):
        return found
    whole = lookups.caught_up(connection, "agency")
    return lookups.party(connection, agency_id, on) or (stranger(agency_id) if whole else None)


def _earlier(connection: Connection, document_id: UUID) -> Earlier | None:
    """The earlier document as its packet named it and its recipients."""
    dispatch = lookups.prepared_dispatch(connection, document_id)
    if dispatch is None:
        return None
    sent = sent_as(dispatch.foreign_id)
    parties = (
        lookups.party(connection, each, sent.issued_on)
        for each in lookups.recipients_of(connection, document_id)
    )
    recipients = tuple(party for party in parties if party and party.code)
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
    unit: Unit, issued: Issued, recipient: Party, written: _Written | None, refusal: str
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
        commands.append(RecordRefusal(reason_code=refusal))
    elif recipient.channel == INSIDE:
        commands.append(RecordSent(packet=written.digest))
        arrivals.append(_arrival_write(unit, issued, recipient, written))
    name = delivery_id(issued.document_id, recipient.agency_id)
    return delivery_writes(unit, name, commands) + arrivals


def _arrival_write(unit: Unit, issued: Issued, recipient: Party, written: _Written) -> Write:
    way = Way(
        packet_id=inside_packet_id(issued.document_id, recipient.agency_id),
        sender_id=issued.agency_id,
        recipient_id=recipient.agency_id,
        recipient_code=recipient.code,
        channel=INSIDE,
        packet=written.digest,
    )
    answered = answered_document(unit, written.content, recipient.agency_id)
    codes = lookups.codes_of(unit.connection, recipient.agency_id)
    supersedes = written.content.superseded_for(codes)
    answers = answered.dispatch_id if answered else None
    mark = written.opened.mark(recipient.code)
    event = arrived(written.content, way, answers, supersedes, mark)
    return packet_stream(way.packet_id), 0, [event]


def answered_document(unit: Unit, content: Content, agency_id: UUID) -> Any:
    """The dispatch of this agency that the content answers, or None."""
    found = (lookups.own_dispatch(unit.connection, name, agency_id) for name in content.answers)
    return next((row for row in found if row is not None), None)


def _uuid(text: str) -> UUID | None:
    return UUID(text) if text else None
