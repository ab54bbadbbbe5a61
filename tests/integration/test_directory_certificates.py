"""Certificates' life over HTTP: requests, devices, reports; on the real store."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from prometheus_client import REGISTRY
from werkzeug.test import TestResponse

from services.directory.metrics import measure
from tests.support.directory_office import PROVINCE, Directory, agency, open_directory, position
from tests.support.servers import PostgresForTests
from tools.corpus.certificates import Holder, issue, new_key

LEADER, CLERK, COMMUNE = UUID(int=21), UUID(int=22), UUID(int=3)
NOBODY = UUID(int=99)
TOKEN = "VGCA-0417733"
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
TODAY = datetime.now(VIETNAM).date()
DETAILS = {"identity_number": "036085001234", "email": "binh@example.vn"}
ASKED = {"act": "issue", "kind": "leader", "agency_id": str(PROVINCE), "details": DETAILS}


@pytest.fixture
def directory(postgres: PostgresForTests, tmp_path: Path) -> Iterator[Directory]:
    with open_directory(postgres, tmp_path) as opened:
        opened.post("/v1/agencies", agency())
        opened.post("/v1/agencies", agency(3, "H42.001"))
        for person, name in ((LEADER, "Trần Văn Bình"), (CLERK, "Nguyễn Thị Ứng")):
            opened.post("/v1/people", {"person_id": str(person), "full_name": name})
        opened.post("/v1/positions", position(roles=["leader"], title="Chủ tịch", unit="Lãnh đạo"))
        clerk = {"position_id": str(UUID(int=32)), "person_id": str(CLERK)}
        opened.post("/v1/positions", position(**clerk))
        yield opened


def pem(holder: Holder) -> str:
    return holder.certificate.public_bytes(Encoding.PEM).decode()


def enter(directory: Directory, holder: Holder, kind: str, **more: Any) -> TestResponse:
    return directory.post("/v1/certificates", {"kind": kind, "pem": pem(holder), **more})


def certificate_of(owner: UUID, directory: Directory) -> dict[str, Any]:
    (row,) = directory.get(f"/v1/certificates/{owner}")["certificates"]
    found: dict[str, Any] = row
    return found


def code(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, (answer.json or {}).get("code", "")


def ask_for(directory: Directory, owner: UUID = LEADER, **changes: Any) -> TestResponse:
    return directory.post(
        f"/v1/subscribers/{owner}/requests", {**ASKED, **changes}, roles=("clerk",)
    )


def issued(directory: Directory, days: float = 700) -> str:
    """A leader's certificate on a token, asked for, forwarded, entered, handed over."""
    request: str = (ask_for(directory).json or {})["request_id"]
    forwarded = directory.post(
        f"/v1/subscribers/{LEADER}/requests/{request}/forward", {"reference": "15/TTr-UBND"}
    )
    assert forwarded.status_code == 200
    about = {"owner_id": str(LEADER), "request_id": request, "device": TOKEN}
    made = issue("Trần Văn Bình", None, days=(-1, days))
    assert enter(directory, made, "leader", **about).status_code == 201
    assert hand_over(directory).status_code == 200
    return request


def hand_over(directory: Directory, owner: UUID = LEADER, **changes: Any) -> TestResponse:
    body = {"kind": "leader", "receiver_id": str(owner), "permission": "16/QĐ-UBND", **changes}
    return directory.post(f"/v1/subscribers/{owner}/devices/{TOKEN}/hand-over", body)


def subscriber(directory: Directory, owner: UUID = LEADER) -> Any:
    return directory.get(f"/v1/subscribers/{owner}", roles=("clerk",))


