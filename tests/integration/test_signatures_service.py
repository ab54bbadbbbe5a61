"""Requests become jobs, jobs become signatures and verdicts: real store, keys, TSA and OCSP."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import rfc8785
from sqlalchemy import text

from libs.blobs import BlobStore, open_store
from libs.contracts import message
from libs.db import Database, engine_for
from libs.envelope import jws
from libs.eventstore import ANY, Context, NewEvent
from libs.jobs.worker import Worker
from libs.messaging.applier import Applier
from services.signatures import queries
from services.signatures.acts import Acts
from services.signatures.evidence_jobs import KIND, ask_for_renewals
from services.signatures.giving_way import EVERY_SECONDS, GivingWay
from services.signatures.judging import Judging
from services.signatures.keeping import Keeping
from services.signatures.pdf.engine import Setup
from services.signatures.pdf.isolate import Isolated
from services.signatures.policies import POLICIES
from services.signatures.projections import PROJECTIONS
from services.signatures.refused import refused_acts
from services.signatures.report_key import JSON_TYPE, ReportKey, verify_xml
from tests.support import pki as people
from tests.support.pki import Pki, draft, running
from tests.support.servers import PostgresForTests

AT = datetime(2026, 11, 22, 7, 5, tzinfo=UTC)


@dataclass
class Office:
    """The service without HTTP and broker: its consumers are called by hand."""

    store: dict[str, Database]
    blobs: BlobStore
    worker: Worker
    patient: Worker
    engine: Isolated
    setup: Setup
    key: ReportKey

    def publish(self, owner: str, stream: str, kind: str, payload: str) -> None:
        """Append another service's event, as that service."""
        context = Context("a1", f"system:{owner}", AT, UUID(int=9))
        event = NewEvent(uuid4(), kind, 1, payload.encode())
        with self.store[owner].unit() as unit:
            unit.store.append(stream, ANY, [event], context)

    def follow(self) -> None:
        """Let both consumers come up to date."""
        for consumer, handlers, categories in (
            ("signatures.policies", POLICIES, ("document",)),
            (
                "signatures.projections",
                PROJECTIONS,
                (
                    "agency",
                    "person",
                    "certificate",
                    "document",
                    "signing",
                    "validation",
                    "evidence",
                ),
            ),
        ):
            applier = Applier(consumer, self.store["signatures"], handlers)
            for category in categories:
                applier.catch_up(category)

    def events(self, stream: str) -> list[tuple[str, Any]]:
        """What the service recorded, as the contract reads it."""
        with self.store["signatures"].unit() as unit:
            return [(event.type, message(event)) for event in unit.store.read(stream)]

    def reach(self, *hosts: str, tsa: bool = True) -> None:
        """From now on these hosts alone can be asked, and the authorities or none of them."""
        urls = self.setup.tsa_urls if tsa else ("http://127.0.0.1:1/tsa",)
        allowed = (*hosts, "127.0.0.1:1")
        self.engine.renew(replace(self.setup, hosts=allowed, tsa_urls=urls))

    def make_due(self) -> None:
        """Let a minute pass for jobs that wait."""
        with self.store["signatures"].unit() as unit:
            unit.connection.execute(text("UPDATE signatures.job SET due_at = clock_timestamp()"))

    def backlog(self) -> dict[str, int]:
        """How much waits, as the service counts it."""
        self.follow()
        with self.store["signatures"].unit() as unit:
            found = queries.backlog(unit.connection, datetime.now(UTC))
        return {what: number for what, (number, _) in found.items()}

    def know(self, owner: str, kind: str, fingerprint: str) -> str:
        """Enter a certificate in the directory; returns its id."""
        name = str(uuid4())
        self.publish(
            "directory",
            f"certificate-{owner}",
            "CertificateRegistered",
            f'{{"certificate_id":"{name}","fingerprint":"{fingerprint}","kind":"{kind}",'
            f'"owner_id":"{owner}"}}',
        )
        return name


@pytest.fixture(scope="module")
def pki() -> Pki:
    return running()


@pytest.fixture
def office(postgres: PostgresForTests, pki: Pki, tmp_path: Path) -> Iterator[Office]:
    url = postgres.fresh_database()
    engines = {name: engine_for(url(name)) for name in ("documents", "directory", "signatures")}
    stores = {name: Database(engine, name) for name, engine in engines.items()}
    blobs = open_store(f"file://{tmp_path}")
    # A busy machine's time-stamp authority may need longer than a clerk would wait.
    setup = replace(pki.setup(), fetch_seconds=20)
    ours = stores["signatures"]
    with Isolated(setup, seconds=60) as engine:
        key = ReportKey.open(tmp_path / "report-key.pem", AT)
        judging, keeping = Judging(ours, blobs, engine, key), Keeping(blobs, engine)
        refused = refused_acts(blobs, key)
        patient = {"validate_again": judging.validate_again, KIND: keeping.add_evidence, **refused}
        worker = Worker("test", ours, {**Acts(ours, blobs, engine, key).table(), **refused})
        yield Office(stores, blobs, worker, Worker("patient", ours, patient), engine, setup, key)
    for each in engines.values():
        each.dispose()


