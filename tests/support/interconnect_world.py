"""An installation's database and an axis, as the interconnect service sees them, for tests."""

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import rfc8785
from sqlalchemy import Table, select, text

from libs import edxml
from libs.blobs import BlobStore, open_store
from libs.contracts import message, topology
from libs.db import Database, engine_for
from libs.envelope import KeyFolder, ServiceKey
from libs.eventstore import ANY, START, Context, NewEvent, Recorded
from libs.jobs.worker import Worker
from libs.messaging.applier import Applier
from services.interconnect import queries, views
from services.interconnect.axis import (
    AxisClient,
    NationalAxis,
    ProvinceAccount,
    ProvinceAxis,
)
from services.interconnect.backlog import Backlog
from services.interconnect.policies import POLICIES
from services.interconnect.poller import Poller
from services.interconnect.projections import PROJECTIONS
from services.interconnect.texts import put_text
from services.interconnect.worker import acts
from tests.support.axis import ADMIN, RunningAxis, running_axis
from tests.support.servers import PostgresForTests
from tests.support.service_keys import keep, pem_of, service_key

PROVINCE, DEPARTMENT, COMMUNE, OFFICE, MINISTRY = uuid4(), uuid4(), uuid4(), uuid4(), uuid4()
LEADER, POST, CLERK, DESK = uuid4(), uuid4(), uuid4(), uuid4()
LEADER_HANDLER, CLERK_HANDLER = f"person:{LEADER}/{POST}", f"person:{CLERK}/{DESK}"
CODES = {
    PROVINCE: "H25",
    DEPARTMENT: "H25.13",
    COMMUNE: "H25.31.12",
    OFFICE: "000.00.00.G22",
    MINISTRY: "G12",
}
NAMES = {
    PROVINCE: "Ủy ban nhân dân tỉnh Hà Nam",
    DEPARTMENT: "Sở Tài chính",
    COMMUNE: "Ủy ban nhân dân xã Liêm Cần",
    OFFICE: "Văn phòng Chính phủ",
    MINISTRY: "Bộ Tài chính",
}
INSIDE = (PROVINCE, DEPARTMENT, COMMUNE)
PDF = b"%PDF-1.7 sealed \xff\x00"
ISSUED_ON = date(2026, 11, 20)
LIMIT = 2 * 1024 * 1024


