"""The worker's child: same answers, bounded time and memory, always another one after."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from services.signatures.pdf import isolate
from services.signatures.pdf.isolate import Isolated, WorkerInterrupted
from services.signatures.pdf.signed import SigningRefused
from tests.support.pki import (
    AGENCY,
    DATE_BOX,
    LEADER,
    LEADER_BOX,
    NUMBER_BOX,
    PROVINCE,
    SEAL_BOX,
    Pki,
    draft,
    now,
    running,
)


@pytest.fixture(scope="module")
def pki() -> Pki:
    return running()


@pytest.fixture(scope="module")
def worker(pki: Pki) -> Iterator[Isolated]:
    with Isolated(pki.setup(), seconds=20) as child:
        yield child


def test_the_child_signs_and_judges_a_whole_document(pki: Pki, worker: Isolated) -> None:
    first = worker.sign_leader(draft(), person_id=LEADER, box=LEADER_BOX, at=now())
    second = worker.sign_number(
        first.pdf,
        agency_id=AGENCY,
        at=now(),
        number="15",
        number_box=NUMBER_BOX,
        date="ngày 22 tháng 11 năm 2026",
        date_box=DATE_BOX,
    )
    third = worker.sign_seal(second.pdf, agency_id=AGENCY, agency=PROVINCE, box=SEAL_BOX, at=now())
    assert worker.validate(third.pdf, at=now(), expected=pki.expected()).verdict == "TOTAL_PASSED"
    kept = worker.add_evidence(third.pdf, at=now()).pdf
    assert worker.validate(kept, at=now()).verdict == "TOTAL_PASSED"


def test_a_refusal_keeps_its_code(worker: Isolated) -> None:
    nobody = "0190a000-0000-7000-8000-00000000dead"
    with pytest.raises(SigningRefused) as refusal:
        worker.sign_leader(draft(), person_id=nobody, box=LEADER_BOX, at=now())
    assert refusal.value.code == "key_not_found"


def test_rubbish_does_not_end_the_child(worker: Isolated) -> None:
    assert worker.validate(b"rubbish", at=now()).reasons[0].code == "file_unreadable"
    assert worker.validate(draft(), at=now()).reasons[0].code == "no_signature"


def test_too_slow_is_a_verdict_and_the_next_file_is_judged(
    worker: Isolated, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.validate(draft(), at=now())
    os.kill(worker._process.pid, signal.SIGSTOP)
    with monkeypatch.context() as impatient:
        impatient.setattr(worker, "_seconds", 0.2)
        report = worker.validate(draft() + b"\n", at=now())
    assert (report.verdict, report.reasons[0].code) == ("INDETERMINATE", "check_interrupted")
    assert worker.validate(draft() + b"\n", at=now()).reasons[0].code == "no_signature"


def test_a_file_gets_so_much_of_the_processor_and_the_next_one_is_judged(
    pki: Pki, worker: Isolated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the clock says: the worker of this test would wait twenty seconds."""
    signed = pki.leader(draft()).pdf
    endless = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /A (" + b"a" * 4 * isolate.BIG
    assert worker.validate(endless, at=now()).reasons[0].code == "file_unreadable"
    with monkeypatch.context() as strict:
        strict.setattr(isolate, "VERDICT_SECONDS_OF_BIG", 0.01)
        began, child = time.monotonic(), worker.pid
        report = worker.validate(endless + b"a", at=now())
        assert (report.verdict, report.reasons[0].code) == ("INDETERMINATE", "check_interrupted")
        assert time.monotonic() - began < 10
        assert worker.pid != child
        # It is the big file's bound, and the next file has its own.
        assert worker.validate(signed, at=now()).verdict == "TOTAL_PASSED"


def test_too_much_memory_is_a_verdict(pki: Pki) -> None:
    with Isolated(pki.setup(), seconds=20, memory=8 * 1024 * 1024) as small:
        report = small.validate(b"%PDF-1.7" + bytes(20_000_000), at=now())
        with pytest.raises(WorkerInterrupted):
            small.add_evidence(b"%PDF-1.7" + bytes(20_000_000), at=now())
    assert report.reasons[0].code == "check_interrupted"


def test_a_killed_child_is_replaced(worker: Isolated) -> None:
    worker.validate(draft(), at=now())
    os.kill(worker._process.pid, signal.SIGKILL)
    worker._process.join(10)
    assert worker.validate(draft() + b"\n\n", at=now()).reasons[0].code == "no_signature"


def test_the_same_file_again_gets_the_report_that_was_made(pki: Pki, worker: Isolated) -> None:
    signed = pki.leader(draft()).pdf
    first = worker.validate(signed, at=now())
    assert first.verdict == "TOTAL_PASSED"
    assert worker.validate(signed, at=now()) is first
    assert worker.validate(signed, at=now(), expected=pki.expected()).verdict == "TOTAL_FAILED"


def test_another_instant_is_another_question(pki: Pki, worker: Isolated) -> None:
    signed = pki.leader(draft()).pdf
    first = worker.validate(signed, at=now())
    after = pki.keys.signer(LEADER).signing_cert.not_valid_after + timedelta(days=1)
    assert worker.validate(signed, at=after).verdict == "INDETERMINATE"
    before = first.at - timedelta(hours=1)
    assert worker.validate(signed, at=before).at == before


def test_what_was_not_known_is_asked_again(pki: Pki) -> None:
    signed = pki.leader(draft()).pdf
    with Isolated(replace(pki.setup(), hosts=()), seconds=20) as offline:
        first = offline.validate(signed, at=now())
        assert first.verdict == "INDETERMINATE"
        assert offline.validate(signed, at=now()) is not first


def test_a_new_worker_knows_no_old_report(pki: Pki) -> None:
    signed = pki.leader(draft()).pdf
    with Isolated(pki.setup(), seconds=20) as worker:
        first = worker.validate(signed, at=now())
        worker.close()
        assert worker.validate(signed, at=now()) is not first


def test_a_file_beyond_the_limit_is_not_even_sent(
    worker: Isolated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolate, "LARGEST_FILE", 100)
    assert worker.validate(draft(), at=now()).reasons[0].code == "file_too_large"
    with pytest.raises(SigningRefused):
        worker.sign_leader(draft(), person_id=LEADER, box=LEADER_BOX, at=now())