def refuse(office: Office) -> None:
    """Two people refuse the one job that was given up."""
    with office.store["signatures"].unit() as unit:
        park = "UPDATE signatures.job SET state = 'parked' RETURNING job_id"
        assert unit.jobs.refuse(list(unit.connection.execute(text(park)).scalars()))
    assert office.worker.work_one()
    assert not office.worker.work_one()


BOX = '{"page":0,"x1":330,"y1":150,"x2":500,"y2":225}'


def leader_order(file: str, signer: str = people.LEADER) -> tuple[str, str]:
    signing = str(uuid4())
    return signing, (
        f'{{"signing_id":"{signing}","document_id":"{uuid4()}","agency_id":"{people.AGENCY}",'
        f'"file":"{file}","signer_id":"{signer}","box":{BOX},"urgency":1}}'
    )


def test_an_ordered_signature_is_made_once_and_keeps_the_bytes_before(office: Office) -> None:
    page = draft()
    file = office.blobs.put_bytes(page).digest
    signing, order = leader_order(file)
    office.publish("documents", "document-1", "SignatureRequested", order)
    office.follow()
    assert office.worker.work_one()
    assert not office.worker.work_one()
    (made, signature), (finished, end) = office.events(f"signing-{signing}")
    assert (made, finished) == ("SignatureMade", "SigningFinished")
    assert (signature.role, signature.level, signature.owner_id) == (
        "leader",
        "B-T",
        people.LEADER,
    )
    assert end.file == signature.file
    assert office.blobs.read(end.file).startswith(page)


def test_a_signature_that_cannot_be_made_is_refused_with_its_reason(office: Office) -> None:
    file = office.blobs.put_bytes(draft()).digest
    signing, order = leader_order(file, people.EXPIRED)
    office.publish("documents", "document-1", "SignatureRequested", order)
    office.follow()
    assert office.worker.work_one()
    ((kind, refused),) = office.events(f"signing-{signing}")
    assert (kind, refused.reason_code) == ("SigningRefused", "certificate_expired")


@pytest.mark.parametrize(
    ("event", "about", "reason"),
    [
        ("CertificateRevoked", '"certificate_id":"{name}"', "certificate_revoked"),
        ("DeviceReturned", '"certificates":["{name}"]', "certificate_returned"),
        ("DeviceLost", '"certificates":["{name}"]', "certificate_lost"),
    ],
)
def test_nothing_is_signed_with_a_certificate_that_the_directory_ended(
    office: Office, pki: Pki, event: str, about: str, reason: str
) -> None:
    name = office.know(people.LEADER, "leader", pki.fingerprint(people.LEADER))
    told = "{" + about.format(name=name) + f',"owner_id":"{people.LEADER}"' + "}"
    office.publish("directory", f"certificate-{people.LEADER}", event, told)
    file = office.blobs.put_bytes(draft()).digest
    signing, order = leader_order(file)
    office.publish("documents", "document-1", "SignatureRequested", order)
    office.follow()
    assert office.worker.work_one()
    ((kind, refused),) = office.events(f"signing-{signing}")
    assert (kind, refused.reason_code) == ("SigningRefused", reason)


@pytest.mark.parametrize(("known", "verdict"), [(True, "TOTAL_PASSED"), (False, "TOTAL_FAILED")])
def test_a_file_passes_only_when_its_signers_are_the_senders_own(
    office: Office, pki: Pki, known: bool, verdict: str
) -> None:
    file = office.blobs.put_bytes(pki.issued()[-1]).digest
    validation = ask_for_a_verdict(office, pki, file, known=known)
    assert office.worker.work_one()
    ((kind, found),) = office.events(f"validation-{validation}")
    assert (kind, found.verdict) == ("FileValidated", verdict)
    report = office.blobs.read(found.report)
    payload, certificate = jws.verify(office.blobs.read(found.signed_report).decode(), JSON_TYPE)
    assert (payload, certificate) == (report, office.key.certificate)
    xml = verify_xml(office.blobs.read(found.xml_report), office.key.certificate)
    assert verdict.lower().replace("_", "-").encode() in xml
    for one in json.loads(report)["material"]:
        assert office.blobs.read(one["sha256"])
    assert office.backlog()["evidence"] == int(known)


