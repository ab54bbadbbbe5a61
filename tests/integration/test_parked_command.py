"""`lienthong parked`: what operators see and do, on one service's database or on a platform's."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import text

from libs.blobs import open_store
from libs.contracts import UnknownEvent
from libs.eventstore import Context
from libs.messaging.desk import JOURNAL
from tests.support.parked import CONSUMER, TRACE, Office
from tests.support.servers import PostgresForTests
from tools.cli import main

BAD, GOOD, THIRD = "document-bad", "document-good", "document-third"
OPERATOR = "machine:night-shift"


@pytest.fixture
def office(postgres: PostgresForTests) -> Iterator[Office]:
    office = Office(postgres.fresh_database())
    yield office
    office.close()


class Ran:
    """What a run of the command answered."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(
    office: Office,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """The command, entering as the workflow service."""
    monkeypatch.setenv("DATABASE_URL", office.url("workflow"))
    monkeypatch.setenv("BLOB_URL", f"file://{tmp_path}/blobs")

    def call(*words: str) -> Ran:
        try:
            code = main(["parked", *words])
        except SystemExit as end:
            code = int(end.code or 0)
        return Ran(code, *capsys.readouterr())

    return call


def test_the_list_tells_which_streams_stand_still_and_why_in_plain_words(
    office: Office, run: Run
) -> None:
    assert run("list").out == "No stream stands still.\n"
    office.park(BAD, behind=2, cause=UnknownEvent("DraftReviewed"))
    told = run("list")
    assert told.code == 0
    for words in (CONSUMER, BAD, "DraftReviewed", "bring it up to date, then release"):
        assert words in told.out
    (row,) = run("list", "--json").json
    wanted = {"consumer": CONSUMER, "stream": BAD, "version": 1, "type": "DraftReviewed",
              "attempts": 5, "behind": 2, "state": "parked", "next_try": None,
              "cause": "UnknownEvent: DraftReviewed"}  # fmt: skip
    assert wanted.items() <= row.items()
    assert row["since"].startswith("20")
    assert "cập nhật dịch vụ" in row["cause_vi"]


def test_what_is_still_tried_is_listed_when_asked_for(office: Office, run: Run) -> None:
    office.poison[BAD] = ValueError("poison")
    office.write(BAD)
    office.applier.catch_up("document")
    assert run("list", "--json").json == []
    (row,) = run("list", "--waiting", "--json").json
    assert (row["state"], row["attempts"]) == ("waiting", 0)
    assert row["next_try"] is not None
    assert "0 of 5" in run("list", "--waiting").out


def test_the_list_shows_parked_jobs_too_and_where_they_are_decided_about(
    office: Office, run: Run
) -> None:
    context = Context("agency-1", "person:x", datetime.now(UTC), TRACE)
    with office.workflow.unit() as unit:
        unit.jobs.add(UUID(int=5), "count", {}, context)
        cause = "UPDATE workflow.job SET state = 'parked', attempts = 6, cause = 'KeyError: x'"
        unit.connection.execute(text(cause))
    (row,) = run("list", "--json").json
    wanted = {"kind": "job", "item": f"workflow.jobs/{UUID(int=5)}", "what": "count",
              "attempts": 6, "behind": 0, "cause": "KeyError: x", "trace": str(TRACE)}  # fmt: skip
    assert wanted.items() <= row.items()
    told = run("list").out
    for words in ("No stream stands still", "workflow.jobs/", "was not found", "desk over HTTP"):
        assert words in told


def test_show_prints_the_head_in_full_and_what_stands_behind(office: Office, run: Run) -> None:
    office.park(BAD, behind=1)
    told = run("show", CONSUMER, BAD, "--json").json
    assert told["event"]["payload"] == {"document_id": BAD}
    assert told["event"]["trace"] == str(TRACE)
    assert told["event"]["recorded_at"] == told["since"]
    assert [row["version"] for row in told["events_behind"]] == [2]
    page = run("show", CONSUMER, BAD).out
    for words in (told["event"]["event_id"], str(TRACE), "ValueError: poison", '"document_id"'):
        assert words in page


def test_show_prints_as_stored_what_the_contract_does_not_know(office: Office, run: Run) -> None:
    office.write(BAD, kind="Strange")
    office.applier.catch_up("document")
    office.run_until_parked(BAD)
    told = run("show", CONSUMER, BAD, "--json").json
    assert json.loads(told["event"]["payload"]) == {"document_id": BAD}
    assert "as stored" in run("show", CONSUMER, BAD).out


@pytest.mark.parametrize(
    "words",
    [
        ("release", CONSUMER, BAD),
        ("release", "--all", "--cause", "poison"),
        ("release", "--all"),
        ("refuse", CONSUMER, BAD, "--reason", "a test"),
    ],
)
def test_a_dry_run_tells_and_changes_nothing(
    office: Office, run: Run, words: tuple[str, ...], tmp_path: Path
) -> None:
    office.park(BAD, behind=2)
    before = office.rows()
    told = run(*words, "--dry-run")
    assert told.code == 0
    assert f"Would {words[0]} the event in front of 1 stream; 2 events stand behind." in told.out
    answer = run(*words, "--dry-run", "--json").json
    assert (answer["dry_run"], answer["count"], answer["events"][0]["stream"]) == (True, 1, BAD)
    assert office.rows() == before
    assert office.decided() == []
    assert not list(tmp_path.rglob("*"))


