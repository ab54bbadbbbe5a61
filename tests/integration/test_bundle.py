"""`lienthong bundle`: what is made of a trace, and what is not made of a store that lies."""

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import rfc8785

from services.audit.sealing.shards import ShardName
from tests.integration.audit_trail import identity
from tests.integration.bundle_world import SUBJECT, TRACE, Run, World, runner, seal, world
from tests.support.bundles import shortened
from tests.support.servers import PostgresForTests
from tools.bundle import making
from tools.bundle import verify_bundle as check

pytestmark = pytest.mark.postgres
run = pytest.fixture(runner)


@pytest.fixture
def own(postgres: PostgresForTests, tmp_path: Path) -> Iterator[World]:
    """A world to be changed."""
    with world(postgres, tmp_path) as made:
        yield made


@pytest.fixture
def bundle(own: World, run: Run) -> Path:
    """Its bundle, as long as nothing was changed."""
    path = own[0].folder / "case.zip"
    code, told = run("bundle", TRACE, "-o", path)
    assert (code, told["subject"], told["younger"]) == (0, SUBJECT, 0)
    return path


def test_what_is_younger_than_the_checkpoint_is_told(own: World, bundle: Path, run: Run) -> None:
    own[1].append("DraftReturned", "out", document_id=identity("out"), note="")
    own[1].read()
    again = bundle.with_name("again.zip")
    code, told = run("bundle", TRACE, "-o", again)
    assert (code, told["younger"]) == (0, 1)
    assert again.read_bytes() == bundle.read_bytes()


def test_names_are_those_of_the_day_and_erased_ones_are_said_to_be(own: World, run: Run) -> None:
    card = next(
        json.loads(row.payload)["card"] for row in own[0].rows() if row.type == "PersonRegistered"
    )
    own[1].blobs.delete(card)
    path = own[0].folder / "case.zip"
    code, told = run("bundle", TRACE, "-o", path)
    assert (code, told["missing"][card]) == (0, "erased")
    with zipfile.ZipFile(path) as file:
        lines = json.loads(file.read("timeline.json"))
    assert "(đã xóa)" in {line["handler"] for line in lines}


def test_a_signers_device_that_came_back_or_was_lost_is_told(own: World, run: Run) -> None:
    """It ends his certificate's use (ADR 15). A request for a certificate decides nothing."""
    leader, device = identity("Trần Văn Bình"), {"device": "VGCA-0417733", "kind": "leader"}
    steps: dict[str, dict[str, Any]] = {
        "DeviceHandedOver": {**device, "receiver_id": leader, "handed_on": "2026-03-09"},
        "DeviceRecovered": {"device": "VGCA-0417733", "request_id": identity("recover")},
        "DeviceLost": {**device, "certificates": [identity("certificate")]},
        "DeviceReturned": {**device, "certificates": [], "reason_code": "replaced"},
        "CertificateRequestFiled": {"request_id": identity("renew"), "form": "a" * 64},
    }
    for kind, fields in steps.items():
        own[1].append(kind, "Trần Văn Bình", trace="elsewhere", owner_id=leader, **fields)
    own[1].append("DeviceLost", "stranger", trace="elsewhere", owner_id=identity("stranger"))
    own[1].read()
    seal(own[0])
    path = own[0].folder / "case.zip"
    assert run("bundle", TRACE, "-o", path)[0] == 0
    with zipfile.ZipFile(path) as file:
        entries = [json.loads(file.read(one)) for one in file.namelist() if "entry" in one]
    told = [each["type"] for each in entries if each["stream"].startswith("certificate-")]
    assert told == ["DeviceHandedOver", "DeviceRecovered", "DeviceLost", "DeviceReturned"]
    assert run("verify-bundle", path)[0] == 0


def test_who_made_a_bundle_is_known_for_good(own: World, bundle: Path) -> None:
    (made,) = (row for row in own[0].rows() if row.type == "TrailConsulted")
    told = json.loads(made.payload)
    assert (told["question"], told["door"], told["trace_id"]) == ("bundle", "command", TRACE)
    assert made.handler.startswith("machine:operator.")
    assert str(made.trace) != TRACE


def test_nobody_has_a_bundle_of_which_nothing_is_known(own: World, run: Run) -> None:
    own[0].tamper("DELETE FROM es.grantee WHERE category = 'consultation'")
    path = own[0].folder / "case.zip"
    code, told = run("bundle", TRACE, "-o", path)
    assert (code, told["error"]) == (1, "not_made")
    assert not path.exists()


def test_it_has_what_the_verdicts_rest_on(own: World, run: Run) -> None:
    """Answers of responders and certificates, which no event names but the report does."""
    keep = own[1].blobs.put_bytes
    here, gone = keep(b"0\x82\1\0 an answer").digest, "b" * 64
    material = [{"kind": "ocsp", "sha256": here}, {"kind": "crl", "sha256": gone}]
    report = keep(rfc8785.dumps({"verdict": "TOTAL_PASSED", "material": material})).digest
    ids: dict[str, Any] = {"validation_id": identity("v"), "document_id": identity("in")}
    own[1].append("FileValidated", "v", **ids, agency_id=identity("province"), report=report)
    own[1].read()
    seal(own[0])
    path = own[0].folder / "case.zip"
    code, told = run("bundle", TRACE, "-o", path)
    assert (code, told["missing"][gone]) == (0, "erased")
    with zipfile.ZipFile(path) as file:
        assert file.read(f"files/{here}.der").endswith(b"an answer")
    assert run("verify-bundle", path)[0] == 0