def ask_for_a_verdict(
    office: Office,
    pki: Pki,
    file: str,
    known: bool = True,
    name: str = "",
    since: str = "2025-07-01",
) -> str:
    """The sender's people are entered, and a file of theirs arrives at another agency."""
    if name:
        card = office.blobs.put_bytes(rfc8785.dumps({"full_name": name})).digest
        person = f'{{"person_id":"{people.LEADER}","card":"{card}"}}'
        office.publish("directory", f"person-{people.LEADER}", "PersonRegistered", person)
    office.publish(
        "directory",
        f"person-{people.LEADER}",
        "PositionAssigned",
        f'{{"position_id":"{uuid4()}","person_id":"{people.LEADER}",'
        f'"agency_id":"{people.AGENCY}","valid_from":"{since}"}}',
    )
    office.know(people.LEADER, "leader", pki.fingerprint(people.LEADER))
    seal = people.AGENCY if known else people.OTHER_AGENCY
    office.know(people.AGENCY, "seal", pki.fingerprint(seal))
    validation = str(uuid4())
    office.publish(
        "documents",
        "document-2",
        "ValidationRequested",
        f'{{"validation_id":"{validation}","document_id":"{uuid4()}",'
        f'"agency_id":"{people.OTHER_AGENCY}","file":"{file}","sender_id":"{people.AGENCY}",'
        f'"issued_on":"2026-11-20"}}',
    )
    office.follow()
    return validation


@pytest.mark.parametrize(
    ("name", "since", "verdict", "codes"),
    [
        ("NGUYỄN VĂN ĐỨC", "2026-11-20", "TOTAL_PASSED", set()),
        ("Nguyễn Văn Khác", "2026-11-20", "INDETERMINATE", {"signer_name_differs"}),
        ("Nguyễn Văn Đức", "2026-11-21", "TOTAL_FAILED", {"signer_unexpected"}),
    ],
)
def test_the_signer_is_who_the_directory_says_on_the_document_s_day(
    office: Office, pki: Pki, name: str, since: str, verdict: str, codes: set[str]
) -> None:
    file = office.blobs.put_bytes(pki.issued()[-1]).digest
    validation = ask_for_a_verdict(office, pki, file, name=name, since=since)
    assert office.worker.work_one()
    ((_, found),) = office.events(f"validation-{validation}")
    assert found.verdict == verdict
    report = json.loads(office.blobs.read(found.report))
    assert {one["code"] for one in report["reasons"]} == codes


def issue(office: Office, pdf: bytes) -> str:
    """A file is issued; its digest."""
    file = office.blobs.put_bytes(pdf).digest
    office.publish(
        "documents",
        f"document-{uuid4()}",
        "DocumentIssued",
        f'{{"document_id":"{uuid4()}","agency_id":"{people.AGENCY}","file":"{file}"}}',
    )
    office.follow()
    return file


def test_an_issued_file_gets_evidence_behind_its_own_bytes(office: Office, pki: Pki) -> None:
    pdf = pki.issued()[-1]
    file = issue(office, pdf)
    assert office.backlog() == {"evidence": 1, "verdict": 0, "renewal": 0}
    assert office.patient.work_one()
    ((kind, added),) = office.events(f"evidence-{file}")
    assert (kind, added.file, added.over) == ("EvidenceAdded", file, file)
    kept = office.blobs.read(added.evidence)
    assert kept.startswith(pdf)
    assert office.blobs.read(file) == pdf
    report = pki.judge(kept)
    assert report.verdict == "TOTAL_PASSED"
    assert {one.level for one in report.signatures if one.role != "timestamp"} == {"B-LTA"}
    assert added.holds_until == "2031-01-01T00:00:00.000000Z"
    assert office.backlog() == {"evidence": 0, "verdict": 0, "renewal": 0}


def test_a_file_gets_evidence_once_whoever_issued_or_received_it(office: Office, pki: Pki) -> None:
    pdf = pki.issued()[-1]
    file = issue(office, pdf)
    issue(office, pdf)
    ask_for_a_verdict(office, pki, file)
    assert office.worker.work_one()
    assert office.patient.work_one()
    assert not office.patient.work_one()
    assert len(office.events(f"evidence-{file}")) == 1
    assert office.backlog()["evidence"] == 0


