"""Whom verdicts trust: proposed over HTTP, decided by another, used by the worker."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from asn1crypto import pem, x509
from prometheus_client import REGISTRY
from sqlalchemy import update
from werkzeug.test import Client, TestResponse

from libs.blobs import BlobStore, open_store
from libs.contracts import topology
from libs.db import Database, database_of
from libs.jobs.worker import Worker
from libs.messaging.applier import Applier
from libs.web.issuer import TokenIssuer
from services.signatures.api import build_api
from services.signatures.metrics import count_down
from services.signatures.pdf.isolate import Isolated
from services.signatures.pdf.trust import TrustStore
from services.signatures.projections import PROJECTIONS
from services.signatures.settings import Settings
from services.signatures.tables import trust_version
from services.signatures.trust_orders import READ_LIST
from services.signatures.trusting import ApprovedTrust, Reading, trusting
from tests.support.pki import Pki, draft, now, running
from tests.support.servers import PostgresForTests
from tests.support.trust_list import CA, GRANTED, Operator
from tests.support.wait import eventually
from tests.support.workflow_office import serving_issuer

pytestmark = pytest.mark.postgres

ADMIN, SECOND_ADMIN = str(UUID(int=21)), str(UUID(int=22))
SCHEME = "Trung tâm Chứng thực điện tử quốc gia"


@pytest.fixture(scope="module")
def pki() -> Pki:
    return running()


@pytest.fixture(scope="module")
def operator() -> Operator:
    return Operator.make(SCHEME)


@dataclass
class House:
    """The service over HTTP, its read models and its worker, called by hand."""

    client: Client
    issuer: TokenIssuer
    database: Database
    blobs: BlobStore
    engine: Isolated
    approved: ApprovedTrust
    worker: Worker

    def call(
        self, method: str, path: str, who: str = ADMIN, roles: tuple[str, ...] = ("admin",),
        kind: Any = "person", **body: Any,
    ) -> TestResponse:  # fmt: skip
        applier = Applier("signatures.projections", self.database, PROJECTIONS)
        for category in topology().consumers["signatures.projections"].categories:
            applier.catch_up(category)
        token = self.issuer.issue(who, str(UUID(int=2)), roles, kind=kind)
        headers = {"Authorization": f"Bearer {token}"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid4())
        return self.client.open(path, method=method, headers=headers, **body)

    def propose(self, *pem: bytes, who: str = ADMIN) -> str:
        body = {"certificates": [one.decode() for one in pem]}
        answer = self.call("POST", "/v1/trust/versions", who, json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json["version_id"]) if answer.json else ""

    def approve(self, version_id: str, who: str = SECOND_ADMIN) -> TestResponse:
        return self.call("POST", f"/v1/trust/versions/{version_id}/approve", who)

    def bring(self, xml: bytes) -> str:
        """A published list is brought, and read by the worker."""
        answer = self.call("POST", "/v1/trust/lists", data=xml, content_type="application/xml")
        assert answer.status_code == 202, answer.text
        assert self.worker.work_one()
        return str(answer.json["version_id"]) if answer.json else ""

    def shown(self) -> Any:
        return self.call("GET", "/v1/trust", roles=("auditor",)).json


@pytest.fixture
def house(
    postgres: PostgresForTests, pki: Pki, operator: Operator, tmp_path: Path
) -> Iterator[House]:
    url = postgres.fresh_database()
    (tmp_path / "signers").mkdir()
    (tmp_path / "signers" / "operator.pem").write_bytes(operator.pem)
    (tmp_path / "trust").mkdir()
    with serving_issuer(tmp_path) as issuer:
        settings = Settings(
            oidc_issuer=(issuer.discovery()["issuer"],),
            amqp_url="amqp://unused",
            database_url=url("signatures"),
            blob_url=f"file://{tmp_path}/blobs",
        )
        database, blobs = (
            database_of(settings.database_url, "signatures"),
            open_store(settings.blob_url),
        )
        setup = replace(pki.setup(), list_signers=tmp_path / "signers")
        with Isolated(setup, seconds=60) as engine:
            approved = ApprovedTrust(database, blobs, setup, tmp_path / "trust")
            acts = trusting({READ_LIST: Reading(blobs, engine).read_list}, engine, approved)
            worker = Worker("test", database, acts)
            yield House(
                Client(build_api(settings)), issuer, database, blobs, engine, approved, worker
            )
        database.engine.dispose()


def pem_of(store: TrustStore) -> list[bytes]:
    return [pem.armor("CERTIFICATE", one.dump()) for one in (*store.roots, *store.intermediates)]


@pytest.fixture(scope="module")
def strangers() -> TrustStore:
    """An authority of another PKI.

    Not a second test PKI: its authorities would have the names and the serial numbers of the first.
    """
    root = Operator.make("Tổ chức chứng thực khác")
    return TrustStore.of([x509.Certificate.load(pem.unarmor(root.pem)[2])])


def test_two_people_change_whom_verdicts_trust(
    house: House, pki: Pki, strangers: TrustStore
) -> None:
    signed = pki.leader(draft()).pdf
    assert house.engine.validate(signed, at=now()).trust_version == pki.trust.version
    version_id = house.propose(*pem_of(strangers))
    assert house.approved.setup(now()).trust == pki.data / "trust"
    assert house.approve(version_id).status_code == 200
    eventually(lambda: house.shown()["number"] == 1, within=30)
    assert house.shown()["version"] == strangers.version
    house.engine.renew(house.approved.setup(now()))
    report = house.engine.validate(signed, at=now())
    assert report.trust_version == strangers.version
    assert report.verdict == "INDETERMINATE"
    both = house.propose(*pem_of(strangers), *pem_of(pki.trust))
    house.approve(both)
    eventually(lambda: house.shown()["number"] == 2, within=30)
    house.engine.renew(house.approved.setup(now()))
    report = house.engine.validate(signed, at=now())
    assert report.verdict == "TOTAL_PASSED", report.reasons


def test_the_same_store_starts_no_new_child(house: House, strangers: TrustStore) -> None:
    house.approve(house.propose(*pem_of(strangers)))
    house.shown()
    house.engine.renew(house.approved.setup(now()))
    house.engine.validate(draft(), at=now())
    child = house.engine.pid
    house.engine.renew(house.approved.setup(now()))
    house.engine.validate(draft() + b"\n", at=now())
    assert house.engine.pid == child


def test_who_proposed_it_may_not_approve_it(house: House, strangers: TrustStore) -> None:
    version_id = house.propose(*pem_of(strangers))
    refused = house.approve(version_id, ADMIN)
    assert (refused.status_code, refused.json and refused.json["code"]) == (
        403,
        "proposer_may_not_decide",
    )
    assert house.shown()["number"] == 0


def test_what_another_rejected_is_not_trusted(house: House, strangers: TrustStore) -> None:
    version_id = house.propose(*pem_of(strangers))
    path = f"/v1/trust/versions/{version_id}/reject"
    assert house.call("POST", path, SECOND_ADMIN, json={"note": "Sai gốc"}).status_code == 200
    (row,) = house.shown()["versions"]
    assert (row["state"], row["decided_by"]) == ("rejected", SECOND_ADMIN)
    late = house.approve(version_id, str(UUID(int=23)))
    assert (late.status_code, late.json and late.json["code"]) == (409, "trust_version_decided")


@pytest.mark.parametrize("roles", [("auditor",), ("leader", "clerk")])
def test_only_an_administrator_proposes(house: House, roles: tuple[str, ...]) -> None:
    body = {"certificates": ["x"]}
    answer = house.call("POST", "/v1/trust/versions", roles=roles, json=body)
    assert answer.status_code == 403


def test_a_machine_proposes_nothing(house: House, strangers: TrustStore) -> None:
    body = {"certificates": [pem_of(strangers)[0].decode()]}
    answer = house.call("POST", "/v1/trust/versions", "robot", kind="machine", json=body)
    assert (answer.status_code, answer.json and answer.json["code"]) == (403, "person_needed")


@pytest.mark.parametrize("pem", ["", "rubbish", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END"])
def test_what_is_no_certificate_is_refused(house: House, pem: str) -> None:
    answer = house.call("POST", "/v1/trust/versions", json={"certificates": [pem]})
    assert answer.status_code == 422
    assert house.shown()["versions"] == []


def test_a_person_sees_what_is_to_be_approved(house: House, strangers: TrustStore) -> None:
    version_id = house.propose(*pem_of(strangers))
    shown = house.call("GET", f"/v1/trust/versions/{version_id}").json
    assert shown
    roots = [one for one in shown["certificates"] if one["root"]]
    assert [one["sha256"] for one in roots] == [one.sha256.hex() for one in strangers.roots]
    assert "Tổ chức chứng thực khác" in roots[0]["subject"]
    assert house.call("GET", f"/v1/trust/versions/{uuid4()}").status_code == 404


def test_a_published_list_is_proposed_and_then_approved(
    house: House, pki: Pki, operator: Operator
) -> None:
    listed = [(CA, GRANTED, one.dump()) for one in (*pki.trust.roots, *pki.trust.intermediates)]
    version_id = house.bring(operator.publish(listed, sequence=7))
    (row,) = house.shown()["versions"]
    assert (row["version_id"], row["source"], row["sequence"]) == (version_id, SCHEME, 7)
    assert row["proposed_by"] == ADMIN
    assert house.approve(version_id, ADMIN).status_code == 403
    assert house.approve(version_id).status_code == 200
    assert house.shown()["version"] == pki.trust.version


def trusts(house: House, at: datetime) -> str | None:
    """The store that a child judges by at that instant, as its reports name it."""
    house.shown()
    folder = house.approved.setup(at).trust
    return TrustStore.load(folder).version if folder else None


def test_a_list_is_trusted_until_its_end_and_nothing_comes_back_in_its_place(
    house: House, pki: Pki, operator: Operator, strangers: TrustStore
) -> None:
    ends, own = now() + timedelta(days=3), [(CA, GRANTED, one.dump()) for one in pki.trust.roots]
    house.approve(house.bring(operator.publish(own, 7, ends + timedelta(days=300))))
    house.approve(house.bring(operator.publish(own, 8, ends)))
    assert trusts(house, ends - timedelta(seconds=2)) == TrustStore.of(pki.trust.roots).version
    assert trusts(house, ends) is None

    house.approve(house.propose(*pem_of(strangers)))
    both = TrustStore.of((*pki.trust.roots, *strangers.roots))
    assert trusts(house, ends - timedelta(seconds=2)) == both.version
    assert trusts(house, ends) == strangers.version


def test_a_child_trusts_an_ended_list_no_more_though_nobody_approved_anything(
    house: House, pki: Pki, operator: Operator
) -> None:
    ends = now() + timedelta(days=3)
    listed = [(CA, GRANTED, one.dump()) for one in (*pki.trust.roots, *pki.trust.intermediates)]
    house.approve(house.bring(operator.publish(listed, ends=ends)))
    house.shown()
    signed, verdicts = pki.leader(draft()).pdf, []
    for at in (now(), ends):
        house.engine.renew(house.approved.setup(at))
        verdicts.append(house.engine.validate(signed, at=now()).verdict)
    assert verdicts == ["TOTAL_PASSED", "INDETERMINATE"]


def test_an_ended_list_is_shown_as_ended_and_counted_down_before(
    house: House, pki: Pki, operator: Operator, strangers: TrustStore
) -> None:
    house.approve(house.propose(*pem_of(strangers)))
    ends = now() + timedelta(days=3)
    listed = [(CA, GRANTED, pki.trust.roots[0].dump())]
    version_id = house.bring(operator.publish(listed, ends=ends))
    house.approve(version_id)
    shown = house.shown()
    assert [(row["state"], row["in_use"]) for row in shown["versions"]] == [("approved", True)] * 2
    assert shown["version"] != strangers.version
    for seconds in (86400, 0, -60):
        count_down(house.database, ends - timedelta(seconds=seconds))
        labels = {"source": SCHEME}
        assert REGISTRY.get_sample_value("lienthong_trust_list_ends_seconds", labels) == seconds

    with house.database.unit() as unit:
        unit.connection.execute(
            update(trust_version)
            .where(trust_version.c.version_id == version_id)
            .values(valid_until=now())
        )
    shown = house.shown()
    assert [(row["state"], row["in_use"]) for row in shown["versions"]] == [
        ("ended", False),
        ("approved", True),
    ]
    assert shown["version"] == strangers.version
    alone = house.call("GET", f"/v1/trust/versions/{version_id}").json
    assert alone
    assert (alone["state"], alone["in_use"]) == ("ended", False)


def refusals(house: House) -> list[str]:
    return [row["reason_code"] for row in house.shown()["refused_lists"]]


def test_lists_that_cannot_be_used_are_recorded_with_the_reason(
    house: House, pki: Pki, operator: Operator
) -> None:
    listed = [(CA, GRANTED, pki.trust.roots[0].dump())]
    house.approve(house.bring(operator.publish(listed, sequence=7)))
    house.bring(operator.publish(listed, sequence=7))
    assert refusals(house) == ["trust_list_not_newer"]
    house.bring(operator.publish(listed, sequence=8, ends=now() - timedelta(days=1)))
    assert refusals(house)[0] == "trust_list_expired"
    house.bring(Operator.make(SCHEME).publish(listed, sequence=9))
    assert refusals(house)[0] == "trust_list_signer_unknown"
    house.bring(b"rubbish")
    assert refusals(house)[0] == "trust_list_unreadable"
    assert [row["sequence"] for row in house.shown()["versions"]] == [7]


def test_the_instant_is_told_in_utc(house: House, pki: Pki, operator: Operator) -> None:
    ends = datetime(2030, 1, 1, tzinfo=UTC)
    house.bring(operator.publish([(CA, GRANTED, pki.trust.roots[0].dump())], ends=ends))
    assert house.shown()["versions"][0]["valid_until"] == "2030-01-01T00:00:00+00:00"