@dataclass
class World:
    """One installation: its database, its blobs, its axis and, beyond it, the Government Office."""

    database: Database
    others: dict[str, Database]
    blobs: BlobStore
    axis: RunningAxis
    poller: Poller
    office: NationalAxis
    keys: Path
    client: Callable[[], AxisClient]

    def tell(
        self,
        owner: str,
        stream: str,
        kind: str,
        /,
        handler: str = "system:test",
        at: datetime | None = None,
        trace: UUID | None = None,
        **fields: Any,
    ) -> None:
        """Append another service's event, as that service."""
        context = Context("test", handler, at or datetime.now(UTC), trace or uuid4())
        event = NewEvent(uuid4(), kind, 1, rfc8785.dumps(fields))
        with self.others[owner].unit() as unit:
            unit.store.append(stream, ANY, [event], context)

    def register(self, agency_id: UUID, key: ServiceKey) -> UUID:
        """The directory enters the certificate of an agency's service key; returns its id."""
        certificate_id = uuid4()
        self.tell(
            "directory",
            f"certificate-{certificate_id}",
            "CertificateRegistered",
            certificate_id=str(certificate_id),
            owner_id=str(agency_id),
            kind="service",
            fingerprint="0" * 64,
            file=self.blobs.put_bytes(pem_of(key)).digest,
            valid_from="2026-01-01",
            valid_to="2028-01-01",
        )
        return certificate_id

    def seal_for(self, *agencies: UUID, kind: str = "p256") -> None:
        """These agencies of ours get service keys, and the directory their certificates."""
        for each in agencies:
            keep(self.keys, each, service_key(each, kind))
            self.register(each, service_key(each, kind))
        self.project()

    def numbers(self, table: Table) -> dict[tuple[UUID, UUID], list[tuple[int, str]]]:
        """Numbers and kinds by sender and recipient, as `pair_sent` or `pair_received` has them."""
        found: dict[tuple[UUID, UUID], list[tuple[int, str]]] = {}
        with self.database.unit() as unit:
            for row in unit.connection.execute(select(table).order_by(table.c.number)):
                pair = (row.sender_id, row.recipient_id)
                found.setdefault(pair, []).append((row.number, row.kind))
        return found

    def project(self) -> None:
        """Let the read models apply everything."""
        consumer = topology().consumers["interconnect.projections"]
        projections = Applier(consumer.name, self.database, PROJECTIONS)
        for category in consumer.categories:
            projections.catch_up(category)

    def react(self) -> None:
        """Let the policies apply everything."""
        policies = Applier("interconnect.policies", self.database, POLICIES)
        for category in ("document", "process"):
            policies.catch_up(category)

    def worker(self) -> Worker:
        """The worker of our installation."""
        jobs = acts(self.database, self.blobs, self.client(), KeyFolder(self.keys), LIMIT)
        return Worker("test", self.database, jobs)

    def work(self) -> int:
        """Do every due job; how many were tried."""
        worker = self.worker()
        done = 0
        while worker.work_one():
            done += 1
            self.project()
        return done

    def settle(self) -> None:
        """Projections, policies and jobs until nothing is left; whatever failed fails the test."""
        self.project()
        self.react()
        self.work()
        assert self.stuck() == []
        with self.database.unit() as unit:
            failed = unit.connection.execute(text("SELECT cause FROM es.retry")).scalars().all()
        assert failed == []

    def poll(self, rounds: int = 1) -> None:
        """Rounds of the poller, and what follows from them here."""
        for _ in range(rounds):
            self.poller.poll()
            self.project()

    def stuck(self) -> list[str]:
        """Why jobs are not done."""
        with self.database.unit() as unit:
            rows = unit.connection.execute(
                text("SELECT cause FROM interconnect.job WHERE state <> 'done'")
            )
            return [str(cause) for cause in rows.scalars()]

    def events(self, category: str, kind: str = "") -> list[Recorded]:
        """A category's events of one type, or all."""
        with self.database.unit() as unit:
            found = unit.store.read_category(category, START)
        return [event for event in found if kind in ("", event.type)]

    def messages(self, category: str, kind: str) -> list[Any]:
        return [message(event) for event in self.events(category, kind)]

    def dispatch(self, document_id: UUID) -> Any:
        """The dispatch as its sender sees it."""
        with self.database.unit() as unit:
            row = queries.one_dispatch(unit.connection, document_id)
            assert row is not None
            return views.dispatch(
                row,
                queries.deliveries(unit.connection, document_id),
                queries.received_statuses(unit.connection, document_id),
                self.blobs,
            )

    def issue(self, *recipients: UUID, **changes: Any) -> UUID:
        """The province issues a directive."""
        document_id = uuid4()
        words = {"subject": "Về việc phòng chống lụt bão", "summary": "Tóm tắt", "paragraphs": []}
        fields: dict[str, Any] = {
            "document_id": str(document_id),
            "agency_id": str(PROVINCE),
            "file": self.blobs.put_bytes(PDF).digest,
            "number": 5,
            "notation": "CT-UBND",
            "issued_on": str(ISSUED_ON),
            "type_code": "CT",
            "text": put_text(self.blobs, words),
            "urgency": 0,
            "signer_id": str(LEADER),
            "signer_position_id": str(POST),
            "recipients": [str(each) for each in recipients],
            "pages": 3,
        }
        trace = changes.pop("trace", None)
        fields |= changes
        self.tell("documents", f"document-{document_id}", "DocumentIssued", trace=trace, **fields)
        return document_id

    def arrive(self, packet: Any, at: datetime | None = None) -> UUID:
        """The documents service records what a packet brought."""
        document_id = uuid5(UUID(packet.packet_id), "document")
        fields: dict[str, Any] = {
            "document_id": str(document_id),
            "agency_id": packet.recipient_id,
            "packet_id": packet.packet_id,
            "sender_id": packet.sender_id,
            "foreign_id": packet.foreign_id,
            "code": packet.code,
            "type_name": packet.type_name,
            "text": packet.text,
            "urgency": packet.urgency,
            "files": [],
        }
        if packet.issued_on:
            fields["issued_on"] = packet.issued_on
        name = f"document-{document_id}"
        self.tell("documents", name, "DocumentArrived", "system:documents", at, **fields)
        return document_id

    def handle(self, packet: Any, start: datetime) -> None:
        """The recipient accepts, assigns, begins and finishes, a minute each."""
        minute = timedelta(minutes=1)
        document_id = uuid5(UUID(packet.packet_id), "document")
        ids = {"document_id": str(document_id), "agency_id": packet.recipient_id}
        ids["packet_id"] = packet.packet_id
        self.tell(
            "documents",
            f"document-{document_id}",
            "DocumentAccepted",
            CLERK_HANDLER,
            start,
            register_id="r",
            arrival_number=1,
            accepted_on=str(ISSUED_ON),
            urgency=0,
            **ids,
        )
        process = {"process_id": str(uuid4()), **ids}
        task = process | {"task_id": str(uuid4())}
        stream = f"process-{process['process_id']}"
        assigned = task | {"unit": "Phòng Ngân sách", "assignee_id": str(CLERK)}
        assigned["assignee_position_id"] = str(DESK)
        steps: list[tuple[str, str, dict[str, Any]]] = [
            ("TaskAssigned", LEADER_HANDLER, assigned),
            ("TaskStarted", CLERK_HANDLER, task),
            ("ProcessFinished", "system:workflow", process),
        ]
        for number, (kind, handler, fields) in enumerate(steps, start=1):
            self.tell("workflow", stream, kind, handler, start + number * minute, **fields)

    def from_office(self, packet: edxml.DocumentPacket | edxml.StatusPacket, kind: Any) -> str:
        """The Government Office sends a packet by the axis."""
        data = edxml.serialize(packet, self.blobs)
        digest = self.blobs.put_bytes(data).digest
        return self.office.send(
            io.BytesIO(data), message_type=kind, sender=CODES[OFFICE], sha256=digest
        )

    def for_office(self, kind: Any) -> list[Any]:
        """The packets that wait for the Government Office, read, oldest first."""
        packets = []
        for received in self.office.waiting(kind):
            file = io.BytesIO()
            self.office.fetch(received.doc_id, file, LIMIT)
            packets.append(edxml.parse(file.getvalue(), self.blobs))
        return packets


