"""`lienthong balance`: what an operator sees, and what a program learns from its end."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.interconnect.compose import VIETNAM
from tests.support.interconnect_world import CODES, COMMUNE, DEPARTMENT, OFFICE, World, open_world
from tests.support.servers import PostgresForTests
from tools.cli import main

pytestmark = pytest.mark.postgres
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def world(postgres: PostgresForTests, tmp_path: Path) -> Iterator[World]:
    with open_world(postgres, tmp_path) as made:
        yield made


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    url = world.database.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", url)

    def call(*words: str) -> tuple[int, str, str]:
        try:
            code = main(["balance", *words])
        except SystemExit as end:
            code = int(end.code or 0)
        return (code, *capsys.readouterr())

    return call


def told(run: Run, *words: str) -> tuple[int, Any]:
    code, out, _ = run("--json", *words)
    return code, json.loads(out)


def test_when_all_adds_up_it_says_so_and_ends_with_0(world: World, run: Run) -> None:
    code, out, _ = run()
    assert (code, "nothing is lost" in out) == (0, True)
    world.issue(DEPARTMENT, COMMUNE)
    world.settle()
    code, out, _ = run()
    today = datetime.now(UTC).astimezone(VIETNAM).date()
    assert (code, f"{today:%d/%m/%Y}" in out, CODES[COMMUNE] in out) == (0, True, True)
    code, facts = told(run)
    assert (code, facts["holds"], len(facts["rows"])) == (0, True, 2)
    assert facts["totals"]["sent"] == {
        "accepted": 2, "delivered": 2, "open": 0, "parked": 0, "refused": 0, "withdrawn": 0,
        "difference": 0,
    }  # fmt: skip


def test_a_planted_loss_is_told_with_its_pair_and_ends_with_1(world: World, run: Run) -> None:
    world.issue(DEPARTMENT)
    world.settle()
    world.issue(OFFICE)
    world.project()
    world.react()
    world.project()
    with world.database.unit() as unit:
        unit.connection.execute(text("DELETE FROM interconnect.job WHERE state = 'open'"))
    code, out, _ = run()
    assert (code, "1 do not add up" in out) == (1, True)
    assert out.index(CODES[OFFICE]) < out.index(CODES[DEPARTMENT])
    code, facts = told(run, "--difference-only")
    assert (code, facts["holds"]) == (1, False)
    (row,) = facts["rows"]
    assert (row["recipient"]["code"], row["sent"]["difference"]) == (CODES[OFFICE], 1)


def test_agencies_are_chosen_by_code_or_id_and_days_by_date(world: World, run: Run) -> None:
    world.issue(DEPARTMENT, COMMUNE)
    world.settle()
    for one in (CODES[COMMUNE], str(COMMUNE)):
        _, facts = told(run, "--recipient", one)
        assert [row["recipient"]["agency_id"] for row in facts["rows"]] == [str(COMMUNE)]
    assert told(run, "--sender", CODES[COMMUNE])[1]["rows"] == []
    assert told(run, "--to", "2020-01-01")[1]["rows"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sender", "H99"), "no agency has the code H99"),
        (("--from", "2026-02-01", "--to", "2026-01-01"), "--from is after --to"),
        (("--from", "yesterday"), "--from"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(run: Run, words: tuple[str, ...], said: str) -> None:
    code, _, err = run(*words)
    assert (code, said in err) == (2, True)


def test_a_database_that_is_away_is_said_in_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://interconnect:secret@127.0.0.1:1/nowhere")
    code, out, err = run()
    assert (code, "does not answer" in err, "secret" in out + err) == (1, True, False)


def test_the_help_teaches_the_equation_and_every_word_of_it(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    for words in (
        "accepted = delivered + open + parked",
        "arrived = ",
        "--difference-only",
        "1 when",
    ):
        assert words in out
