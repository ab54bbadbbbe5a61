"""The directory over its own HTTP interface, on the real store."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from werkzeug.test import TestResponse

from libs.db import Unit
from libs.eventstore import Context
from services.directory.commands import AssignPosition, CloseAgency
from services.directory.errors import AgencyEnded
from services.directory.handlers import handle
from tests.support.directory_office import PROVINCE, Directory, agency, open_directory, position
from tests.support.overlap import overlap
from tests.support.servers import PostgresForTests

SECRET = "a-secret-of-more-than-thirty-two-letters"


@pytest.fixture
def directory(postgres: PostgresForTests, tmp_path: Path) -> Iterator[Directory]:
    with open_directory(postgres, tmp_path) as opened:
        yield opened


def test_an_agency_is_entered_once_and_found_by_everybody(directory: Directory) -> None:
    assert directory.post("/v1/agencies", agency()).status_code == 201
    again = directory.post("/v1/agencies", agency())
    assert (again.status_code, again.json) == (200, {"registered": False})
    (row,) = directory.get("/v1/agencies")["agencies"]
    assert (row["agency_id"], row["codes"][0]["code"]) == (str(PROVINCE), "H42")
    assert directory.get(f"/v1/agencies/{PROVINCE}")["name"] == "Ủy ban nhân dân tỉnh"


def test_agencies_are_paged_without_losing_one(directory: Directory) -> None:
    for number in range(5):
        directory.post("/v1/agencies", agency(number + 1, f"H4{number}"))
    first = directory.get("/v1/agencies?limit=3")
    second = directory.get(f"/v1/agencies?limit=3&cursor={first['next']}")
    found = [row["agency_id"] for row in (*first["agencies"], *second["agencies"])]
    assert found == sorted({str(UUID(int=number + 1)) for number in range(5)})


def test_a_code_belongs_to_one_agency(directory: Directory) -> None:
    directory.post("/v1/agencies", agency())
    taken = directory.post("/v1/agencies", agency(3))
    assert (taken.status_code, (taken.json or {})["code"]) == (409, "code_taken")


def test_only_the_operator_enters_anything(directory: Directory) -> None:
    refused = directory.post("/v1/agencies", agency(), roles=("leader", "clerk"))
    assert refused.status_code == 403
    assert directory.get("/v1/agencies")["agencies"] == []


def test_a_persons_name_is_shown_but_stands_in_no_event(directory: Directory) -> None:
    directory.post("/v1/agencies", agency())
    person = {"person_id": str(UUID(int=21)), "full_name": "Nguyễn Thị Ứng"}
    assert directory.post("/v1/people", person).status_code == 201
    assert directory.post("/v1/positions", position()).status_code == 201
    (row,) = directory.get(f"/v1/agencies/{PROVINCE}/positions")["positions"]
    assert (row["full_name"], row["roles"]) == ("Nguyễn Thị Ứng", ["clerk"])
    assert "Ứng" not in directory.everything_stored()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"person_id": str(UUID(int=99))}, "person_unknown"),
        ({"agency_id": str(UUID(int=99))}, "agency_unknown"),
        ({"roles": ["emperor"]}, "role_unknown"),
    ],
)
def test_a_position_needs_a_person_an_agency_and_a_known_role(
    directory: Directory, changes: dict[str, Any], code: str
) -> None:
    directory.post("/v1/agencies", agency())
    directory.post("/v1/people", {"person_id": str(UUID(int=21)), "full_name": "A"})
    refused = directory.post("/v1/positions", position(**changes))
    assert (refused.status_code, (refused.json or {})["code"]) == (422, code)


CLIENT = {
    "client_id": "front-end-1",
    "agency_id": str(PROVINCE),
    "roles": ["machine"],
    "client_secret": SECRET,
}


def machine(directory: Directory) -> None:
    directory.post("/v1/agencies", agency())
    assert directory.post("/v1/clients", CLIENT).status_code == 201
    directory.get("/v1/agencies")


def ask(directory: Directory, secret: str, client_id: str = "front-end-1") -> TestResponse:
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    return directory.client.post("/v1/token", data=form)


def test_a_machine_gets_a_token_for_its_secret_which_is_kept_nowhere(directory: Directory) -> None:
    machine(directory)
    answer = ask(directory, SECRET)
    assert answer.status_code == 200
    assert (answer.json or {})["expires_in"] == 300
    assert SECRET not in directory.everything_stored()


@pytest.mark.parametrize(
    ("secret", "client_id"), [("wrong" * 8, "front-end-1"), (SECRET, "nobody")]
)
def test_a_wrong_secret_and_an_unknown_client_look_the_same(
    directory: Directory, secret: str, client_id: str
) -> None:
    machine(directory)
    refused = ask(directory, secret, client_id)
    assert (refused.status_code, (refused.json or {})["code"]) == (401, "client_refused")


LAST_DAY = {"closed_on": "2025-06-30"}


def test_an_agency_is_closed_once_and_shows_its_last_day_and_successor(
    directory: Directory,
) -> None:
    directory.post("/v1/agencies", agency())
    directory.post("/v1/agencies", agency(3, "H43"))
    path, successor = f"/v1/agencies/{PROVINCE}/close", str(UUID(int=3))
    closing = {**LAST_DAY, "successor_id": successor}
    answers = [directory.post(path, closing) for _ in range(2)]
    assert [(each.status_code, each.json) for each in answers] == [(200, {"closed": True})] * 2
    shown = directory.get(f"/v1/agencies/{PROVINCE}")
    assert (shown["closed_on"], shown["successor_id"]) == ("2025-06-30", successor)
    assert directory.get(f"/v1/agencies/{successor}")["closed_on"] is None
    otherwise = directory.post(path, LAST_DAY)
    assert (otherwise.status_code, (otherwise.json or {})["code"]) == (409, "closed_otherwise")
    assert directory.post(path, closing, roles=("clerk",)).status_code == 403


@pytest.mark.parametrize("missing", [PROVINCE, UUID(int=3)])
def test_neither_a_closed_agency_nor_its_successor_may_be_a_stranger(
    directory: Directory, missing: UUID
) -> None:
    for number, code in ((2, "H42"), (3, "H43")):
        if UUID(int=number) != missing:
            directory.post("/v1/agencies", agency(number, code))
    body = {**LAST_DAY, "successor_id": str(UUID(int=3))}
    refused = directory.post(f"/v1/agencies/{PROVINCE}/close", body)
    assert (refused.status_code, (refused.json or {})["code"]) == (422, "agency_unknown")


def test_nothing_new_begins_at_an_agency_after_its_last_day(directory: Directory) -> None:
    directory.post("/v1/agencies", agency())
    directory.post("/v1/people", {"person_id": str(UUID(int=21)), "full_name": "Trần Thị Ứng"})
    directory.post(f"/v1/agencies/{PROVINCE}/close", LAST_DAY)
    assert directory.post("/v1/positions", position(valid_from="2025-06-30")).status_code == 201
    late = position(valid_from="2025-07-01", position_id=str(UUID(int=32)))
    for refused in (directory.post("/v1/positions", late), directory.post("/v1/clients", CLIENT)):
        assert (refused.status_code, (refused.json or {})["code"]) == (409, "agency_closed")


CLOSES = CloseAgency(PROVINCE, date(2025, 6, 30), UUID(int=3))
BEGINS = AssignPosition(
    UUID(int=31), UUID(int=21), PROVINCE, "Văn thư", "Văn thư", "", ("clerk",), date(2025, 7, 1)
)
CLOSES_ITS_SUCCESSOR = CloseAgency(UUID(int=3), date(2025, 7, 1), PROVINCE)


@pytest.mark.parametrize("late", [BEGINS, CLOSES_ITS_SUCCESSOR])
def test_nothing_begins_at_an_agency_that_is_being_closed(
    directory: Directory, late: AssignPosition | CloseAgency
) -> None:
    for number, code in ((2, "H42"), (3, "H43")):
        directory.post("/v1/agencies", agency(number, code))
    directory.post("/v1/people", {"person_id": str(UUID(int=21)), "full_name": "Trần Thị Ứng"})

    def told(command: AssignPosition | CloseAgency) -> Callable[[Unit], Any]:
        return lambda unit: handle(
            command, unit, Context("a", "system:test", unit.now, uuid4()), uuid4()
        )

    refused = overlap(directory.database, told(CLOSES), told(late))
    assert isinstance(refused, AgencyEnded)


def certificate() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Con dấu")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=9))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def test_a_certificates_facts_are_read_from_it(directory: Directory) -> None:
    pem = certificate()
    body = {"owner_id": str(PROVINCE), "kind": "seal", "pem": pem}
    assert directory.post("/v1/certificates", body).status_code == 201
    (row,) = directory.get(f"/v1/certificates/{PROVINCE}")["certificates"]
    made = x509.load_pem_x509_certificate(pem.encode())
    assert row["fingerprint"] == made.fingerprint(hashes.SHA256()).hex()


def test_an_agency_has_a_certificate_of_its_seal_and_one_of_its_service_key(
    directory: Directory,
) -> None:
    agency = str(uuid4())
    for kind in ("seal", "service"):
        body = {"owner_id": agency, "kind": kind, "pem": certificate()}
        assert directory.post("/v1/certificates", body).status_code == 201
    rows = directory.get(f"/v1/certificates/{agency}")["certificates"]
    assert sorted(row["kind"] for row in rows) == ["seal", "service"]
    body = {"owner_id": agency, "kind": "other", "pem": certificate()}
    assert directory.post("/v1/certificates", body).status_code == 422


def test_what_is_no_certificate_is_refused(directory: Directory) -> None:
    body = {"owner_id": str(PROVINCE), "kind": "seal", "pem": "-----BEGIN NONSENSE-----"}
    refused = directory.post("/v1/certificates", body)
    assert (refused.status_code, (refused.json or {})["code"]) == (422, "certificate_unreadable")