def test_a_certificate_from_request_to_the_return_of_its_device(directory: Directory) -> None:
    request = issued(directory)
    shown = subscriber(directory)
    assert shown["requests"][0]["state"] == "done"
    assert (shown["devices"][0]["state"], shown["devices"][0]["device"]) == ("in_hand", TOKEN)
    assert certificate_of(LEADER, directory)["ended"] is None
    assert directory.get("/v1/certificates/missing", roles=("auditor",))["missing"] == 0

    back = directory.post(
        f"/v1/subscribers/{LEADER}/devices/{TOKEN}/return", {"reason_code": "left"}
    )
    assert back.status_code == 200
    assert certificate_of(LEADER, directory)["ended"] == "returned"
    (short,) = directory.get("/v1/certificates/missing", roles=("auditor",))["agencies"]
    assert [(one["full_name"], one["why"]) for one in short["missing"]] == [
        ("Trần Văn Bình", "returned")
    ]
    minutes = directory.get(f"/v1/subscribers/{LEADER}/devices/{TOKEN}/minutes", roles=("clerk",))
    assert "Trần Văn Bình" in "\n".join(minutes["paragraphs"])
    assert request in str(shown)


def test_the_authoritys_answer_is_due_three_working_days_after_forwarding(
    directory: Directory,
) -> None:
    request = (ask_for(directory).json or {})["request_id"]
    body = {"reference": "15/TTr-UBND", "forwarded_on": "2026-03-05"}
    directory.post(f"/v1/subscribers/{LEADER}/requests/{request}/forward", body)
    (shown,) = directory.get("/v1/certificate-requests", roles=("admin",))["requests"]
    assert (shown["state"], shown["due_on"]) == ("forwarded", "2026-03-10")


def test_a_device_is_due_back_five_working_days_after_its_certificate_ended(
    directory: Directory,
) -> None:
    issued(directory)
    name = certificate_of(LEADER, directory)["certificate_id"]
    body = {"reason_code": "left", "revoked_at": "2026-03-05T09:00:00+07:00"}
    path = f"/v1/subscribers/{LEADER}/certificates/{name}/revoke"
    assert directory.post(path, body).status_code == 200
    row = certificate_of(LEADER, directory)
    assert (row["ended"], row["ended_on"]) == ("revoked", "2026-03-05")
    assert subscriber(directory)["devices"][0]["return_by"] == "2026-03-12"


def test_the_form_is_filled_and_what_it_says_stands_in_no_event(directory: Directory) -> None:
    request = (ask_for(directory).json or {})["request_id"]
    form = directory.get(f"/v1/subscribers/{LEADER}/requests/{request}/form", roles=("clerk",))
    said = "\n".join(form["paragraphs"])
    assert form["form"].startswith("Mẫu số 01")
    for fact in ("Trần Văn Bình", "Chủ tịch", "036085001234", "binh@example.vn"):
        assert fact in said
    stored = directory.everything_stored()
    assert "036085001234" not in stored
    assert "binh@example.vn" not in stored


def test_a_refusal_is_shown_with_its_reason(directory: Directory) -> None:
    request = (ask_for(directory).json or {})["request_id"]
    path = f"/v1/subscribers/{LEADER}/requests/{request}/refuse"
    assert directory.post(path, {"note": "Thiếu số căn cước"}).status_code == 200
    (shown,) = subscriber(directory)["requests"]
    assert (shown["state"], shown["note"]) == ("refused", "Thiếu số căn cước")
    assert directory.get("/v1/certificate-requests", roles=("admin",))["requests"] == []
    assert ask_for(directory).status_code == 201


def test_an_agency_asks_for_its_own_people_and_sees_nobody_elses(directory: Directory) -> None:
    stranger: Any = {"roles": ("clerk",), "agency": COMMUNE}
    issued(directory)
    path = f"/v1/subscribers/{LEADER}"
    assert directory.ask(path, **stranger).status_code == 404
    assert directory.ask("/v1/certificate-requests", **stranger).json == {"requests": []}
    assert (
        directory.ask(f"/v1/certificate-requests?agency={PROVINCE}", **stranger).status_code == 404
    )
    assert directory.post(f"{path}/requests", ASKED, **stranger).status_code == 404
    assert directory.post(f"{path}/devices/{TOKEN}/lost", **stranger).status_code == 404
    own = {**ASKED, "agency_id": str(COMMUNE)}
    assert code(directory.post(f"{path}/requests", own, **stranger)) == (422, "subscriber_unfit")