def office_document(world: World, *recipients: UUID, **changes: Any) -> edxml.DocumentPacket:
    """A directive of the Government Office, as its own software writes it."""
    blob = world.blobs.put_bytes(PDF)
    fields: dict[str, Any] = {
        "sender": edxml.Agency(organ_id=CODES[OFFICE], organ_name=NAMES[OFFICE]),
        "recipients": tuple(edxml.Agency(organ_id=CODES[each]) for each in recipients),
        "document_id": "000.00.00.G22,2026/11/19,7816/VPCP-TTĐT",
        "code": edxml.Code(number="7816", notation="VPCP-TTĐT"),
        "promulgation": edxml.PromulgationInfo(promulgation_date=date(2026, 11, 19)),
        "document_type": edxml.DocumentType(type="18", name="Công văn"),
        "subject": "V/v kết nối, liên thông",
        "signer": edxml.SignerInfo(competence="TL.", position="Cục trưởng", full_name="Trần Mẫu"),
        "other_info": edxml.OtherInfo(priority="2"),
    }
    business = edxml.Business(doc_type=changes.pop("doc_type", "0"))
    trace = changes.pop("trace", edxml.Trace(business=business))
    file = edxml.Attachment(
        content_id="1",
        content_type="application/pdf",
        name="7816.pdf",
        digest=blob.digest,
        size=blob.size,
    )
    return edxml.DocumentPacket(
        header=edxml.DocumentHeader(**(fields | changes)),
        trace=trace,
        attachments=(file,),
    )


