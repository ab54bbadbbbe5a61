"""Incoming documents that their sender asks back, updates or replaces; over HTTP and by events."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest

from libs.contracts import message
from libs.db import Unit
from services.documents import handlers
from services.documents.policies import on_packet_arrived
from services.documents.texts import put_text
from tests.support.documents_office import Office, code_of, open_office
from tests.support.documents_world import DEPARTMENT, OFFICE, PROVINCE, World, order, verify
from tests.support.overlap import overlap
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres
ASKED_AT = "2026-11-22T02:00:00+00:00"
WHY = {"note": "Vẫn đang thực hiện"}


@pytest.fixture(scope="module")
def office(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    with open_office(postgres, tmp_path_factory.mktemp("office")) as made:
        yield made


def arrive(world: World, name: str = "", **changes: Any) -> UUID:
    """A document of the department reaches the province."""
    packet_id = send(world, name, **changes)
    world.catch_up()
    return uuid5(packet_id, "document")


def send(world: World, name: str = "", **changes: Any) -> UUID:
    """Its packet is there; the documents service does not know of it yet."""
    packet_id = uuid4()
    fields: dict[str, Any] = {
        "packet_id": str(packet_id),
        "sender_id": str(DEPARTMENT),
        "recipient_id": str(PROVINCE),
        "channel": "inside",
        "packet": "c" * 64,
        "foreign_id": name or str(packet_id),
        "code": "7/STC-NS",
        "type_name": "Công văn",
        "text": put_text(world.blobs, {"subject": "Xin ý kiến"}),
        "urgency": 0,
        "files": [
            {
                "name": "cv.pdf",
                "content_type": "application/pdf",
                "digest": world.blobs.put_bytes(b"%PDF-1.7").digest,
            }
        ],
        "sender_code": "H25.13",
        "recipient_code": "H25",
    }
    world.tell("interconnect", f"packet-{packet_id}", "PacketArrived", **(fields | changes))
    return packet_id


def ask_back(world: World, document_id: UUID, at: str = ASKED_AT) -> None:
    packet_id = world.last(document_id, "DocumentArrived").packet_id
    world.tell(
        "interconnect",
        f"packet-{packet_id}",
        "RecallArrived",
        packet_id=packet_id,
        sender_id=str(DEPARTMENT),
        recipient_id=str(PROVINCE),
        asked_at=at,
        note=put_text(world.blobs, {"note": "Sai số liệu"}),
        request_packet="d" * 64,
        channel="inside",
    )
    world.catch_up()


def accept(office: Office, document_id: UUID) -> None:
    verify(office.world, document_id, "TOTAL_PASSED")
    answer = office.call("POST", f"/v1/documents/{document_id}/accept", "clerk")
    assert answer.status_code == 200, answer.json
    office.world.catch_up()


def shown(office: Office, document_id: UUID) -> dict[str, Any]:
    answer = office.call("GET", f"/v1/documents/{document_id}", "clerk")
    assert isinstance(answer.json, dict)
    return answer.json


def act(office: Office, document_id: UUID, what: str, body: Any = None, role: str = "clerk") -> Any:
    answer = office.call("POST", f"/v1/documents/{document_id}/{what}", role, body=body)
    office.world.catch_up()
    return answer


@pytest.mark.parametrize("accepted", [True, False])
def test_the_clerk_sees_the_request_and_gives_the_document_back(
    office: Office, accepted: bool
) -> None:
    document_id = arrive(office.world)
    if accepted:
        accept(office, document_id)
    ask_back(office.world, document_id)
    before = shown(office, document_id)
    assert (before["recall_asked_at"], before["recall_note"]) == (ASKED_AT, "Sai số liệu")
    answer = act(office, document_id, "agree-recall", role="leader")
    assert (answer.status_code, answer.json["state"]) == (200, "withdrawn")
    assert act(office, document_id, "agree-recall").status_code == 200
    assert office.world.names(document_id)[-2:] == ["RecallReceived", "DocumentWithdrawn"]
    after = shown(office, document_id)
    assert (after["state"], after["recall_asked_at"]) == ("withdrawn", None)
    assert (after["code"], after["foreign_id"]) == ("7/STC-NS", before["foreign_id"])


def test_what_was_given_back_is_not_handed_out_any_more(office: Office) -> None:
    document_id = arrive(office.world)
    verify(office.world, document_id, "TOTAL_PASSED")
    ask_back(office.world, document_id)
    act(office, document_id, "agree-recall")
    for part in ("file", "file?index=0", "report"):
        answer = office.call("GET", f"/v1/documents/{document_id}/{part}", "clerk")
        assert code_of(answer) == (410, "document_withdrawn")
    after = shown(office, document_id)
    assert (after["subject"], after["text"], after["files"]) == (None, {}, [])
    listed = office.call("GET", "/v1/documents?state=withdrawn", "clerk").json
    assert listed is not None
    assert {line["subject"] for line in listed["documents"]} == {None}


def test_the_clerk_keeps_the_document_with_a_reason_and_may_be_asked_again(office: Office) -> None:
    document_id = arrive(office.world)
    accept(office, document_id)
    ask_back(office.world, document_id)
    assert act(office, document_id, "refuse-recall", WHY).status_code == 200
    assert shown(office, document_id)["state"] == "accepted"
    assert code_of(act(office, document_id, "refuse-recall", WHY)) == (409, "recall_not_open")
    ask_back(office.world, document_id, "2026-11-23T02:00:00+00:00")
    assert shown(office, document_id)["recall_asked_at"] == "2026-11-23T02:00:00+00:00"
    assert act(office, document_id, "refuse-recall", WHY).status_code == 200
    names = office.world.names(document_id)
    assert names[-4:] == ["RecallReceived", "RecallRefused"] * 2


def test_nobody_answers_what_was_not_asked_or_is_not_his(office: Office) -> None:
    document_id = arrive(office.world)
    assert code_of(act(office, document_id, "agree-recall")) == (409, "recall_not_open")
    ask_back(office.world, document_id)
    assert code_of(act(office, document_id, "agree-recall", role="officer"))[0] == 403
    assert act(office, document_id, "refuse-recall", {"note": " "}).status_code == 422
    address = f"/v1/documents/{document_id}/agree-recall"
    assert office.call("POST", address, "clerk", agency=OFFICE).status_code == 404
    assert office.world.names(document_id)[-1] == "RecallReceived"


def test_a_refused_document_needs_no_answer(office: Office) -> None:
    document_id = arrive(office.world)
    refusal = {"reason_code": "wrong_address", **WHY}
    assert act(office, document_id, "refuse", refusal).status_code == 200
    ask_back(office.world, document_id)
    assert office.world.names(document_id)[-1] == "DocumentRefused"


def test_an_accepted_update_stands_in_the_place_of_the_old_one(office: Office) -> None:
    old = arrive(office.world, "G22,1/X")
    accept(office, old)
    new = arrive(office.world, business="update", supersedes=["G22,1/X"])
    assert shown(office, old)["state"] == "accepted"
    accept(office, new)
    replaced = office.world.last(old, "DocumentReplaced")
    assert (replaced.by, replaced.business) == (str(new), "update")
    assert (shown(office, old)["state"], shown(office, old)["replaced_by"]) == (
        "replaced",
        str(new),
    )
    assert shown(office, new)["took_the_place_of"] == [str(old)]
    file = office.call("GET", f"/v1/documents/{old}/file", "clerk")
    assert file.status_code == 200


def test_a_refused_update_leaves_the_old_one_with_the_reason_told(office: Office) -> None:
    old = arrive(office.world, "G22,2/X")
    accept(office, old)
    new = arrive(office.world, business="update", supersedes=["G22,2/X"])
    assert act(office, new, "refuse", {"reason_code": "wrong_form", **WHY}).status_code == 200
    refused = office.world.last(old, "UpdateRefused")
    assert (refused.by, refused.reason_code) == (str(new), "wrong_form")
    assert shown(office, old)["state"] == "accepted"


def test_a_replacement_freezes_the_old_one_and_a_refused_one_says_nothing(office: Office) -> None:
    old = arrive(office.world, "G22,3/X")
    accept(office, old)
    bad = arrive(office.world, business="replacement", supersedes=["G22,3/X"])
    act(office, bad, "refuse", {"reason_code": "wrong_form", **WHY})
    assert office.world.names(old)[-1] == "DocumentAccepted"
    accept(office, arrive(office.world, business="replacement", supersedes=["G22,3/X"]))
    assert office.world.last(old, "DocumentReplaced").business == "replacement"
    ask_back(office.world, old)
    assert office.world.last(old, "RecallRefused").reason_code == "replaced"


@pytest.mark.parametrize("same", [False, True])
def test_a_document_that_comes_after_its_update_is_replaced_at_once(
    office: Office, same: bool
) -> None:
    """The update may even bear its name."""
    name = f"G22,4{same}/X"
    new = arrive(office.world, name if same else "", business="update", supersedes=[name])
    accept(office, new)
    old = arrive(office.world, name)
    assert office.world.last(old, "DocumentReplaced").by == str(new)
    assert shown(office, old)["state"] == "replaced"


@pytest.mark.parametrize("chain", [False, True])
@pytest.mark.parametrize("accepted_first", [True, False])
def test_a_document_that_comes_while_its_update_is_accepted_is_replaced_too(
    office: Office, accepted_first: bool, chain: bool
) -> None:
    """Also when the update is itself updated: what stands in its place, stands in both."""
    world, name = office.world, f"G22,7{accepted_first}{chain}/X"
    by = new = arrive(world, f"{name}1", business="update", supersedes=[name])
    if chain:
        new = arrive(world, business="update", supersedes=[f"{name}1"])
    verify(world, new, "TOTAL_PASSED")
    packet_id = send(world, name)
    with world.database.unit() as unit:
        (arrival,) = unit.store.read(f"packet-{packet_id}")

    def accepts(unit: Unit) -> None:
        handlers.accept(unit, order(), new)

    def arrives(unit: Unit) -> None:
        on_packet_arrived(message(arrival), arrival, unit)

    first, second = (accepts, arrives) if accepted_first else (arrives, accepts)
    assert overlap(world.database, first, second) is None
    world.catch_up()
    old = uuid5(packet_id, "document")
    assert world.last(old, "DocumentReplaced").by == str(by)


def test_nobody_updates_what_another_sender_sent(office: Office) -> None:
    old = arrive(office.world, "G22,5/X")
    accept(office, old)
    accept(
        office,
        arrive(office.world, business="update", supersedes=["G22,5/X"], sender_id=str(OFFICE)),
    )
    assert shown(office, old)["state"] == "accepted"


def test_an_update_given_back_before_it_was_accepted_leaves_the_old_one(office: Office) -> None:
    old = arrive(office.world, "G22,6/X")
    accept(office, old)
    new = arrive(office.world, business="update", supersedes=["G22,6/X"])
    ask_back(office.world, new)
    act(office, new, "agree-recall")
    assert office.world.last(old, "UpdateRefused").reason_code == "recalled"
    assert shown(office, old)["state"] == "accepted"
