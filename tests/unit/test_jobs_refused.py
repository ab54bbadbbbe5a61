"""Every kind of job can be refused: its act says what it means that it will never be done."""

from typing import Any

import pytest

from libs.jobs.queue import REFUSED
from services.documents import worker as documents
from services.interconnect import worker as interconnect
from services.signatures.worker import Parts

NOTHING: Any = None
SIGNATURES = Parts(NOTHING, NOTHING, NOTHING, NOTHING)
TABLES = {
    "documents": documents.acts(NOTHING, NOTHING),
    "interconnect": interconnect.acts(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING),
    "signatures": {**SIGNATURES.prompt(0, NOTHING).acts, **SIGNATURES.patient(NOTHING).acts},
}


@pytest.mark.parametrize("service", sorted(TABLES))
def test_each_kind_of_job_has_the_act_of_its_refusal(service: str) -> None:
    kinds = {kind for kind in TABLES[service] if not kind.endswith(REFUSED)}
    refused = {kind.removesuffix(REFUSED) for kind in TABLES[service] if kind.endswith(REFUSED)}
    assert kinds == refused
    assert kinds
