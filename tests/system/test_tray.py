"""A leader's tray on the running platform: one confirmation, one opening, progress, results."""

import io
import re

import pytest
from rich.console import Console

from tests.support.softhsm import needs_softhsm
from tools.bench.tray import logins, prepare, sign
from tools.platform import Platform

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.timeout(600)]

DOCUMENTS = 10


@needs_softhsm
def test_ten_documents_are_signed_by_one_confirmation_and_one_opening_of_the_token(
    platform: Platform,
) -> None:
    shown = io.StringIO()
    before = logins(platform)
    prepared = prepare(platform, DOCUMENTS, Console(quiet=True))
    _, tray = sign(platform, prepared, Console(file=shown, force_terminal=True, width=100))
    # What other tests laid before the same leader is in it too.
    documents = tray["documents"]
    assert tray["signed"] == tray["total"] == len(documents)
    assert prepared <= {row["document_id"] for row in documents}
    assert (tray["failed"], tray["waiting"], tray["signing"]) == (0, 0, 0)
    # Each document tells its own result.
    assert {(row["state"], row["reason_code"]) for row in documents} == {("signed", None)}
    assert all(row["ended_at"] for row in documents)
    urgent = [row["urgency"] for row in documents]
    assert urgent == sorted(urgent, reverse=True)
    assert logins(platform) == max(before, 1)
    # He saw how far it was: from none to all, never back, and something between.
    counts = [tuple(map(int, found)) for found in re.findall(r"(\d+)/(\d+)", shown.getvalue())]
    assert {total for _, total in counts} == {len(documents)}
    done = [number for number, _ in counts]
    assert (done[0], done[-1]) == (0, len(documents))
    assert done == sorted(done)
    assert len(set(done)) > len({0, len(documents)})
