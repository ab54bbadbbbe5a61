"""`lienthong rebuild`: its answers for people and programs, and its exit codes."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.rebuild_store import Store
from tests.support.servers import PostgresForTests
from tools import cli

pytestmark = pytest.mark.postgres


@pytest.fixture
def store(postgres: PostgresForTests, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    with closing(Store(postgres.fresh_database())) as made:
        monkeypatch.setenv("DATABASE_URL", made.url("migrator"))
        yield made


def test_it_says_what_it_did(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    events = store.tell(1, {"agency", "person"})
    store.serve("signatures")
    assert cli.main(["rebuild", "signatures"]) == 0
    assert capsys.readouterr().out.startswith(f"signatures: {events} events in ")


def test_programs_read_a_line_for_each_step(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    events = store.tell(1, {"agency", "person"})
    store.serve("signatures")
    assert cli.main(["rebuild", "signatures", "--json"]) == 0
    first, *_, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == {"step": "progress", "done": 0, "total": events, "rate": 0}
    assert (last["step"], last["events"], last["failed"]) == ("exchanged", events, 0)

    store.do("UPDATE es.checkpoint SET epoch = gen_random_uuid()")
    assert cli.main(["rebuild", "signatures", "--json"]) == 1
    refused = json.loads(capsys.readouterr().out)
    assert (refused["step"], refused["code"]) == ("refused", "stale_epoch")


def test_a_stranger_is_a_wrong_call_and_a_database_away_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["rebuild", "nobody"])
    assert ended.value.code == 2
    monkeypatch.setenv("DATABASE_URL", "postgresql://migrator:secret@127.0.0.1:1/none")
    assert cli.main(["rebuild", "documents"]) == 1
    told = capsys.readouterr().err
    assert "run it again" in told
    assert "secret" not in told
    monkeypatch.delenv("DATABASE_URL")
    assert cli.main(["rebuild", "documents", "--folder", str(tmp_path)]) == 1
    assert "lienthong up" in capsys.readouterr().err
