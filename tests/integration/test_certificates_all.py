"""The doctor's round through an installation, and its rehearsals: on the real store."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import rfc8785

from libs.blobs import open_store
from libs.db import Database, engine_for
from libs.eventstore import ANY, Context, NewEvent
from services.signatures.pdf.revocation import RevocationSource
from services.signatures.pdf.verdict import validate
from tests.support import pki as people
from tests.support.directory_office import Directory, agency, open_directory, position
from tests.support.pki import FetchAsOf, Pki, running
from tests.support.servers import PostgresForTests
from tests.support.softhsm import needs_softhsm, token_with
from tools.certificates import enter, place
from tools.certificates.authorities import look
from tools.cli import main
from tools.pki.architecture import tsa_url
from tools.pki.store import Subject

pytestmark = [
    pytest.mark.postgres, pytest.mark.filterwarnings("ignore:Attribute's length"),
]  # fmt: skip
PROVINCE = UUID(people.AGENCY)
LEADER = UUID(people.LEADER)


@dataclass
class World:
    """An installation with one agency, its leader and its seal, and the doctor's command."""

    directory: Directory
    pki: Pki
    blobs: Path
    capsys: pytest.CaptureFixture[str]
    code: int = -1

    def pem(self, owner: str) -> str:
        return (self.pki.data / "certificates" / f"{owner}.pem").read_text("ascii")

    def enter(self, owner: str, kind: str, of: str | None = None, **more: Any) -> None:
        body = {"owner_id": owner, "kind": kind, "pem": self.pem(of or owner), **more}
        assert self.directory.post("/v1/certificates", body).status_code == 201

    def enter_authorities(self) -> None:
        here = place.find(Path("nowhere"), None, (), whole=True)
        leader = self.pki.keys.signer(people.LEADER).signing_cert
        seen = look(here.asker, here.tsa_urls, [leader])
        assert {one.kind for one in seen.authorities} == {"ca", "ocsp", "tsa"}
        enter(self.directory, seen.authorities)

    def doctor(self, *words: str) -> Any:
        self.capsys.readouterr()
        self.code = main(["certificates", "doctor", "--all", *words, "--json"])
        said = self.capsys.readouterr()
        assert self.code != 3, said.err
        return json.loads(said.out)

    def findings(self, name: str) -> list[str]:
        """The codes about the certificate of that name."""
        return [
            found["code"]
            for one in self.doctor()["certificates"]
            if one["links"][0]["name"] == name
            for found in one["findings"]
        ]

    def arrived(self, pdf: bytes) -> str:
        """A document that waits for its clerk, with the verdict of today."""
        report = self.pki.judge(pdf, self.pki.expected())
        assert report.verdict == "TOTAL_PASSED", report.reasons
        kept = open_store(f"file://{self.blobs}").put_bytes(rfc8785.dumps(report.to_json()))
        name = str(uuid4())
        self.tell(name, "DocumentArrived", document_id=name, agency_id=str(PROVINCE), code="7/CT")
        self.tell(
            name, "ArrivalVerified",
            document_id=name, verdict="TOTAL_PASSED", report=kept.digest,
        )  # fmt: skip
        return name

    def tell(self, document: str, kind: str, **payload: str) -> None:
        """An event of the documents service."""
        database = Database(engine_for(self.directory.url("documents")), "documents")
        context = Context(str(PROVINCE), "person:x", datetime.now(UTC), uuid4())
        event = NewEvent(uuid4(), kind, 1, json.dumps(payload).encode())
        with database.unit() as unit:
            unit.store.append(f"document-{document}", ANY, [event], context)
        database.engine.dispose()


@pytest.fixture(scope="module")
def pki() -> Pki:
    made = running()
    made.add(Subject(str(UUID(int=7)), "leader", "Đỗ Không Khóa", people.PROVINCE))
    return made