@pytest.mark.parametrize("act", ["forward", "refuse"])
def test_only_the_managing_body_answers_requests(directory: Directory, act: str) -> None:
    request = (ask_for(directory).json or {})["request_id"]
    path = f"/v1/subscribers/{LEADER}/requests/{request}/{act}"
    body = {"reference": "1/A"} if act == "forward" else {"note": "x"}
    assert directory.post(path, body, roles=("clerk", "leader")).status_code == 403
    assert directory.post(path, body).status_code == 200


@pytest.mark.parametrize("act", ["hand-over", "return", "recover"])
def test_only_the_managing_body_hands_devices_over_and_takes_them_back(
    directory: Directory, act: str
) -> None:
    path = f"/v1/subscribers/{LEADER}/devices/{TOKEN}/{act}"
    assert directory.post(path, {}, roles=("clerk", "leader")).status_code == 403


def test_a_lost_device_is_reported_by_its_agency_and_ends_what_is_on_it(
    directory: Directory,
) -> None:
    issued(directory)
    path = f"/v1/subscribers/{LEADER}/devices/{TOKEN}"
    assert directory.post(f"{path}/lost", roles=("clerk",)).status_code == 200
    assert certificate_of(LEADER, directory)["ended"] == "lost"
    assert code(hand_over(directory)) == (409, "device_lost")
    assert directory.ask(f"{path}/minutes", roles=("clerk",)).status_code == 404


def test_a_device_is_in_one_subscribers_hand(directory: Directory) -> None:
    issued(directory)
    seal = issue("Con dấu", None)
    enter(directory, seal, "seal", owner_id=str(PROVINCE), device=TOKEN)
    to_clerk = {"kind": "seal", "receiver_id": str(CLERK)}
    assert code(hand_over(directory, PROVINCE, **to_clerk)) == (409, "device_taken")
    directory.post(f"/v1/subscribers/{LEADER}/devices/{TOKEN}/return", {"reason_code": "replaced"})
    assert hand_over(directory, PROVINCE, **to_clerk).status_code == 200


def test_an_agencys_device_goes_to_somebody_who_works_there(directory: Directory) -> None:
    enter(directory, issue("Con dấu", None), "seal", owner_id=str(COMMUNE), device=TOKEN)
    to_stranger = {"kind": "seal", "receiver_id": str(CLERK)}
    assert code(hand_over(directory, COMMUNE, **to_stranger)) == (422, "receiver_unfit")
    to_nobody = {"kind": "seal", "receiver_id": str(NOBODY)}
    assert code(hand_over(directory, COMMUNE, **to_nobody)) == (422, "person_unknown")


def test_a_revocation_lies_in_the_past(directory: Directory) -> None:
    issued(directory)
    name = certificate_of(LEADER, directory)["certificate_id"]
    ahead = {"reason_code": "other", "revoked_at": (datetime.now(UTC) + timedelta(1)).isoformat()}
    path = f"/v1/subscribers/{LEADER}/certificates/{name}/revoke"
    assert code(directory.post(path, ahead)) == (422, "not_yet")
    assert certificate_of(LEADER, directory)["ended"] is None


@pytest.mark.parametrize(
    "changes",
    [
        {"act": "burn"},
        {"kind": "ca"},
        {"certificate_id": str(NOBODY)},
        {"act": "renew"},
        {"act": "revoke", "certificate_id": str(NOBODY)},
        {"act": "recover"},
        {"act": "recover", "device": "../../etc/passwd"},
        {"details": {}},
        {"details": {"identity_number": "123"}},
        {"details": {**DETAILS, "email": "nobody"}},
        {"details": {**DETAILS, "secret": "x"}},
        {"kind": "service", "details": {}},
        {"act": "change", "certificate_id": str(NOBODY)},
    ],
)
def test_a_request_that_is_not_whole_is_refused(directory: Directory, changes: Any) -> None:
    assert ask_for(directory, **changes).status_code == 422
    assert subscriber(directory)["requests"] == []


