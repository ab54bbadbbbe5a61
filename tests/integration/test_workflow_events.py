"""Workflow between the store and its read models: policies, projections and replicas for real."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from libs.contracts.journal import Journal
from libs.db import Database, engine_for
from libs.eventstore import ANY, Context, Recorded, WrongVersion
from libs.messaging.applier import Applier
from libs.messaging.positions import Positions
from services.documents.events import EVENTS as DOCUMENT_EVENTS
from services.documents.events import (
    DocumentAccepted,
    DocumentIssued,
    DocumentReplaced,
    DocumentWithdrawn,
)
from services.workflow import queries
from services.workflow.commands import CloseProcess
from services.workflow.domain import process_of
from services.workflow.events import ProcessCancelled, ProcessFinished, ProcessOpened
from services.workflow.handlers import JOURNAL, handle, load
from services.workflow.policies import POLICIES
from tests.support.servers import PostgresForTests

DOCUMENTS = Journal(DOCUMENT_EVENTS)
AGENCY, PACKET, TRACE, ANSWER = (UUID(int=n) for n in (1, 2, 3, 4))
DAY = date(2026, 3, 2)


@pytest.fixture
def databases(postgres: PostgresForTests) -> Iterator[Mapping[str, Database]]:
    url = postgres.fresh_database()
    found = {role: Database(engine_for(url(role)), role) for role in ("documents", "workflow")}
    yield found
    for database in found.values():
        database.engine.dispose()


@pytest.fixture
def policies(databases: Mapping[str, Database]) -> Callable[[], None]:
    """Let the policies act on all that has happened; none of them may fail."""
    database = databases["workflow"]
    applier = Applier("workflow.policies", database, POLICIES)

    def run() -> None:
        applier.catch_up("document")
        with database.unit() as unit:
            assert Positions(unit.connection, "workflow.policies").counts() == (0, 0)

    return run


def happened(databases: Mapping[str, Database], event: Any, **changes: Any) -> Recorded:
    values: dict[str, Any] = {
        "agency": str(AGENCY),
        "handler": "person:lan/clerk",
        "occurred_at": datetime.now(UTC),
        "trace": TRACE,
        **changes,
    }
    stream = f"document-{event.document_id}"
    with databases["documents"].unit() as unit:
        DOCUMENTS.append(unit.store, stream, ANY, [event], Context(**values), uuid4())
        last = unit.store.read_last(stream)
    assert last is not None
    return last


def accepted(document_id: UUID) -> DocumentAccepted:
    return DocumentAccepted(
        document_id=document_id,
        agency_id=AGENCY,
        packet_id=PACKET,
        register_id="r",
        arrival_number=7,
        accepted_on=DAY,
        urgency=3,
    )


def issued(answers: UUID | None) -> DocumentIssued:
    return DocumentIssued(
        document_id=ANSWER,
        agency_id=AGENCY,
        file="f" * 64,
        number=1,
        notation="CV-UBND",
        issued_on=DAY,
        type_code="CV",
        text="a" * 64,
        urgency=0,
        signer_id=uuid4(),
        signer_position_id=uuid4(),
        recipients=(uuid4(),),
        answers=answers,
        pages=1,
    )


def story(databases: Mapping[str, Database], document_id: UUID) -> list[tuple[Recorded, Any]]:
    with databases["workflow"].unit() as unit:
        history = unit.store.read(f"process-{process_of(document_id)}")
    return [(item, JOURNAL.event(item)) for item in history]


def test_an_accepted_document_opens_its_process_once_in_its_trace(
    databases: Mapping[str, Database], policies: Callable[[], None]
) -> None:
    document = uuid4()
    cause = happened(databases, accepted(document))
    happened(databases, accepted(document))
    policies()
    ((recorded, event),) = story(databases, document)
    assert event == ProcessOpened(process_of(document), document, AGENCY, PACKET, urgency=3)
    assert (recorded.trace, recorded.causation) == (TRACE, cause.event_id)
    assert (recorded.agency, recorded.handler) == (str(AGENCY), "system:workflow")
    assert recorded.place > cause.place


def test_the_issued_answer_finishes_the_process_by_the_hand_that_issued_it(
    databases: Mapping[str, Database], policies: Callable[[], None]
) -> None:
    document = uuid4()
    happened(databases, accepted(document))
    cause = happened(databases, issued(document), handler="person:minh/clerk", behalf="leader")
    policies()
    recorded, event = story(databases, document)[-1]
    assert event == ProcessFinished(process_of(document), document, AGENCY, PACKET, ANSWER)
    assert (recorded.handler, recorded.behalf) == ("person:minh/clerk", "leader")
    assert recorded.causation == cause.event_id


def test_an_answer_to_what_is_finished_or_unknown_changes_nothing(
    databases: Mapping[str, Database], policies: Callable[[], None]
) -> None:
    document, stranger = uuid4(), uuid4()
    happened(databases, accepted(document))
    for answers in (document, document, stranger, None):
        happened(databases, issued(answers))
    policies()
    assert [type(event) for _, event in story(databases, document)] == [
        ProcessOpened,
        ProcessFinished,
    ]
    assert story(databases, stranger) == []


@pytest.mark.parametrize("kind", [DocumentWithdrawn, DocumentReplaced])
def test_a_document_that_is_given_back_or_replaced_is_handled_no_further(
    databases: Mapping[str, Database], policies: Callable[[], None], kind: type
) -> None:
    document, untouched = uuid4(), uuid4()
    newer = {"by": ANSWER, "business": "update"} if kind is DocumentReplaced else {}
    for document_id in (document, untouched):
        ids = {"document_id": document_id, "agency_id": AGENCY, "packet_id": PACKET}
        happened(databases, accepted(document))
        happened(databases, kind(**ids, answered_at=datetime.now(UTC), **newer))
    policies()
    _, (recorded, event) = story(databases, document)
    assert event == ProcessCancelled(process_of(document), document, AGENCY, PACKET)
    assert recorded.handler == "system:workflow"
    assert story(databases, untouched) == []


def test_of_two_who_close_a_process_at_once_one_was_faster(
    databases: Mapping[str, Database], policies: Callable[[], None]
) -> None:
    document = uuid4()
    happened(databases, accepted(document))
    policies()
    context = Context(str(AGENCY), "person:lan", datetime.now(UTC), TRACE)
    with databases["workflow"].unit() as unit:
        stale = load(unit, process_of(document))
        assert (stale.version, stale.trace) == (1, TRACE)
    with databases["workflow"].unit() as unit:
        done = handle(stale, CloseProcess(), unit, context, uuid4())
        assert (done.version, done.process.finished) == (2, True)
    with databases["workflow"].unit() as unit, pytest.raises(WrongVersion):
        handle(stale, CloseProcess(), unit, context, uuid4())


def test_questions_about_an_empty_agency_are_answered_with_nothing(
    databases: Mapping[str, Database],
) -> None:
    with databases["workflow"].unit() as unit:
        assert queries.processes(unit.connection, AGENCY, None, None, None, 10) == []
        assert queries.one_process(unit.connection, AGENCY, uuid4()) is None
        assert queries.tasks(unit.connection, AGENCY, None, queries.TO_DO, None, 10) == []
