"""What bad input gets: a refusal that says why, nothing half-written, a service that answers."""

import json
import time
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from libs.web.issuer import TokenIssuer
from tests.support.system import Caller, count_events, log_in
from tests.support.system_refusals import DOCUMENTS, SERVICE, counted, direct, draft, problem
from tests.support.system_sockets import begun_request, slow_uploads
from tests.system.conftest import OFFICER, Walked
from tools.demo.cast import PROVINCE, person
from tools.platform import Platform

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.rabbitmq,
    pytest.mark.usefixtures("unharmed"),
]

HEAD, STRANGER = "ubndtinh_truongphong", "sokhcn_vanthu"


@pytest.fixture(params=["missing", "garbage", "expired", "forged", "strange"])
def bad_token(request: pytest.FixtureRequest, platform: Platform, tmp_path: Path) -> str:
    """No token, no token at all, one of yesterday, one of another key, one of another issuer."""
    here, who = platform.installation, person(PROVINCE.key, "chuyenvien")
    own = here.folder / "issuer" / "key.pem"
    issuers = {
        "expired": TokenIssuer(here.issuer_url, own, clock=lambda: time.time() - 86_400),
        "forged": TokenIssuer(here.issuer_url, tmp_path / "key.pem"),
        "strange": TokenIssuer("http://127.0.0.1:1", own),
    }
    if request.param not in issuers:
        return {"missing": "", "garbage": "ey.ey.ey"}[request.param]
    return issuers[request.param].issue(
        str(who.person_id), str(PROVINCE.agency_id), who.roles, str(who.position_id)
    )


def test_a_bad_token_opens_nothing(platform: Platform, bad_token: str) -> None:
    caller = Caller(platform.installation, OFFICER, bad_token or "none")
    headers = {} if bad_token else {"Authorization": ""}
    with counted(platform, "token_refused" if bad_token else "token_missing"):
        answer = caller.call(
            "POST", DOCUMENTS, json=draft(), headers={"Idempotency-Key": "k", **headers}
        )
    assert answer.status_code == 401
    assert problem(answer)[1] in ("token_refused", "token_missing")


def test_another_agencys_document_is_not_there(platform: Platform, undisturbed: Walked) -> None:
    document_id = next(
        row["document_id"]
        for row in undisturbed.report["statuses_seen_by_sender"]
        if row["sender"] == PROVINCE.name
    )
    address = f"{DOCUMENTS}/{document_id}"
    assert Caller(platform.installation, "ubndtinh_vanthu").get(address).ok
    stranger = Caller(platform.installation, STRANGER)
    with counted(platform, "not_found"):
        assert problem(stranger.get(address)) == (404, "not_found")
        assert problem(stranger.post(f"{address}/issue")) == (404, "not_found")
        assert problem(stranger.get(f"/v1/dispatches/{document_id}")) == (404, "not_found")
        assert problem(stranger.get(f"{DOCUMENTS}/{uuid4()}")) == (404, "not_found")


def test_an_action_of_another_role_is_refused(platform: Platform, officer: Caller) -> None:
    with counted(platform, "action_not_allowed"):
        answer = officer.post(f"{DOCUMENTS}/{uuid4()}/approve")
    assert problem(answer) == (403, "action_not_allowed")


def test_a_stale_version_is_refused(platform: Platform, officer: Caller) -> None:
    written = officer.post(DOCUMENTS, draft()).json()
    head = Caller(platform.installation, HEAD)
    address = f"{DOCUMENTS}/{written['document_id']}/review"
    with counted(platform, "stale_version"):
        assert problem(head.post(address, If_Match='"7"')) == (412, "stale_version")
    assert head.post(address, If_Match=f'"{written["version"]}"').ok


def test_a_repeated_command_gets_the_first_answer_and_does_nothing_again(
    platform: Platform, officer: Caller
) -> None:
    key = str(uuid4())
    first = officer.post(DOCUMENTS, draft(), key=key)
    events = count_events(platform)
    again = officer.post(DOCUMENTS, draft(), key=key)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert count_events(platform) == events


def test_a_key_with_another_request_is_refused(platform: Platform, officer: Caller) -> None:
    key = str(uuid4())
    assert officer.post(DOCUMENTS, draft(), key=key).ok
    with counted(platform, "idempotency_key_reused"):
        answer = officer.post(DOCUMENTS, draft("Một việc khác"), key=key)
    assert problem(answer) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "body_unreadable"),
        (b"[" * 100_000, 400, "body_unreadable"),
        (b'{"subject": "\\u0000"}', 400, "body_unreadable"),
        (b'{"subject": 7}', 422, "body_invalid"),
        (b" " * (1024 * 1024 + 1), 413, "body_too_large"),
    ],
    ids=["not JSON", "too deep", "unstorable", "unfit", "too large"],
)
def test_a_bad_body_is_refused(
    platform: Platform, officer: Caller, body: bytes, status: int, code: str
) -> None:
    with counted(platform, code):
        answer = officer.call("POST", DOCUMENTS, data=body, headers={"Idempotency-Key": "bad"})
    assert problem(answer) == (status, code)


@pytest.mark.parametrize("edge", [True, False], ids=["by the edge", "directly"])
def test_a_chunked_command_is_carried_out(platform: Platform, officer: Caller, edge: bool) -> None:
    body = json.dumps(draft()).encode()
    caller = officer if edge else Caller(platform.installation, OFFICER, url=direct(platform))
    answer = caller.call(
        "POST",
        DOCUMENTS,
        data=(body[start : start + 10] for start in range(0, len(body), 10)),
        headers={"Idempotency-Key": str(uuid4())},
    )
    assert answer.status_code == 201


def test_a_command_that_breaks_off_leaves_no_trace(platform: Platform, officer: Caller) -> None:
    with counted(platform, "body_broken_off"):
        begun_request(direct(platform), DOCUMENTS, officer.token).close()
        begun_request(platform.url, DOCUMENTS, officer.token).close()
    assert officer.get(DOCUMENTS).ok


def test_twelve_slow_commands_keep_nobody_waiting(platform: Platform, officer: Caller) -> None:
    ops = platform.installation.ports[f"{SERVICE}.ops"]
    with (
        slow_uploads(12, platform.url, DOCUMENTS, officer.token),
        slow_uploads(12, direct(platform), DOCUMENTS, officer.token),
    ):
        began = time.monotonic()
        assert officer.get(DOCUMENTS).ok
        assert requests.get(f"http://127.0.0.1:{ops}/readyz", timeout=2).ok
        assert officer.post(DOCUMENTS, draft()).ok
        assert log_in(platform.installation, OFFICER)
        assert time.monotonic() - began < 2
