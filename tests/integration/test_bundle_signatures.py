"""`lienthong verify-bundle --signatures`: the PDFs of a bundle are judged by what lies in it."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.signatures.pdf.evidence import Evidence, add_evidence
from tests.support.bundles import (
    ANSWER,
    CARD,
    DOCUMENT,
    OTHER,
    REPORT,
    TEXT,
    digest,
    matter,
    store,
    zipped,
)
from tests.support.pki import Pki, now, running
from tools.bundle.verify_bundle import main

Judge = Callable[..., tuple[int, Any]]
PASSED, FAILED = "TOTAL_PASSED", "TOTAL_FAILED"


@pytest.fixture(scope="module")
def pki() -> Pki:
    return running()


@pytest.fixture(scope="module")
def issued(pki: Pki) -> bytes:
    return pki.issued()[-1]


@pytest.fixture(scope="module")
def evidence(pki: Pki, issued: bytes) -> Evidence:
    return evidence_of(pki, issued)


def evidence_of(pki: Pki, pdf: bytes) -> Evidence:
    return add_evidence(pdf, trust=pki.trust, tsa=pki.tsa(), at=now(), fetch=pki.fetch())


def broken(pdf: bytes) -> bytes:
    return pdf.replace(b"/MediaBox", b"/MediaBoy", 1)


@pytest.fixture
def judge(pki: Pki, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Judge:
    """Makes a bundle of an issued file, verdicts and evidence; what the command says of it."""

    def call(
        pdf: bytes, *evidence: tuple[bytes, Any], verdicts: tuple[str, ...] = (), issue: bool = True
    ) -> tuple[int, Any]:
        rows = store(pdf if issue else b"")
        for number, verdict in enumerate(verdicts):
            fields = {"document_id": DOCUMENT, "file": digest(pdf), "verdict": verdict}
            rows.add("FileValidated", f"validation-{number}", fields)
        for made, at in evidence:
            fields = {"file": digest(pdf), "evidence": digest(made), "stamped_at": str(at)}
            rows.add("EvidenceAdded", f"evidence-{digest(pdf)}", fields, OTHER)
        bodies = (CARD, TEXT, REPORT, ANSWER, pdf, *(made for made, _ in evidence))
        files = {digest(body): body for body in (*bodies, *(() if issue else (b"",)))}
        path = tmp_path / "case.zip"
        path.write_bytes(zipped(matter(rows, files=files).members()))
        trust = str(pki.data / "trust")
        code = main([str(path), "--signatures", "--trust", trust, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call


def told(found: Any) -> list[tuple[str, str]]:
    return [(each["judged"], each["verdict"]) for each in found["verdicts"].values()]


def test_a_file_with_evidence_passes_without_network(
    judge: Judge, issued: bytes, evidence: Evidence
) -> None:
    code, found = judge(issued, (evidence.pdf, evidence.stamped_at))
    assert code == 0, found
    assert list(found["verdicts"]) == [f"files/{digest(issued)}.pdf"]
    assert told(found) == [(f"files/{digest(evidence.pdf)}.pdf", PASSED)]
    assert "1 TOTAL_PASSED" in found["signatures"]


def test_the_newest_evidence_is_judged_as_of_its_timestamp(
    judge: Judge, pki: Pki, issued: bytes, evidence: Evidence
) -> None:
    """Not as of today: the authority's answer about the timestamp itself is of that moment."""
    renewed = evidence_of(pki, evidence.pdf)
    both = (evidence.pdf, evidence.stamped_at), (renewed.pdf, renewed.stamped_at)
    assert told(judge(issued, *both)[1]) == [(f"files/{digest(renewed.pdf)}.pdf", PASSED)]
    late = renewed.stamped_at + timedelta(days=1)
    code, found = judge(issued, both[0], (renewed.pdf, late))
    assert (code, told(found)[0][1]) == (0, "INDETERMINATE")


def test_a_file_without_evidence_cannot_be_known_to_be_good(judge: Judge, issued: bytes) -> None:
    code, found = judge(issued)
    assert (code, told(found)) == (0, [(f"files/{digest(issued)}.pdf", "INDETERMINATE")])


def test_an_issued_file_that_fails_is_wrong_whoever_judged_it_since(
    judge: Judge, issued: bytes
) -> None:
    code, found = judge(broken(issued), verdicts=(FAILED,))
    assert (code, found["code"], told(found)[0][1]) == (1, "further", FAILED)
    assert "signatures not valid" in found["wrong"]


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [((PASSED, FAILED), 1), ((FAILED, PASSED), 1), ((FAILED,), 0), (("INDETERMINATE",), 0)],
)
def test_what_passed_then_may_not_fail_now(
    judge: Judge, issued: bytes, verdicts: tuple[str, ...], code: int
) -> None:
    got, found = judge(broken(issued), verdicts=verdicts, issue=False)
    assert (got, told(found)[0][1]) == (code, FAILED)


def test_evidence_that_does_not_begin_with_its_file_is_wrong(
    judge: Judge, pki: Pki, evidence: Evidence
) -> None:
    code, found = judge(pki.issued()[-1], (evidence.pdf, evidence.stamped_at))
    assert (code, found["code"]) == (1, "further")
    assert "does not begin with" in found["wrong"]


def test_an_event_that_says_nonsense_is_an_answer_and_no_crash(
    judge: Judge, issued: bytes, evidence: Evidence
) -> None:
    code, found = judge(issued, (evidence.pdf, "yesterday"))
    assert (code, found["code"]) == (1, "further")