@pytest.fixture
def world(
    postgres: PostgresForTests, pki: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[World]:  # fmt: skip
    with open_directory(postgres, tmp_path) as directory:
        directory.post(
            "/v1/agencies", agency() | {"agency_id": str(PROVINCE), "name": people.PROVINCE}
        )
        person = {"person_id": str(LEADER), "full_name": "Nguyễn Văn Đức"}
        directory.post("/v1/people", person)
        leads = {"person_id": str(LEADER), "agency_id": str(PROVINCE), "roles": ["leader"]}
        assert directory.post("/v1/positions", position(**leads)).status_code == 201
        for name, value in {
            "DATABASE_URL": directory.url("monitor"),
            "BLOB_URL": f"file://{tmp_path}/blobs",
            "TRUST_DIR": str(pki.data / "trust"),
            "KEYS_DIR": str(pki.data / "keys"),
            "TSA_URL": tsa_url(pki.state),
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("FETCH_HOSTS", raising=False)
        made = World(directory, pki, tmp_path / "blobs", capsys)
        made.enter(people.LEADER, "leader")
        made.enter(people.AGENCY, "seal")
        yield made


def test_an_installation_whose_authorities_are_entered_is_healthy(world: World) -> None:
    assert world.doctor()["state"] == "warning"
    world.enter_authorities()
    found = world.doctor()
    assert (found["state"], world.code, found["findings"]) == ("healthy", 0, [])
    kinds = [one["kind"] for one in found["certificates"]]
    assert {"leader", "seal", "ca", "ocsp", "tsa"} == set(kinds)


def test_authorities_that_the_directory_does_not_know_are_named(world: World) -> None:
    strangers = [
        one["kind"]
        for one in world.doctor()["certificates"]
        if [found["code"] for found in one["findings"]] == ["not_in_directory"]
    ]
    assert {"ca", "ocsp", "tsa"} == set(strangers)
    assert world.code == 2


def test_a_name_that_the_directory_does_not_have_is_told(world: World) -> None:
    world.enter(people.LEADER, "leader", of=people.OTHER_LEADER)
    assert "name_differs" in world.findings("Trần Thị Ứng")
    assert "name_differs" not in world.findings("Nguyễn Văn Đức")


def test_a_leader_whose_key_the_worker_lacks_is_told(world: World, pki: Pki) -> None:
    person = UUID(int=7)
    world.directory.post("/v1/people", {"person_id": str(person), "full_name": "Đỗ Không Khóa"})
    works = {"position_id": str(UUID(int=77)), "person_id": str(person)}
    world.directory.post("/v1/positions", position(agency_id=str(PROVINCE), **works))
    world.enter(str(person), "leader")
    for end in ("p12", "pin"):
        (pki.data / "keys" / f"{person}.{end}").rename(pki.data / "keys" / f"hidden.{end}")
    try:
        assert world.findings("Đỗ Không Khóa") == ["key_missing"]
        assert world.code == 1
    finally:
        for end in ("p12", "pin"):
            (pki.data / "keys" / f"hidden.{end}").rename(pki.data / "keys" / f"{person}.{end}")


def test_a_key_of_another_certificate_is_told(world: World) -> None:
    world.enter(people.LEADER, "leader", of=people.OTHER_LEADER)
    assert "key_differs" in world.findings("Trần Thị Ứng")


def elsewhere(world: World, name: str) -> list[str]:
    """`World.findings` in a process of its own: SoftHSM reads its settings once in each."""
    command = [sys.executable, "-m", "tools.cli", "certificates", "doctor", "--all", "--json"]
    said = subprocess.run(command, capture_output=True, check=False, cwd=Path(__file__).parents[2])
    named = [one for one in json.loads(said.stdout)["certificates"] if one["links"]]
    found = [one["findings"] for one in named if one["links"][0]["name"] == name]
    return [each["code"] for findings in found for each in findings]


@needs_softhsm
def test_keys_in_tokens_are_looked_for_without_their_pins(
    world: World, pki: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_with(tmp_path / "token", pki.data, people.LEADER)
    token.pin_file.write_text("wrong")
    for name, value in token.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("KEYS_DIR")
    assert elsewhere(world, "Nguyễn Văn Đức") == []
    assert elsewhere(world, people.PROVINCE) == ["key_missing"]
    world.enter(people.LEADER, "leader", of=people.OTHER_LEADER)
    assert "key_differs" in elsewhere(world, "Trần Thị Ứng")
    token.pin_file.rename(token.pins / "absent.pin")
    assert elsewhere(world, "Nguyễn Văn Đức") == ["key_unreadable"]


def test_a_key_on_its_holders_device_is_not_missed_at_the_worker(world: World) -> None:
    world.enter(people.LEADER, "leader", of=people.OTHER_LEADER, device="VGCA-1")
    assert "key_differs" not in world.findings("Trần Thị Ứng")


def test_a_key_that_may_sign_no_more_and_is_still_here_is_told(world: World) -> None:
    (row,) = world.directory.get(f"/v1/certificates/{LEADER}")["certificates"]
    path = f"/v1/subscribers/{LEADER}/certificates/{row['certificate_id']}/revoke"
    assert world.directory.post(path, {"reason_code": "left"}).status_code == 200
    assert world.findings("Nguyễn Văn Đức") == ["ended_in_directory"]


def test_an_older_certificate_that_was_replaced_is_let_be(world: World) -> None:
    world.enter(people.LEADER, "leader", of=people.EXPIRED)
    assert world.findings("Phạm Hết Hạn") == []


def test_a_closed_agencys_certificates_are_nobodys_business(world: World) -> None:
    world.enter_authorities()
    yesterday = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    path = f"/v1/agencies/{PROVINCE}/close"
    assert world.directory.post(path, {"closed_on": yesterday}).status_code == 200
    kinds = {one["kind"] for one in world.doctor()["certificates"]}
    assert kinds == {"ca", "ocsp", "tsa"}
    assert world.doctor("--rehearse", "2099-01-01")["stopped"] == []


def last_day(world: World, owner: UUID) -> date:
    (row,) = world.directory.get(f"/v1/certificates/{owner}")["certificates"]
    return date.fromisoformat(row["valid_to"])


def test_a_rehearsal_names_who_could_not_sign_and_what_waits_for_them(world: World) -> None:
    draft = str(uuid4())
    world.tell(
        draft, "DocumentDrafted",
        document_id=draft, agency_id=str(PROVINCE), signer_id=str(LEADER),
    )  # fmt: skip
    day = last_day(world, LEADER) + timedelta(days=2)
    found = world.doctor("--rehearse", day.isoformat())
    assert world.code == 1
    told = {one["kind"]: (one["name"], one["waiting"]) for one in found["stopped"]}
    assert told == {"leader": ("Nguyễn Văn Đức", 1), "seal": (people.PROVINCE, 1)}


def test_a_rehearsal_of_a_day_on_which_nothing_ends_tells_nothing(world: World) -> None:
    world.arrived(world.pki.issued()[-1])
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert world.doctor("--rehearse", tomorrow.isoformat()) == {"stopped": [], "changed": []}
    assert world.code == 0


@pytest.mark.parametrize("which", ["file", "fingerprint"])
def test_an_authority_as_if_expired_takes_everyone_below_it_along(world: World, which: str) -> None:
    waiting = world.arrived(world.pki.issued()[-1])
    file = world.pki.data / "trust" / "localities.pem"
    named = str(file)
    if which == "fingerprint":
        (authority,) = world.pki.trust.intermediates
        named = authority.sha256.hex()[:12]
    found = world.doctor("--as-if-expired", named)
    assert {one["kind"] for one in found["stopped"]} == {"leader", "seal"}
    assert all(one["because"].startswith("Cơ quan chứng thực") for one in found["stopped"])
    (changed,) = found["changed"]
    assert (changed["document_id"], changed["then"]) == (waiting, "INDETERMINATE")
    assert changed["reason"] == "certificate_outside_validity"


def test_a_time_stamp_authority_as_if_expired_opens_the_stamped_verdicts(
    world: World, tmp_path: Path
) -> None:
    world.enter_authorities()
    world.arrived(world.pki.issued()[-1])
    rows = world.doctor()["certificates"]
    (stamps,) = (one["links"][0]["sha256"] for one in rows if one["kind"] == "tsa")
    found = world.doctor("--as-if-expired", stamps)
    assert found["stopped"] == []
    assert [one["reason"] for one in found["changed"]] == ["timestamp_invalid"]


def test_what_was_accepted_or_refused_waits_no_more(world: World) -> None:
    waiting = world.arrived(world.pki.issued()[-1])
    world.tell(waiting, "DocumentAccepted", document_id=waiting)
    day = last_day(world, LEADER) + timedelta(days=2)
    assert world.doctor("--rehearse", day.isoformat())["changed"] == []


@pytest.mark.parametrize(("days", "verdict"), [(-2, "TOTAL_PASSED"), (2, "INDETERMINATE")])
def test_the_rehearsed_verdict_is_the_one_that_the_day_brings(
    world: World, days: int, verdict: str
) -> None:
    """The engine judges the same file as of that day, with the answers of that day."""
    pdf = world.pki.issued()[-1]
    world.arrived(pdf)
    day = last_day(world, LEADER) + timedelta(days=days)
    changed = world.doctor("--rehearse", day.isoformat())["changed"]
    then = datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
    report = validate(
        pdf, trust=world.pki.trust, at=then, expected=world.pki.expected(),
        fetch=RevocationSource(FetchAsOf(then)),
    )  # fmt: skip
    assert report.verdict == verdict
    assert [(one["then"], one["reason"]) for one in changed] == (
        [] if verdict == "TOTAL_PASSED" else [(verdict, "certificate_outside_validity")]
    )


def test_a_certificate_that_nobody_has_is_a_wrong_call(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    for named in ("0123456789ab", "0", "nowhere.pem"):
        assert main(["certificates", "doctor", "--all", "--as-if-expired", named]) == 3
        assert "SHA-256" in capsys.readouterr().err


def test_without_a_database_the_round_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    words = ["certificates", "doctor", "--all", "--folder", str(tmp_path)]
    assert main(words) == 3
    assert "DATABASE_URL" in capsys.readouterr().err
    monkeypatch.setenv("DATABASE_URL", "postgresql://monitor:x@127.0.0.1:1/none")
    monkeypatch.setenv("BLOB_URL", f"file://{tmp_path}")
    assert main(words) == 3
