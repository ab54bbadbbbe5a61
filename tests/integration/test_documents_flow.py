"""Documents from draft to issue and from arrival to register, on the real store."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.documents import handlers, queries
from services.documents.commands import ApproveDocument, RefuseDocument, ReviewDraft, VoidDocument
from services.documents.errors import (
    DocumentUnknown,
    RecipientsUnknown,
    SignerUnknown,
    SourceNotAccepted,
    VerdictFailed,
    VerdictPending,
    WrongDirection,
)
from services.documents.texts import put_text
from services.documents.worker import read_source
from tests.support.documents_world import (
    DEPARTMENT,
    DEPARTMENT_POST,
    LEADER,
    NOTE,
    OFFICE,
    POST,
    PROVINCE,
    World,
    answer_signing,
    approved,
    arrived,
    draft_command,
    drafted,
    issue,
    open_world,
    order,
    signed,
    verify,
)
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def world(postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with open_world(postgres, tmp_path_factory.mktemp("blobs")) as found:
        yield found


def test_an_approved_draft_is_laid_out_and_the_leaders_signature_is_asked_for(world: World) -> None:
    document_id = approved(world)
    assert world.names(document_id) == [
        "DocumentDrafted",
        "DraftReviewed",
        "DocumentApproved",
        "DocumentRendered",
        "SignatureRequested",
    ]
    rendered = world.last(document_id, "DocumentRendered")
    asked = world.last(document_id, "SignatureRequested")
    assert world.blobs.read(rendered.file).startswith(b"%PDF-1.7")
    assert (asked.file, asked.box, asked.urgency) == (rendered.file, rendered.leader_box, 1)
    assert (asked.signer_id, asked.agency_id) == (str(LEADER), str(PROVINCE))
    effect, cause = world.events(document_id)[-1], world.events(document_id)[2]
    assert (effect.trace, effect.causation) == (cause.trace, cause.event_id)


@pytest.mark.parametrize(
    ("agency", "position", "superior"),
    [(PROVINCE, POST, ""), (DEPARTMENT, DEPARTMENT_POST, "Ủy ban nhân dân tỉnh Hà Nam")],
)
def test_a_department_names_its_province_and_a_committee_stands_alone(
    world: World, agency: UUID, position: UUID, superior: str
) -> None:
    draft = draft_command(
        world, agency_id=agency, signer_position_id=position, recipients=(OFFICE,)
    )
    one, approve = order(agency), ApproveDocument(str(LEADER), str(position))
    world.do(lambda unit: handlers.draft(unit, one, draft, "x"))
    with world.database.unit() as unit:
        assert read_source(unit, draft.document_id) is None
    for command in (ReviewDraft(), approve):
        step = partial(handlers.change, document_id=draft.document_id, command=command)
        world.do(partial(step, order=order(agency)))
    with world.database.unit() as unit:
        source = read_source(unit, draft.document_id)
    assert source is not None
    assert (source.superior, source.recipients) == (superior, ["Sở Y tế"])


def test_a_signed_document_is_numbered_sealed_and_issued(world: World) -> None:
    document_id = signed(world)
    done = issue(world, document_id)
    assert done.document.state == "sealing"
    asked = world.last(document_id, "SealRequested")
    answer_signing(world, asked, "SigningFinished", file="e" * 64)
    issued = world.last(document_id, "DocumentIssued")
    assert (issued.file, issued.notation, issued.recipients) == (
        "e" * 64,
        "CT-UBND",
        [str(DEPARTMENT)],
    )
    assert asked.number_text == f"{issued.number:02d}"
    row = world.row(document_id)
    assert (row["state"], row["file"], row["version"]) == ("issued", "e" * 64, 9)
    assert row["code"] == f"{issued.number:02d}/CT-UBND"
    assert row["subject"] == "Về việc phòng chống lụt bão"


def test_a_refused_seal_keeps_the_number_and_may_be_asked_for_again(world: World) -> None:
    document_id = signed(world)
    issue(world, document_id)
    first = world.last(document_id, "SealRequested")
    answer_signing(world, first, "SigningRefused", reason_code="key_missing")
    row = world.row(document_id)
    assert (row["state"], row["reason_code"]) == ("numbered", "key_missing")
    issue(world, document_id)
    second = world.last(document_id, "SealRequested")
    assert second.number_text == first.number_text
    assert second.signing_id != first.signing_id
    assert world.names(document_id).count("DocumentNumbered") == 1


def test_a_refused_signature_gives_the_document_back_to_the_leader(world: World) -> None:
    document_id = approved(world)
    asked = world.last(document_id, "SignatureRequested")
    answer_signing(world, asked, "SigningRefused", reason_code="certificate_expired")
    assert world.row(document_id)["state"] == "reviewed"


def test_a_text_that_cannot_be_printed_comes_back_with_the_reason(world: World) -> None:
    content = {"subject": "Về việc 🙂", "summary": "", "addressees": [], "paragraphs": ["Một."]}
    document_id = approved(world, text=put_text(world.blobs, content))
    row = world.row(document_id)
    assert (row["state"], row["reason_code"]) == ("reviewed", "characters_not_printable")


def test_a_page_that_two_people_refused_gives_the_document_back_to_the_leader(
    world: World,
) -> None:
    document_id = drafted(world)
    world.do(lambda unit: handlers.change(unit, order(), document_id, ReviewDraft()))
    command = ApproveDocument(str(LEADER), str(POST))
    world.do(lambda unit: handlers.change(unit, order(), document_id, command))
    with world.database.unit() as unit:
        park = "UPDATE documents.job SET state = 'parked' WHERE state = 'open' RETURNING job_id"
        (job,) = unit.jobs.refuse(list(unit.connection.execute(text(park)).scalars()))
        assert job.kind == "render"
    world.catch_up()
    row = world.row(document_id)
    assert (row["state"], row["reason_code"]) == ("reviewed", "refused_at_desk")


def test_numbers_begin_at_one_on_the_first_of_january_in_viet_nam(world: World) -> None:
    before, after = signed(world), signed(world)
    issue(world, before, datetime(2030, 12, 31, 16, 59, tzinfo=UTC))
    issue(world, after, datetime(2030, 12, 31, 17, 30, tzinfo=UTC))
    assert world.last(before, "DocumentNumbered").issued_on == "2030-12-31"
    numbered = world.last(after, "DocumentNumbered")
    assert (numbered.number, numbered.issued_on) == (1, "2031-01-01")
    assert numbered.register_id == f"{PROVINCE}.2031.outgoing"


def test_clerks_at_the_same_time_never_get_the_same_number(world: World) -> None:
    at = datetime(2032, 3, 1, tzinfo=UTC)
    documents = [signed(world) for _ in range(6)]
    threads = [threading.Thread(target=issue, args=(world, each, at)) for each in documents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [world.last(each, "DocumentNumbered").number for each in documents]
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]


def test_a_voided_document_keeps_its_number_as_void(world: World) -> None:
    at = datetime(2033, 3, 1, tzinfo=UTC)
    first, second = signed(world), signed(world)
    issue(world, first, at)
    world.do(lambda unit: handlers.void(unit, order(), first, VoidDocument(NOTE)))
    issue(world, second, at)
    world.catch_up()
    with world.database.unit() as unit:
        lines = queries.register(unit.connection, PROVINCE, 2033, "outgoing", 0, 10)
    assert [(line["line"], line["document_id"], line["void"]) for line in lines] == [
        (1, first, True),
        (2, second, False),
    ]


def test_a_seal_that_comes_after_the_voiding_issues_nothing(world: World) -> None:
    document_id = signed(world)
    issue(world, document_id)
    asked = world.last(document_id, "SealRequested")
    world.do(lambda unit: handlers.void(unit, order(), document_id, VoidDocument(NOTE)))
    answer_signing(world, asked, "SigningFinished", file="e" * 64)
    assert world.names(document_id)[-1] == "DocumentVoided"


def test_a_repeated_order_changes_nothing(world: World) -> None:
    document_id = signed(world)
    issue(world, document_id)
    before = world.names(document_id)
    assert issue(world, document_id).appended == []
    assert world.names(document_id) == before


def test_an_arrival_is_recorded_and_its_pdf_sent_to_validation(world: World) -> None:
    document_id = arrived(world)
    assert world.names(document_id) == ["DocumentArrived", "ValidationRequested"]
    asked = world.last(document_id, "ValidationRequested")
    assert (asked.file, asked.sender_id, asked.urgency) == ("a" * 64, str(DEPARTMENT), 2)
    row = world.row(document_id)
    assert (row["direction"], row["state"], row["file"]) == ("incoming", "arrived", "a" * 64)


def test_the_clerk_sees_a_later_verdict_beside_the_one_that_it_replaces(world: World) -> None:
    document_id = arrived(world)
    verify(world, document_id, "INDETERMINATE", pending=True)
    row = world.row(document_id)
    told = ("state", "verdict", "verdict_pending", "verdict_before")
    assert [row[name] for name in told] == ["verified", "INDETERMINATE", True, None]
    world.do(lambda unit: handlers.accept(unit, order(), document_id))
    verify(world, document_id, "TOTAL_PASSED")
    row = world.row(document_id)
    assert [row[name] for name in told] == ["accepted", "TOTAL_PASSED", False, "INDETERMINATE"]
    assert row["verdict_at"] == row["changed_at"]


def test_an_arrival_is_accepted_after_the_verdict_and_not_before(world: World) -> None:
    document_id = arrived(world)
    with pytest.raises(VerdictPending):
        world.do(lambda unit: handlers.accept(unit, order(), document_id))
    verify(world, document_id, "INDETERMINATE")
    done = world.do(lambda unit: handlers.accept(unit, order(), document_id))
    world.catch_up()
    row = world.row(document_id)
    assert (row["state"], row["verdict"], row["report"]) == ("accepted", "INDETERMINATE", NOTE)
    with world.database.unit() as unit:
        year = row["accepted_on"].year
        lines = queries.register(unit.connection, PROVINCE, year, "incoming", 0, 200)
    entry = next(line for line in lines if line["document_id"] == document_id)
    assert (entry["line"], entry["author"]) == (row["arrival_number"], "Sở Tài chính")
    assert [part.stream.partition("-")[0] for part in done.appended] == ["document", "register"]


def test_an_invalid_arrival_can_only_be_refused(world: World) -> None:
    document_id = arrived(world)
    verify(world, document_id, "TOTAL_FAILED")
    with pytest.raises(VerdictFailed):
        world.do(lambda unit: handlers.accept(unit, order(), document_id))
    command = RefuseDocument("bad_signature", NOTE)
    world.do(lambda unit: handlers.refuse(unit, order(), document_id, command))
    world.catch_up()
    row = world.row(document_id)
    assert (row["state"], row["reason_code"], row["note"]) == ("refused", "bad_signature", NOTE)


def test_a_strict_agency_refuses_an_invalid_arrival_by_itself(world: World) -> None:
    document_id = arrived(world, OFFICE)
    verify(world, document_id, "TOTAL_FAILED")
    refused = world.last(document_id, "DocumentRefused")
    assert (refused.reason_code, refused.note) == ("bad_signature", "")
    assert world.events(document_id)[-1].handler == "system:documents"


def test_an_arrival_without_files_has_failed_at_once(world: World) -> None:
    document_id = arrived(world, files=[])
    assert world.names(document_id) == ["DocumentArrived", "ArrivalVerified"]
    row = world.row(document_id)
    assert (row["verdict"], row["report"], row["file"]) == ("TOTAL_FAILED", None, None)


def test_an_answer_joins_the_trace_of_what_it_answers(world: World) -> None:
    source = arrived(world)
    verify(world, source, "TOTAL_PASSED")
    with pytest.raises(SourceNotAccepted):
        drafted(world, answers=source)
    world.do(lambda unit: handlers.accept(unit, order(), source))
    answer, stranger = drafted(world, answers=source), drafted(world)
    assert world.events(answer)[0].trace == world.events(source)[0].trace
    assert world.events(stranger)[0].trace != world.events(source)[0].trace


def test_another_agencys_document_is_not_found(world: World) -> None:
    document_id = drafted(world)
    with pytest.raises(DocumentUnknown):
        world.do(lambda unit: handlers.change(unit, order(OFFICE), document_id, ReviewDraft()))


def test_an_outgoing_document_is_not_accepted(world: World) -> None:
    document_id = drafted(world)
    with pytest.raises(WrongDirection):
        world.do(lambda unit: handlers.accept(unit, order(), document_id))


def test_a_signer_needs_the_position_in_the_agency(world: World) -> None:
    with pytest.raises(SignerUnknown):
        drafted(world, signer_id=uuid4())


def test_unknown_recipients_and_the_sender_itself_are_named(world: World) -> None:
    stranger = uuid4()
    with pytest.raises(RecipientsUnknown) as refused:
        drafted(world, recipients=(DEPARTMENT, stranger, PROVINCE))
    assert refused.value.data() == {"recipients": sorted([str(stranger), str(PROVINCE)])}