def test_a_person_unknown_here_is_no_subscriber(directory: Directory) -> None:
    assert code(ask_for(directory, NOBODY)) == (422, "person_unknown")
    assert code(ask_for(directory, COMMUNE, kind="seal")) == (422, "subscriber_unfit")


def test_open_requests_are_paged(directory: Directory) -> None:
    for number in range(3):
        seal_of = agency(50 + number, f"H42.05{number}")
        directory.post("/v1/agencies", seal_of)
        asked = {**ASKED, "kind": "seal", "agency_id": seal_of["agency_id"], "details": {}}
        path = f"/v1/subscribers/{seal_of['agency_id']}/requests"
        assert directory.post(path, asked).status_code == 201
    first = directory.get("/v1/certificate-requests?limit=2", roles=("admin",))
    path = f"/v1/certificate-requests?limit=2&cursor={first['next']}"
    rest = directory.get(path, roles=("admin",))
    found = {row["owner_id"] for row in (*first["requests"], *rest["requests"])}
    assert found == {str(UUID(int=50 + number)) for number in range(3)}
    assert "next" not in rest


def test_an_authoritys_certificate_needs_no_owner_and_is_what_it_says(directory: Directory) -> None:
    authority = issue("Cơ quan chứng thực", None, authority=True)
    stamps = issue("TSA", authority, purposes=[ExtendedKeyUsageOID.TIME_STAMPING])
    assert enter(directory, authority, "ca").status_code == 201
    assert enter(directory, stamps, "tsa").status_code == 201
    for unfit, kind in ((stamps, "ca"), (stamps, "ocsp"), (authority, "tsa")):
        assert code(enter(directory, unfit, kind)) == (422, "certificate_unfit")
    owned = enter(directory, authority, "leader", owner_id=str(LEADER))
    assert code(owned) == (422, "certificate_unfit")
    assert enter(directory, authority, "ca", owner_id=str(LEADER)).status_code == 422
    assert enter(directory, issue("A", None), "leader").status_code == 422


def by(issuer: Holder) -> list[tuple[x509.ExtensionType, bool]]:
    """The extension that names the issuer's key."""
    key = issuer.certificate.public_key()
    return [(x509.AuthorityKeyIdentifier.from_issuer_public_key(key), False)]  # type: ignore[arg-type]


def expiries(directory: Directory, until: date) -> dict[str, dict[str, Any]]:
    found = directory.get(f"/v1/certificates/forecast?until={until}", roles=("auditor",))
    return {row["kind"]: row for month in found["months"] for row in month["expiries"]}


def test_the_forecast_tells_what_stops_when_and_because_of_whom(directory: Directory) -> None:
    root = issue("Gốc", None, authority=True, key=new_key(), days=(-30, 3000))
    form: Any = {"authority": True, "key": new_key(), "days": (-30, 100), "more": by(root)}
    authority = issue("Địa phương", root, **form)
    leader = issue("Trần Văn Bình", authority, days=(-30, 300), more=by(authority))
    enter(directory, root, "ca")
    enter(directory, authority, "ca")
    assert enter(directory, leader, "leader", owner_id=str(LEADER)).status_code == 201
    found = expiries(directory, TODAY + timedelta(days=400))
    last = authority.certificate.not_valid_after_utc.astimezone(VIETNAM).date()
    told = found["leader"]
    assert (told["name"], told["agencies"]) == ("Trần Văn Bình", ["Ủy ban nhân dân tỉnh"])
    assert (told["stops_on"], told["because"]) == (str(last), "Địa phương")
    assert (found["ca"]["name"], found["ca"]["below"]) == ("Địa phương", 1)
    assert expiries(directory, TODAY + timedelta(days=50)) == {}

    ask_for(directory, act="renew", certificate_id=told["certificate_id"])
    assert expiries(directory, TODAY + timedelta(days=400))["leader"]["asked"] == "filed"