def test_a_released_stream_goes_on_and_the_decision_names_who_decided(
    office: Office, run: Run
) -> None:
    office.park(BAD, behind=1)
    office.heal()
    told = run("release", CONSUMER, BAD, "--by", OPERATOR)
    assert (told.code, "Released the event in front of 1 stream" in told.out) == (0, True)
    assert office.run() == [(BAD, 1), (BAD, 2)]
    assert f"Decided alone by {OPERATOR}" in told.out
    (decided,) = office.decided()
    assert (decided.handler, JOURNAL.event(decided).request_id) == (OPERATOR, None)


def test_all_of_one_cause_are_released_and_no_other(office: Office, run: Run) -> None:
    office.park(BAD)
    office.park(GOOD, cause=KeyError("agency"))
    office.park(THIRD)
    office.heal()
    answer = run("release", "--all", "--cause", "poison", "--json").json
    assert {row["stream"] for row in answer["events"]} == {BAD, THIRD}
    assert sorted(office.run()) == [(BAD, 1), (THIRD, 1)]
    assert run("release", "--all", "--cause", "poison").code == 1


def test_many_are_counted_and_shown_by_a_sample(office: Office, run: Run) -> None:
    for number in range(12):
        office.park(f"document-{number}")
    told = run("release", "--all", "--dry-run").out
    assert "Would release the event in front of 12 streams" in told
    assert told.count("document-") == 10
    assert "and 2 more" in told


def test_a_refusal_keeps_its_reason_as_a_blob_and_the_rest_follows(
    office: Office, run: Run, tmp_path: Path
) -> None:
    office.park(BAD, behind=1)
    office.heal()
    told = run("refuse", CONSUMER, BAD, "--reason", " bản thử nghiệm ")
    assert (told.code, "Refused the event" in told.out) == (0, True)
    assert office.run() == [(BAD, 2)]
    (decided,) = office.decided()
    assert decided.handler == "machine:operator"
    reason = open_store(f"file://{tmp_path}/blobs").read(JOURNAL.event(decided).reason, limit=999)
    assert json.loads(reason) == {"note": "bản thử nghiệm"}
    assert "thử nghiệm" not in decided.payload.decode()


def test_a_refusal_without_a_place_for_its_reason_changes_nothing(
    office: Office, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.park(BAD)
    monkeypatch.delenv("BLOB_URL")
    told = run("refuse", CONSUMER, BAD, "--reason", "x")
    assert (told.code, "BLOB_URL" in told.err) == (2, True)
    assert len(office.rows()) == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "ACTION"),
        (("release",), 2, "name a CONSUMER and a STREAM"),
        (("release", CONSUMER), 2, "name a CONSUMER and a STREAM"),
        (("release", CONSUMER, BAD, "--all"), 2, "name a CONSUMER and a STREAM"),
        (("release", CONSUMER, BAD, "--cause", "x"), 2, "name a CONSUMER and a STREAM"),
        (("release", CONSUMER, BAD, "--by", "Mr X"), 2, "--by takes"),
        (("release", CONSUMER, BAD, "--by", f"person:{UUID(int=1)}"), 2, "people decide at"),
        (("refuse", CONSUMER, BAD), 2, "--reason"),
        (("refuse", CONSUMER, BAD, "--reason", " "), 2, "a reason has"),
        (("refuse", CONSUMER, BAD, "--reason", "x" * 1001), 2, "a reason has"),
        (("show", CONSUMER, GOOD), 1, "does not stand still"),
        (("release", CONSUMER, GOOD), 1, "nothing parked"),
        (("refuse", CONSUMER, GOOD, "--reason", "x"), 1, "nothing parked"),
        (("release", "documents.policies", BAD), 1, "no consumer of the roles at hand"),
        (("show", "[bold]", BAD), 1, "[bold] is no consumer"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    office: Office, run: Run, words: tuple[str, ...], code: int, said: str
) -> None:
    office.park(BAD)
    before = office.rows()
    told = run(*words)
    assert (told.code, said in told.err) == (code, True), told.err
    assert office.rows() == before


def test_a_database_that_is_away_is_said_in_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://workflow:secret@127.0.0.1:1/nowhere")
    told = run("list")
    assert (told.code, "does not answer" in told.err) == (1, True)
    assert "secret" not in told.err + told.out


def test_without_a_database_the_platforms_folder_shows_all_services(
    office: Office,
    run: Run,
    postgres: PostgresForTests,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office.park(BAD)
    monkeypatch.delenv("DATABASE_URL")
    told = run("list", "--folder", str(tmp_path))
    assert (told.code, "lienthong up" in told.err) == (1, True)
    started_platform(tmp_path, postgres, urlsplit(office.url("workflow")).path)
    assert [row["stream"] for row in run("list", "--folder", str(tmp_path), "--json").json] == [BAD]
    assert run("release", CONSUMER, BAD, "--folder", str(tmp_path)).code == 0
    assert len(office.decided()) == 1


def started_platform(folder: Path, postgres: PostgresForTests, database: str) -> None:
    """The files that a started platform leaves: its settings, and every role's password."""
    secrets = folder / "secrets"
    shutil.copytree(postgres.server.database.credentials.folder, secrets)
    server = f"postgresql://nobody@127.0.0.1:{postgres.port}{database}"
    facts = {"ports": {}, "settings": {"DATABASE_URL": server}}
    (secrets / "installation").write_text(json.dumps(facts), encoding="utf-8")


def test_the_help_teaches_what_standing_still_means_and_every_action(run: Run) -> None:
    told = run("--help")
    assert told.code == 0
    for words in ("list", "show", "release", "refuse", "--dry-run", "DATABASE_URL", "behind"):
        assert words in told.out
