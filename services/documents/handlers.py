"""Carrying out what people order: read the stream, decide, append once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.dialects.postgresql import insert as upsert

from libs.contracts.journal import continuing
from libs.db import Unit
from libs.eventstore import NO_STREAM, Appended, Context
from libs.observability import correlation_id
from libs.web.problems import stale_version
from services.documents import queries, types
from services.documents.commands import (
    AcceptDocument,
    AgreeRecall,
    ApproveDocument,
    AttachFile,
    DraftDocument,
    IssueDocument,
    RefuseDocument,
    RefuseRecall,
    ReturnDraft,
    ReviewDraft,
    ReviseDraft,
    SealDocument,
    TakeNumber,
    VoidDocument,
    VoidNumber,
)
from services.documents.domain import copies, incoming, outgoing, register
from services.documents.domain.incoming import Incoming
from services.documents.domain.outgoing import Outgoing
from services.documents.domain.register import COPIES, INCOMING, OUTGOING, Register
from services.documents.errors import (
    AgencyUnknown,
    CosignersUnfit,
    DocumentUnknown,
    EarlierNotIssued,
    NotationUnfit,
    RecipientsClosed,
    RecipientsUnknown,
    SignerUnknown,
    SourceNotAccepted,
    TypeUnknown,
    WrongDirection,
)
from services.documents.journal import (
    JOURNAL,
    Loaded,
    document_stream,
    evolved,
    load,
    load_register,
    register_stream,
)
from services.documents.superseding import consequences
from services.documents.tables import subject as subjects

Write = tuple[str, int, Sequence[object]]
OutgoingOrder = ReviseDraft | AttachFile | ReviewDraft | ReturnDraft | ApproveDocument


@dataclass(frozen=True)
class Order:
    """Who orders, for which agency, and under which version of the document, if he named one."""

    command_id: UUID
    agency_id: UUID
    handler: str
    behalf: str | None = None
    expected_version: int | None = None


@dataclass(frozen=True)
class Done:
    """The document as it stands now; `appended` is empty when there was nothing to do."""

    document: Outgoing | Incoming
    version: int
    appended: list[Appended]


def sign_of(unit: Unit, agencies: Sequence[UUID], type_code: str, unit_sign: str) -> str:
    """The sign (ký hiệu) of documents of a type by these agencies, the one in charge first.

    Raises `AgencyUnknown`, `TypeUnknown`, `NotationUnfit`.
    """
    found = [queries.one_agency(unit.connection, agency) for agency in dict.fromkeys(agencies)]
    signs = [agency["short_sign"] for agency in found if agency]
    if len(signs) < len(found):
        raise AgencyUnknown
    try:
        return types.notation(type_code, "-".join(signs), unit_sign)
    except types.UnknownDocumentType as error:
        raise TypeUnknown from error
    except types.NotationInvalid as error:
        raise NotationUnfit(part=error.part) from error


def draft(unit: Unit, order: Order, command: DraftDocument, subject: str) -> Done:
    """Write a draft. Raises `SignerUnknown`, `CosignersUnfit`, `RecipientsUnknown`,
    `RecipientsClosed`, `SourceNotAccepted`, `EarlierNotIssued`."""
    _check_signer(unit, command)
    _check_cosigners(unit, command)
    _check_recipients(unit, command)
    copied = load(unit, command.copy_of).trace if command.copy_of else None
    traces = (copied, _trace_of_earlier(unit, command), _trace_of_sources(unit, command))
    trace = next(filter(None, traces), None) or uuid5(order.command_id, "trace")
    keep_subject(unit, command.document_id, subject)
    events = outgoing.decide(None, command)
    stream = document_stream(command.document_id)
    context = _context(unit, order, trace)
    appended = JOURNAL.append(unit.store, stream, NO_STREAM, events, context, order.command_id)
    document = reduce(outgoing.evolve, events, None)
    assert document is not None
    return Done(document, appended.version, [appended])


def keep_subject(unit: Unit, document_id: UUID, subject: str) -> None:
    """Keep the subject for lists, in a row that can be erased."""
    statement = upsert(subjects).values(document_id=document_id, subject=subject)
    unit.connection.execute(
        statement.on_conflict_do_update(index_elements=["document_id"], set_={"subject": subject})
    )


def copy_source(unit: Unit, order: Order, document_id: UUID, form: str) -> copies.Source:
    """What is copied of one of the agency's documents. Raises `SourceNotCopied`."""
    _, document = _load(unit, order, document_id)
    return copies.source_of(document, form)