def test_evidence_gives_way_to_what_somebody_waits_for_and_still_comes(
    office: Office, pki: Pki
) -> None:
    file, now = issue(office, pki.issued()[-1]), [0.0]
    ours = office.store["signatures"]
    ways = GivingWay(ours, office.patient.acts, office.worker.acts, lambda: now[0])
    patient = replace(office.patient, share=ways.share)
    ask_for_a_verdict(office, pki, file)
    assert KIND in ways.share().kinds
    now[0] = EVERY_SECONDS - 0.1
    assert not patient.work_one()
    assert "validate_again" in ways.share().kinds
    now[0] = EVERY_SECONDS
    assert patient.work_one()
    issue(office, pki.issued()[0])
    assert not patient.work_one()
    assert office.worker.work_one()
    assert patient.work_one()


def test_evidence_that_is_due_is_renewed_over_the_newest(office: Office, pki: Pki) -> None:
    file = issue(office, pki.issued()[-1])
    assert office.patient.work_one()
    office.follow()
    ours = office.store["signatures"]
    assert ask_for_renewals(ours, datetime.now(UTC)) == 0
    in_years = datetime(2030, 12, 1, tzinfo=UTC)
    assert ask_for_renewals(ours, in_years) == ask_for_renewals(ours, in_years) == 1
    assert office.patient.work_one()
    assert not office.patient.work_one()
    (_, first), (_, renewed) = office.events(f"evidence-{file}")
    assert (renewed.file, renewed.over) == (file, first.evidence)
    kept = office.blobs.read(renewed.evidence)
    assert kept.startswith(office.blobs.read(first.evidence))
    assert [one.role for one in pki.judge(kept).signatures][-2:] == ["timestamp"] * 2


def test_without_an_authority_evidence_waits_and_heals_when_it_returns(
    office: Office, pki: Pki
) -> None:
    file = issue(office, pki.issued()[-1])
    office.reach(pki.host, tsa=False)
    for _ in range(8):
        assert office.patient.work_one()
        assert office.backlog()["evidence"] == 1
        office.make_due()
    assert office.events(f"evidence-{file}") == []
    office.reach(pki.host)
    assert office.patient.work_one()
    assert office.backlog()["evidence"] == 0


def test_a_verdict_without_an_answer_is_given_again_by_itself(office: Office, pki: Pki) -> None:
    file = office.blobs.put_bytes(pki.issued()[-1]).digest
    validation = ask_for_a_verdict(office, pki, file)
    with responder_away(office, pki):
        assert office.worker.work_one()
        ((_, first),) = office.events(f"validation-{validation}")
        assert (first.verdict, first.pending) == ("INDETERMINATE", True)
        assert office.patient.work_one()
        assert office.backlog() == {"evidence": 0, "verdict": 1, "renewal": 0}
        office.make_due()
    assert office.patient.work_one()
    (_, first), (_, second) = office.events(f"validation-{validation}")
    assert (second.verdict, second.pending) == ("TOTAL_PASSED", False)
    assert second.supersedes == first.report
    assert office.backlog() == {"evidence": 1, "verdict": 0, "renewal": 0}
    assert office.patient.work_one()
    assert office.backlog() == {"evidence": 0, "verdict": 0, "renewal": 0}


@contextmanager
def responder_away(office: Office, pki: Pki) -> Iterator[None]:
    """The PKI's server does not answer, as its process is stopped."""
    server = pki.server
    office.engine.close()  # and nothing that it said before is remembered
    server.send_signal(signal.SIGSTOP)
    try:
        office.engine.renew(replace(office.setup, fetch_seconds=0.5))
        yield
    finally:
        server.send_signal(signal.SIGCONT)
        office.engine.renew(office.setup)


def test_an_ordered_signature_that_two_people_refused_ends_without_it(office: Office) -> None:
    signing, order = leader_order("0" * 64)
    office.publish("documents", "document-1", "SignatureRequested", order)
    office.follow()
    refuse(office)
    ((kind, refused),) = office.events(f"signing-{signing}")
    assert (kind, refused.reason_code) == ("SigningRefused", "refused_at_desk")


def test_a_file_that_two_people_want_unchecked_has_an_open_verdict(office: Office) -> None:
    validation, file = str(uuid4()), "0" * 64
    office.publish(
        "documents",
        "document-2",
        "ValidationRequested",
        f'{{"validation_id":"{validation}","document_id":"{uuid4()}",'
        f'"agency_id":"{people.AGENCY}","file":"{file}","sender_id":"{people.AGENCY}"}}',
    )
    office.follow()
    refuse(office)
    ((kind, found),) = office.events(f"validation-{validation}")
    assert (kind, found.verdict, found.file) == ("FileValidated", "INDETERMINATE", file)
    report = json.loads(office.blobs.read(found.report))
    assert (report["reasons"][0]["code"], report["file_sha256"]) == ("not_checked", file)