def test_an_unknown_trace_is_refused(own: World, run: Run) -> None:
    path = own[0].folder / "case.zip"
    assert run("bundle", identity("nothing"), "-o", path)[1]["error"] == "trace_unknown"
    assert not path.exists()


def test_a_store_that_was_changed_makes_no_bundle(own: World, bundle: Path, run: Run) -> None:
    before = bundle.read_bytes()
    own[0].tamper("UPDATE es.event SET handler = 'person:x/y' WHERE type = 'DocumentIssued'")
    code, told = run("bundle", TRACE, "-o", bundle)
    assert (code, told["error"]) == (1, "not_as_sealed")
    assert bundle.read_bytes() == before


def test_a_deleted_event_makes_no_bundle(own: World, bundle: Path, run: Run) -> None:
    own[0].tamper("DELETE FROM es.event WHERE type = 'TaskStarted'")
    assert run("bundle", TRACE, "-o", bundle)[1]["error"] == "not_as_sealed"


def test_read_models_that_are_behind_make_no_bundle(
    own: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "PATIENCE", 0.0)
    own[1].append("DocumentVoided", "out", document_id=identity("out"), note="")
    seal(own[0])
    code, told = run("bundle", TRACE, "-o", own[0].folder / "case.zip")
    assert (code, told["error"]) == (1, "not_caught_up")


def go_on(own: World, stream: str = "out") -> None:
    """One more step of the matter, sealed in the year that it is."""
    own[1].append("DocumentVoided", stream, document_id=identity(stream), note="")
    own[1].read()
    seal(own[0], ShardName(own[0].now.year))


def turn_of_the_year(own: World, year: int) -> None:
    own[0].keys.make(ShardName(year))
    own[0].now = datetime(year, 1, 5, tzinfo=UTC)


@pytest.fixture
def two_years(own: World, run: Run) -> Path:
    """A bundle of the matter after it went on in the next year."""
    turn_of_the_year(own, 2027)
    go_on(own)
    path = own[0].folder / "case.zip"
    assert run("bundle", TRACE, "-o", path)[0] == 0
    return path


def test_a_trace_over_two_years_has_two_checkpoints(own: World, two_years: Path, run: Run) -> None:
    code, found = run("verify-bundle", two_years, "--log", own[0].log)
    assert (code, len(found["checkpoints"])) == (0, 2)
    assert "2027" in found["log_copy"]


def test_a_later_year_that_was_left_out_is_in_the_copy(
    own: World, two_years: Path, run: Run
) -> None:
    members = check.unpacked(two_years.read_bytes())
    two_years.write_bytes(shortened(members, lambda _, origin: "2027" not in origin))
    assert run("verify-bundle", two_years)[0] == 0  # nobody can see it from the bundle alone
    code, found = run("verify-bundle", two_years, "--log", own[0].log)
    assert (code, found["log_copy"]) == (1, "")
    assert "1 newer entries of the trace are in the copy" in found["wrong"]
    assert "made before them, or shortened" in found["wrong"]
    assert f"document-{identity('out')} version" in found["wrong"]
    assert "withheld" not in found["wrong"]


def test_a_year_between_that_was_left_out_was_withheld(
    own: World, two_years: Path, run: Run
) -> None:
    """Whoever knows the year behind it was not before it."""
    turn_of_the_year(own, 2028)
    go_on(own, "another")
    assert run("bundle", TRACE, "-o", two_years)[0] == 0
    members = check.unpacked(two_years.read_bytes())
    two_years.write_bytes(shortened(members, lambda _, origin: "2027" not in origin))
    assert run("verify-bundle", two_years)[0] == 0
    code, found = run("verify-bundle", two_years, "--log", own[0].log)
    assert (code, "newer" in found["wrong"]) == (1, False)
    assert "1 entries of the log were withheld" in found["wrong"]


def test_an_older_bundle_lacks_what_a_newer_copy_has(own: World, bundle: Path, run: Run) -> None:
    go_on(own)
    code, found = run("verify-bundle", bundle, "--log", own[0].log)
    assert (code, found["verified"], found["log_copy"]) == (1, False, "")
    assert "1 newer entries of the trace are in the copy" in found["wrong"]
    assert f"document-{identity('out')} version" in found["wrong"]


def test_an_older_bundle_is_whole_when_only_other_matters_went_on(
    own: World, bundle: Path, run: Run
) -> None:
    own[0].append_all(400, "document-another")
    seal(own[0])
    code, found = run("verify-bundle", bundle, "--log", own[0].log)
    assert (code, "entries of the trace are here" in found["log_copy"]) == (0, True)


def test_a_copy_that_ends_before_the_bundle_says_nothing(
    own: World, run: Run, tmp_path: Path
) -> None:
    copytree(own[0].log, tmp_path / "copy")
    go_on(own)
    path = own[0].folder / "case.zip"
    assert run("bundle", TRACE, "-o", path)[0] == 0
    code, found = run("verify-bundle", path, "--log", tmp_path / "copy")
    assert (code, "older than the bundle" in found["wrong"]) == (1, True)


def test_who_may_not_read_everything_makes_no_bundle(
    own: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", own[0].url("documents"))
    code, told = run("bundle", TRACE, "-o", own[0].folder / "case.zip")
    assert (code, told["error"]) == (1, "bundle_refused")


def test_another_log_is_no_witness(own: World, bundle: Path, run: Run) -> None:
    path = own[0].log / "2026" / "tile" / "entries" / "000"
    path.write_bytes(path.read_bytes().replace(b"person:", b"nobody:", 1))
    code, found = run("verify-bundle", bundle, "--log", own[0].log)
    assert (code, "not the log of the checkpoint" in found["wrong"]) == (1, True)
