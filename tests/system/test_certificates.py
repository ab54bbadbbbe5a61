"""`lienthong certificates` on a running platform: reports, the doctor's round, a form to print."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.system import Caller
from tests.support.wait import eventually
from tools.cli import main as lienthong
from tools.demo.cast import agency, person
from tools.platform import Platform

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq]
ALL_KINDS = {"leader", "seal", "service", "ca", "ocsp", "tsa"}
FAR = (date.today() + timedelta(days=365 * 25)).isoformat()  # noqa: DTZ011 -- far is far
DETAILS = {"identity_number": "036085001234", "email": "hau@example.vn"}


class Command:
    """The command on this platform; `code` is how it ended."""

    def __init__(self, platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder, self._capsys, self.code = str(platform.folder), capsys, -1

    def __call__(self, *words: str) -> str:
        self._capsys.readouterr()
        self.code = lienthong(["certificates", *words, "--folder", self._folder])
        said = self._capsys.readouterr()
        assert self.code != 3, said.err
        return said.out

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json"))


@pytest.fixture
def certificates(platform: Platform, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(platform, capsys)


def test_every_leader_of_the_demo_has_a_certificate(certificates: Command) -> None:
    found = certificates.json("missing")
    assert (found["missing"], found["agencies"]) == (0, [])
    assert found["leaders"] > 0
    before = certificates.json("missing", "--at", "2025-08-01")
    assert before["missing"] == before["leaders"] > 0
    assert "chưa có hiệu lực" in certificates("missing", "--at", "2025-08-01")


def test_every_kind_of_certificate_is_forecast(certificates: Command) -> None:
    months = certificates.json("forecast", "--until", FAR)["months"]
    assert {row["kind"] for month in months for row in month["expiries"]} == ALL_KINDS
    assert [month["month"] for month in months] == sorted(month["month"] for month in months)
    assert "dấu thời gian · TSA" in certificates("forecast", "--until", FAR)


def test_the_doctor_finds_the_platform_healthy_with_its_keys(certificates: Command) -> None:
    found = certificates.json("doctor", "--all")
    assert (found["state"], certificates.code) == ("healthy", 0), found
    assert {one["kind"] for one in found["certificates"]} == ALL_KINDS
    assert all(row["entered"] for row in certificates.json("authorities")["authorities"])


def test_a_rehearsal_far_ahead_stops_every_leader_and_every_seal(certificates: Command) -> None:
    found = certificates.json("doctor", "--all", "--rehearse", FAR)
    assert certificates.code == 1
    assert {one["kind"] for one in found["stopped"]} == {"leader", "seal", "service"}
    assert "Đinh Công Hậu" in certificates("doctor", "--all", "--rehearse", FAR)


def test_a_form_is_filed_printed_and_refused(
    platform: Platform, certificates: Command, tmp_path: Path
) -> None:
    owner, home = person("binhluc", "lanhdao").person_id, agency("binhluc").agency_id
    clerk = Caller(platform.installation, "binhluc_vanthu")
    operator = Caller(platform.installation, "ubndtinh_quantri")
    held = clerk.get(f"/v1/certificates/{owner}").json()["certificates"][0]
    asked = {
        "act": "renew",
        "kind": "leader",
        "agency_id": str(home),
        "certificate_id": held["certificate_id"],
        "details": DETAILS,
    }
    filed = clerk.post(f"/v1/subscribers/{owner}/requests", asked)
    assert filed.status_code == 201, filed.text
    request = filed.json()["request_id"]
    path = f"/v1/subscribers/{owner}/requests/{request}/form"
    eventually(lambda: clerk.get(path).status_code == 200, within=30)
    page = tmp_path / "form.pdf"
    said = certificates("form", str(owner), "--request", request, "--output", str(page))
    assert "Đinh Công Hậu" in said
    assert page.read_bytes().startswith(b"%PDF-")
    refuse = f"/v1/subscribers/{owner}/requests/{request}/refuse"
    assert operator.post(refuse, {"note": "thử"}).status_code == 200
