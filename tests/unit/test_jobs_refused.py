"""Every kind of job can be refused: its act says what it means that it will never be done."""

from typing import Any

import pytest

from libs.jobs.queue import REFUSED
from services.documents import worker as documents
from services.interconnect import worker as interconnect
from services.signatures.acts import Acts
from services.signatures.refused import refused_acts

NOTHING: Any = None
TABLES = {
    "documents": documents.acts(NOTHING, NOTHING),
    "interconnect": interconnect.acts(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING),
    "signatures": {**Acts(NOTHING, NOTHING, NOTHING).table(), **refused_acts(NOTHING)},
}


@pytest.mark.parametrize("service", sorted(TABLES))
def test_each_kind_of_job_has_the_act_of_its_refusal(service: str) -> None:
    kinds = {kind for kind in TABLES[service] if not kind.endswith(REFUSED)}
    refused = {kind.removesuffix(REFUSED) for kind in TABLES[service] if kind.endswith(REFUSED)}
    assert kinds == refused
    assert kinds