def change(unit: Unit, order: Order, document_id: UUID, command: OutgoingOrder) -> Done:
    """Revise, attach to, review, return or approve; an approval adds the job that lays it out.

    What is to be signed by several agencies, each of them approves or returns in its turn.
    """
    joint = isinstance(command, ApproveDocument | ReturnDraft)
    loaded, document = _load_outgoing(unit, order, document_id, joint=joint)
    done = _append(unit, order, loaded, outgoing.decide(document, command))
    if done.appended and done.document.state == outgoing.APPROVED:
        add_render_job(unit, order.command_id, document)
    return done


def revise(unit: Unit, order: Order, document_id: UUID, text: str, subject: str) -> Done:
    """Replace the draft's text, and the subject that lists show."""
    done = change(unit, order, document_id, ReviseDraft(text))
    keep_subject(unit, document_id, subject)
    return done


def issue(unit: Unit, order: Order, document_id: UUID) -> Done:
    """Number the signed document and ask for its seal; a number once taken is kept."""
    loaded, document = _load_outgoing(unit, order, document_id)
    book, version = _register_of_today(unit, document, series_of(document))
    command = IssueDocument(
        signing_id=uuid5(order.command_id, "seal"),
        register_id=book.register_id,
        number=book.next_number,
        today=register.business_day(unit.now),
    )
    events = outgoing.decide(document, command)
    new_number = bool(events) and document.numbered is None
    taken = [_taken(book, version, document_id)] if new_number else []
    return _append(unit, order, loaded, events, taken)


def seal(unit: Unit, order: Order, document_id: UUID) -> Done:
    """Ask for the seal of a further agency of a joint document, as its clerk."""
    loaded, document = _load_outgoing(unit, order, document_id, joint=True)
    command = SealDocument(uuid5(order.command_id, "seal"), order.agency_id)
    return _append(unit, order, loaded, outgoing.decide(document, command))


def series_of(document: Outgoing) -> str:
    """The register in which the document is numbered."""
    return COPIES if document.drafted.copy_of else OUTGOING


def void(unit: Unit, order: Order, document_id: UUID, command: VoidDocument) -> Done:
    """Abandon the document; the register shows its number as void."""
    loaded, document = _load_outgoing(unit, order, document_id)
    events = outgoing.decide(document, command)
    voided: list[Write] = []
    if events and document.numbered:
        year = document.numbered.issued_on.year
        book, version = load_register(unit, document.agency_id, year, series_of(document))
        entry = register.decide(book, VoidNumber(document_id, document.numbered.number))
        voided = [(register_stream(book), version, entry)]
    return _append(unit, order, loaded, events, voided)


def accept(unit: Unit, order: Order, document_id: UUID) -> Done:
    """Accept the incoming document under the next arrival number."""
    loaded, document = _load_incoming(unit, order, document_id)
    book, version = _register_of_today(unit, document, INCOMING)
    command = AcceptDocument(
        register_id=book.register_id,
        number=book.next_number,
        today=register.business_day(unit.now),
    )
    events = incoming.decide(document, command)
    taken = [_taken(book, version, document_id)] if events else []
    return _append(unit, order, loaded, events, taken)


def refuse(unit: Unit, order: Order, document_id: UUID, command: RefuseDocument) -> Done:
    """Refuse the incoming document."""
    loaded, document = _load_incoming(unit, order, document_id)
    return _append(unit, order, loaded, incoming.decide(document, command))


def answer_recall(
    unit: Unit, order: Order, document_id: UUID, command: AgreeRecall | RefuseRecall
) -> Done:
    """Give the document back to its sender, or keep it."""
    loaded, document = _load_incoming(unit, order, document_id)
    return _append(unit, order, loaded, incoming.decide(document, command))


def _check_signer(unit: Unit, command: DraftDocument) -> None:
    held = queries.one_position(unit.connection, command.signer_position_id)
    named = (command.signer_id, command.agency_id)
    if held is None or (held["person_id"], held["agency_id"]) != named:
        raise SignerUnknown


def _check_cosigners(unit: Unit, command: DraftDocument) -> None:
    signers = [command.signer_position_id]
    for each in command.cosigners:
        held = queries.one_position(unit.connection, each.position_id)
        named = (each.person_id, each.agency_id)
        if held is None or (held["person_id"], held["agency_id"]) != named:
            raise CosignersUnfit(position_id=str(each.position_id))
        signers.append(each.position_id)
    if len(set(signers)) < len(signers):
        raise CosignersUnfit


