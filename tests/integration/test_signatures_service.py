"""Requests become jobs, jobs become signatures and verdicts: real store, keys, TSA and OCSP."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from libs.blobs import BlobStore, open_store
from libs.contracts import message
from libs.db import Database, engine_for
from libs.eventstore import ANY, Context, NewEvent
from libs.jobs.worker import Worker
from libs.messaging.applier import Applier
from services.signatures.acts import Acts
from services.signatures.pdf.isolate import Isolated
from services.signatures.policies import POLICIES
from services.signatures.projections import PROJECTIONS
from services.signatures.refused import refused_acts
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
            ("signatures.projections", PROJECTIONS, ("agency", "person", "certificate", "signing")),
        ):
            applier = Applier(consumer, self.store["signatures"], handlers)
            for category in categories:
                applier.catch_up(category)

    def events(self, stream: str) -> list[tuple[str, Any]]:
        """What the service recorded, as the contract reads it."""
        with self.store["signatures"].unit() as unit:
            return [(event.type, message(event)) for event in unit.store.read(stream)]

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
    with Isolated(setup, seconds=60) as engine:
        acts = Acts(stores["signatures"], blobs, engine)
        table = {**acts.table(), **refused_acts(blobs)}
        yield Office(stores, blobs, Worker("test", stores["signatures"], table))
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
    signed = pki.issued()[-1]
    file = office.blobs.put_bytes(signed).digest
    office.publish(
        "directory",
        f"person-{people.LEADER}",
        "PositionAssigned",
        f'{{"position_id":"{uuid4()}","person_id":"{people.LEADER}",'
        f'"agency_id":"{people.AGENCY}"}}',
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
        f'"agency_id":"{people.OTHER_AGENCY}","file":"{file}","sender_id":"{people.AGENCY}"}}',
    )
    office.follow()
    assert office.worker.work_one()
    ((kind, found),) = office.events(f"validation-{validation}")
    assert (kind, found.verdict) == ("FileValidated", verdict)
    assert found.report


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