def test_what_was_revoked_is_forecast_no_more(directory: Directory) -> None:
    issued(directory, days=40)
    assert "leader" in expiries(directory, TODAY + timedelta(days=60))
    name = certificate_of(LEADER, directory)["certificate_id"]
    path = f"/v1/subscribers/{LEADER}/certificates/{name}/revoke"
    directory.post(path, {"reason_code": "other"})
    assert expiries(directory, TODAY + timedelta(days=60)) == {}


def missing_on(directory: Directory, day: date) -> list[str]:
    found = directory.get(f"/v1/certificates/missing?at={day}", roles=("auditor",))
    return [one["why"] for entry in found["agencies"] for one in entry["missing"]]


def test_who_lacks_a_certificate_is_told_for_any_day(directory: Directory) -> None:
    assert missing_on(directory, TODAY) == ["never"]
    issued(directory, days=40)
    assert missing_on(directory, TODAY) == []
    assert missing_on(directory, TODAY + timedelta(days=60)) == ["expired"]
    assert missing_on(directory, TODAY - timedelta(days=20)) == ["not_yet_valid"]
    assert missing_on(directory, date(2020, 1, 1)) == []  # nobody had the position yet
    name = certificate_of(LEADER, directory)["certificate_id"]
    path = f"/v1/subscribers/{LEADER}/certificates/{name}/revoke"
    directory.post(path, {"reason_code": "other"})
    assert missing_on(directory, TODAY) == ["revoked"]


def close(directory: Directory, day: date) -> None:
    answer = directory.post(f"/v1/agencies/{PROVINCE}/close", {"closed_on": day.isoformat()})
    assert answer.status_code == 200, answer.json


def test_a_closed_agency_is_missed_and_forecast_no_more(directory: Directory) -> None:
    issued(directory, days=40)
    enter(directory, issue("Con dấu", None, days=(-1, 40)), "seal", owner_id=str(PROVINCE))
    later = TODAY + timedelta(days=60)
    assert set(expiries(directory, later)) == {"leader", "seal"}
    close(directory, TODAY - timedelta(days=1))
    assert expiries(directory, later) == {}
    assert missing_on(directory, later) == []
    assert missing_on(directory, TODAY - timedelta(days=10)) == ["not_yet_valid"]


def test_a_closed_agency_asks_for_nothing_new_but_for_revocations(directory: Directory) -> None:
    issued(directory)
    close(directory, TODAY - timedelta(days=1))
    name = certificate_of(LEADER, directory)["certificate_id"]
    assert code(ask_for(directory, act="renew", certificate_id=name)) == (409, "agency_closed")
    end = {"act": "revoke", "certificate_id": name, "reason_code": "agency_ended", "details": {}}
    assert ask_for(directory, **end).status_code == 201


def test_whoever_signs_for_a_leader_needs_a_certificate_too(directory: Directory) -> None:
    deputy = {"position_id": str(UUID(int=33)), "person_id": str(CLERK), "authority": "KT."}
    directory.post("/v1/positions", position(roles=["head"], **deputy))
    found = directory.get("/v1/certificates/missing", roles=("auditor",))
    assert (found["leaders"], found["missing"]) == (2, 2)


def test_days_to_the_nearest_expiry_are_measured_by_kind(directory: Directory) -> None:
    issued(directory, days=40)
    subscriber(directory)
    measure(directory.database, datetime.now(UTC))
    (gauge,) = (one for one in REGISTRY.collect() if one.name == "lienthong_certificate_days_left")
    (sample,) = gauge.samples
    assert (sample.labels["kind"], round(sample.value)) == ("leader", 40)