def _check_recipients(unit: Unit, command: DraftDocument) -> None:
    known = queries.known_agencies(unit.connection, command.recipients)
    unknown = {each for each in command.recipients if each not in known}
    wrong = unknown | ({command.agency_id} & set(command.recipients))
    if wrong:
        raise RecipientsUnknown(wrong)
    today = register.business_day(unit.now)
    if closed := queries.closed_agencies(unit.connection, command.recipients, today):
        raise RecipientsClosed(closed)


def _trace_of_sources(unit: Unit, command: DraftDocument) -> UUID | None:
    """The trace of the first document that is answered or carried out here."""
    traces = []
    for name, source in (("answers", command.answers), ("carries_out", command.carries_out)):
        if source is None:
            continue
        loaded = load(unit, source)
        document = loaded.document
        accepted = isinstance(document, Incoming) and document.state == incoming.ACCEPTED
        if document is None or document.agency_id != command.agency_id or not accepted:
            raise SourceNotAccepted(where=name)
        traces.append(loaded.trace)
    return next(iter(traces), None)


def _trace_of_earlier(unit: Unit, command: DraftDocument) -> UUID | None:
    """The trace of our document that this one updates or replaces."""
    earlier = command.updates or command.replaces
    if earlier is None:
        return None
    loaded = load(unit, earlier)
    document = loaded.document
    issued = isinstance(document, Outgoing) and document.state == outgoing.ISSUED
    if document is None or document.agency_id != command.agency_id or not issued:
        raise EarlierNotIssued
    return loaded.trace


def _load(
    unit: Unit, order: Order, document_id: UUID, joint: bool = False
) -> tuple[Loaded, Outgoing | Incoming]:
    loaded = load(unit, document_id)
    document = loaded.document
    if document is None:
        raise DocumentUnknown
    others = document.agencies if joint and isinstance(document, Outgoing) else ()
    if order.agency_id not in (document.agency_id, *others):
        raise DocumentUnknown
    if order.expected_version not in (None, loaded.version):
        raise stale_version(order.expected_version, loaded.version)
    return loaded, document


def _load_outgoing(
    unit: Unit, order: Order, document_id: UUID, joint: bool = False
) -> tuple[Loaded, Outgoing]:
    loaded, document = _load(unit, order, document_id, joint)
    if not isinstance(document, Outgoing):
        raise WrongDirection
    return loaded, document


def _load_incoming(unit: Unit, order: Order, document_id: UUID) -> tuple[Loaded, Incoming]:
    loaded, document = _load(unit, order, document_id)
    if not isinstance(document, Incoming):
        raise WrongDirection
    return loaded, document


def _register_of_today(
    unit: Unit, document: Outgoing | Incoming, series: str
) -> tuple[Register, int]:
    year = register.business_day(unit.now).year
    return load_register(unit, document.agency_id, year, series)


def _taken(book: Register, version: int, document_id: UUID) -> Write:
    return register_stream(book), version, register.decide(book, TakeNumber(document_id))


def _context(unit: Unit, order: Order, trace: UUID) -> Context:
    return Context(
        agency=str(order.agency_id),
        handler=order.handler,
        occurred_at=unit.now,
        trace=trace,
        behalf=order.behalf,
        correlation=correlation_id() or order.command_id,
    )


def _append(
    unit: Unit,
    order: Order,
    loaded: Loaded,
    events: Sequence[Any],
    registers: Sequence[Write] = (),
) -> Done:
    """Append the document's events, what they do to a register and mean for older documents."""
    document = loaded.document
    assert document is not None
    assert loaded.trace is not None
    if not events:
        return Done(document, loaded.version, [])
    stream = document_stream(document.document_id)
    after = evolved(document, events)
    older = consequences(unit, after) if isinstance(after, Incoming) else []
    appended = JOURNAL.append_all(
        unit.store,
        [(stream, loaded.version, events), *registers, *older],
        _context(unit, order, loaded.trace),
        order.command_id,
    )
    return Done(after, loaded.version + len(events), appended)


def add_render_job(unit: Unit, seed: UUID, document: Outgoing) -> None:
    """Have an approved document laid out; the same seed adds one job."""
    approved = unit.store.read_last(document_stream(document.document_id))
    assert approved is not None
    unit.jobs.add(
        uuid5(seed, "render"),
        "render",
        {"document_id": str(document.document_id)},
        continuing(approved, now=unit.now),
        urgent=document.drafted.urgency > 0,
    )