def office_status(foreign_id: str, code: str, **changes: Any) -> edxml.StatusPacket:
    """A status of the Government Office on a document of the province."""
    fields: dict[str, Any] = {
        "sender": edxml.Agency(organ_id=CODES[OFFICE]),
        "response_for": edxml.ResponseFor(
            organ_id=CODES[PROVINCE], code="05/CT-UBND", document_id=foreign_id
        ),
        "staff": edxml.StaffInfo(department="Vụ I", staff="Lê Thị Mẫu", email="mau@example.vn"),
        "status_code": code,
        "timestamp": datetime(2026, 11, 21, 8, 0, 0),  # noqa: DTZ001 - the format has no zone
    }
    return edxml.StatusPacket(header=edxml.StatusHeader(**(fields | changes)))


@contextmanager
def open_world(
    postgres: PostgresForTests, folder: Path, driver: str = "national"
) -> Iterator[World]:
    """A fresh database that knows five agencies and two people, and a running axis.

    We speak to it by the `driver`; in a province's axis our agencies are entered by its operators.
    """
    urls = postgres.fresh_database()
    names = ("interconnect", "directory", "documents", "workflow", "signatures")
    databases = {name: Database(engine_for(urls(name)), name) for name in names}
    ours = [CODES[each] for each in INSIDE] if driver == "province" else []
    systems = {"province": ours, "office": [CODES[OFFICE]]}
    with ExitStack() as stack:
        for database in databases.values():
            stack.callback(database.engine.dispose)
        axis = stack.enter_context(running_axis(folder / "axis", systems, ADMIN))
        blobs = open_store(f"file://{folder / 'blobs'}")
        own = databases["interconnect"]

        def client() -> AxisClient:
            if driver == "national":
                return axis.client("province")
            secret = "province-secret"
            account = ProvinceAccount("province", secret, "province", secret, "edoc")
            return ProvinceAxis(axis.url, account, timeout=5)

        poller = Poller(own, blobs, client(), LIMIT, "vanthu@example.vn", Backlog(shortest=0))
        office, keys = axis.client("office"), folder / "service-keys"
        world = World(own, databases, blobs, axis, poller, office, keys, client)
        _directory(world)
        yield world


def _directory(world: World) -> None:
    for agency_id, code in CODES.items():
        inside = agency_id in INSIDE
        codes = [{"code": code, "scheme": "qd20", "valid_from": "2020-01-01"}]
        if agency_id == PROVINCE:
            old = {"code": "000.00.00.H25", "scheme": "qcvn102", "valid_from": "2016-01-01"}
            codes.append({**old, "valid_to": "2025-06-30"})
        world.tell(
            "directory",
            f"agency-{agency_id}",
            "AgencyRegistered",
            agency_id=str(agency_id),
            parent_id=str(PROVINCE) if inside and agency_id != PROVINCE else "",
            tier=2,
            name=NAMES[agency_id],
            place="Hà Nam",
            channel="inside" if inside else "axis",
            codes=codes,
            short_sign="UBND",
            refuse_invalid=False,
        )
    people = (
        (LEADER, POST, "Nguyễn Văn Ước", "Lãnh đạo", "Chủ tịch"),
        (CLERK, DESK, "Trần Thị Ứng", "Văn thư", "Văn thư"),
    )
    for person_id, position_id, name, unit, title in people:
        card = put_text(world.blobs, {"full_name": name, "salt": "s"})
        stream = f"person-{person_id}"
        world.tell("directory", stream, "PersonRegistered", person_id=str(person_id), card=card)
        world.tell(
            "directory",
            stream,
            "PositionAssigned",
            position_id=str(position_id),
            person_id=str(person_id),
            agency_id=str(PROVINCE),
            unit=unit,
            title=title,
            authority="TM." if person_id == LEADER else "",
            roles=["leader"],
            valid_from="2026-01-01",
        )
    world.project()
