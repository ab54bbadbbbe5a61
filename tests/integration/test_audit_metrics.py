"""The operators' gauge counts each document once at each agency, by its last status."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from libs.blobs import open_store
from services.audit.metrics import count_documents
from tests.integration.audit_trail import BEGIN, Trail, arrive, everybody, handle, issue
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres


@pytest.fixture
def trail(postgres: PostgresForTests, tmp_path: Path) -> Iterator[Trail]:
    made = Trail(postgres.fresh_database(), open_store(f"file://{tmp_path}"))
    yield made
    made.close()


def counted(trail: Trail, since: datetime = BEGIN) -> dict[tuple[str, str], float]:
    trail.read()
    count_documents(trail.audit, since)
    (gauge,) = (one for one in REGISTRY.collect() if one.name == "lienthong_documents")
    return {(one.labels["tier"], one.labels["status"]): one.value for one in gauge.samples}


def test_documents_are_counted_by_tier_and_last_status(trail: Trail) -> None:
    who = everybody(trail)
    text = trail.text(subject="Chỉ thị")
    arrive(trail, "province", "government", "directive", "1/CT-TTg", text)
    arrive(trail, "province", "government", "second directive", "2/CT-TTg", text)
    arrive(trail, "commune", "province", "letter", "3/UBND", text)
    assert counted(trail)["2", "01"] == 2

    handle(trail, "province", "directive", who)
    issue(trail, "own", text, who)
    now = counted(trail)
    assert (now["2", "01"], now["2", "06"], now["4", "01"]) == (1, 1, 1)
    assert now["2", "none"] == 1  # drafted and issued: nobody has told a status of it
    assert now["1", "none"] == 2  # what the Government Office sent
    assert ("2", "03") not in now


def test_a_count_that_has_gone_down_to_nothing_is_not_shown_any_more(trail: Trail) -> None:
    who = everybody(trail)
    arrive(trail, "province", "government", "directive", "1/CT-TTg", trail.text(subject="x"))
    assert counted(trail)["2", "01"] == 1
    handle(trail, "province", "directive", who)
    assert ("2", "01") not in counted(trail)


def test_a_document_without_a_recent_step_is_not_counted(trail: Trail) -> None:
    everybody(trail)
    arrive(trail, "province", "government", "directive", "1/CT-TTg", trail.text(subject="x"))
    assert counted(trail)
    assert counted(trail, since=BEGIN + timedelta(days=1)) == {}
