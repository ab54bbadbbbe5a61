"""A leader's tray on the running platform: one confirmation, one opening of his token."""

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
    console = Console(quiet=True)
    before = logins(platform)
    prepare(platform, DOCUMENTS, console)
    _, tray = sign(platform, DOCUMENTS, console)
    # What other tests laid before the same leader is in it too.
    assert tray["signed"] == len(tray["documents"]) >= DOCUMENTS
    urgent = [row["urgency"] for row in tray["documents"]]
    assert urgent == sorted(urgent, reverse=True)
    assert logins(platform) == max(before, 1)
