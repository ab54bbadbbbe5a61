"""An installation's database as the documents service and its neighbours see it, for tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import rfc8785
from sqlalchemy import text

from libs.blobs import BlobStore, open_store
from libs.contracts import message
from libs.db import Database, Unit, engine_for, may_run_again
from libs.eventstore import ANY, Context, NewEvent, Recorded
from libs.jobs.worker import Worker
from libs.messaging.applier import Applier
from services.documents import handlers, queries
from services.documents.commands import ApproveDocument, DraftDocument, ReviewDraft
from services.documents.handlers import Done, Order
from services.documents.policies import POLICIES
from services.documents.projections import PROJECTIONS
from services.documents.texts import put_text
from services.documents.worker import acts
from tests.support.servers import PostgresForTests

PROVINCE, DEPARTMENT, OFFICE = uuid4(), uuid4(), uuid4()
LEADER, POST, DEPARTMENT_POST = uuid4(), uuid4(), uuid4()
NOTE = "0" * 64


@dataclass
class World:
    """One installation's database as the documents service and its neighbours see it."""

    database: Database
    others: dict[str, Database]
    blobs: BlobStore
    folder: Path

    def tell(self, owner: str, stream: str, kind: str, /, **fields: Any) -> None:
        """Append another service's event, as that service."""
        context = Context("test", "test", datetime.now(UTC), uuid4())
        event = NewEvent(uuid4(), kind, 1, bytes(rfc8785.dumps(fields)))
        with self.others[owner].unit() as unit:
            unit.store.append(stream, ANY, [event], context)

    def catch_up(self) -> None:
        """Let projections and policies apply everything, and the worker do its jobs."""
        worker = Worker("test", self.database, acts(self.database, self.blobs))
        projections = Applier("documents.projections", self.database, PROJECTIONS)
        policies = Applier("documents.policies", self.database, POLICIES)
        for category in ("agency", "person"):
            projections.catch_up(category)
        for category in ("packet", "signing", "validation"):
            policies.catch_up(category)
        while worker.work_one():
            pass
        for category in ("document", "register", "tray"):
            projections.catch_up(category)
        with self.database.unit() as unit:
            failed = unit.connection.execute(text("SELECT cause FROM es.retry")).scalars().all()
            assert failed == []
            stuck = unit.connection.execute(
                text("SELECT cause FROM documents.job WHERE state <> 'done'")
            )
            assert stuck.scalars().all() == []

    def do(self, work: Callable[[Unit], Done]) -> Done:
        """Carry out an order as the command runner does: lost races run again."""
        while True:
            try:
                with self.database.unit() as unit:
                    return work(unit)
            except Exception as error:
                if not may_run_again(error):
                    raise

    def events(self, document_id: UUID) -> list[Recorded]:
        with self.database.unit() as unit:
            return unit.store.read(f"document-{document_id}")

    def names(self, document_id: UUID) -> list[str]:
        return [event.type for event in self.events(document_id)]

    def last(self, document_id: UUID, name: str) -> Any:
        return message([each for each in self.events(document_id) if each.type == name][-1])

    def row(self, document_id: UUID) -> dict[str, Any]:
        with self.database.unit() as unit:
            row = queries.one_document(unit.connection, document_id)
        assert row is not None
        return row


@contextmanager
def open_world(postgres: PostgresForTests, folder: Path) -> Iterator[World]:
    """A fresh database whose directory knows three agencies and a leader."""
    urls = postgres.fresh_database()
    names = ("documents", "directory", "signatures", "interconnect")
    databases = {name: Database(engine_for(urls(name)), name) for name in names}
    made = World(databases["documents"], databases, open_store(f"file://{folder}"), folder)
    _directory(made)
    yield made
    for database in databases.values():
        database.engine.dispose()


def _directory(world: World) -> None:
    agencies = {
        PROVINCE: (2, "Ủy ban nhân dân tỉnh Hà Nam", "UBND", False),
        DEPARTMENT: (3, "Sở Tài chính", "STC", False),
        OFFICE: (3, "Sở Y tế", "SYT", True),
    }
    for agency_id, (tier, name, sign, strict) in agencies.items():
        world.tell(
            "directory",
            f"agency-{agency_id}",
            "AgencyRegistered",
            agency_id=str(agency_id),
            parent_id="" if tier == 2 else str(PROVINCE),
            tier=tier,
            name=name,
            place="Hà Nam",
            channel="inside",
            codes=[],
            short_sign=sign,
            refuse_invalid=strict,
        )
    card = put_text(world.blobs, {"full_name": "Nguyễn Văn Ước", "salt": "s"})
    person = f"person-{LEADER}"
    world.tell("directory", person, "PersonRegistered", person_id=str(LEADER), card=card)
    for agency_id, position_id in ((PROVINCE, POST), (DEPARTMENT, DEPARTMENT_POST)):
        world.tell(
            "directory",
            person,
            "PositionAssigned",
            position_id=str(position_id),
            person_id=str(LEADER),
            agency_id=str(agency_id),
            unit="Lãnh đạo",
            title="Chủ tịch",
            authority="TM.",
            roles=["leader"],
            valid_from="2026-01-01",
        )
    world.catch_up()


def order(agency: UUID = PROVINCE, version: int | None = None) -> Order:
    return Order(uuid4(), agency, f"person:{LEADER}/{POST}", None, version)


def draft_command(world: World, **changes: Any) -> DraftDocument:
    content = {"subject": "Về việc phòng chống lụt bão", "summary": "", "addressees": []}
    values: dict[str, Any] = {
        "document_id": uuid4(),
        "agency_id": PROVINCE,
        "type_code": "CT",
        "notation": "CT-UBND",
        "text": put_text(world.blobs, {**content, "paragraphs": ["Yêu cầu các sở thực hiện."]}),
        "urgency": 1,
        "signer_id": LEADER,
        "signer_position_id": POST,
        "recipients": (DEPARTMENT,),
    }
    return DraftDocument(**(values | changes))


def drafted(world: World, **changes: Any) -> UUID:
    command = draft_command(world, **changes)
    world.do(lambda unit: handlers.draft(unit, order(), command, "Về việc phòng chống lụt bão"))
    return command.document_id


def approved(world: World, **changes: Any) -> UUID:
    document_id = drafted(world, **changes)
    world.do(lambda unit: handlers.change(unit, order(), document_id, ReviewDraft()))
    command = ApproveDocument(str(LEADER), str(POST))
    world.do(lambda unit: handlers.change(unit, order(), document_id, command))
    world.catch_up()
    return document_id


def answer_signing(world: World, asked: Any, name: str, **fields: Any) -> None:
    world.tell(
        "signatures",
        f"signing-{asked.signing_id}",
        name,
        signing_id=asked.signing_id,
        document_id=asked.document_id,
        agency_id=asked.agency_id,
        **fields,
    )
    world.catch_up()


def signed(world: World, **changes: Any) -> UUID:
    document_id = approved(world, **changes)
    asked = world.last(document_id, "SignatureRequested")
    file = world.blobs.put_bytes(world.blobs.read(asked.file) + b"leader").digest
    answer_signing(world, asked, "SigningFinished", file=file)
    return document_id


def issue(world: World, document_id: UUID, at: datetime | None = None) -> Done:
    one = order()
    return world.do(
        lambda unit: handlers.issue(replace(unit, now=at) if at else unit, one, document_id)
    )


def arrived(world: World, recipient: UUID = PROVINCE, files: Any = None) -> UUID:
    packet_id = uuid4()
    pdf = {"name": "cv.pdf", "content_type": "application/pdf", "digest": "a" * 64}
    other = {"name": "phu luc.xlsx", "content_type": "application/zip", "digest": "b" * 64}
    world.tell(
        "interconnect",
        f"packet-{packet_id}",
        "PacketArrived",
        packet_id=str(packet_id),
        sender_id=str(DEPARTMENT),
        recipient_id=str(recipient),
        channel="axis",
        packet="c" * 64,
        foreign_id="H25,2026/11/20,7/STC-NS",
        code="7/STC-NS",
        issued_on="2026-11-20",
        type_name="Công văn",
        text=put_text(world.blobs, {"subject": "Xin ý kiến"}),
        urgency=2,
        files=[other, pdf] if files is None else files,
    )
    world.catch_up()
    return uuid5(packet_id, "document")


def verify(
    world: World, document_id: UUID, verdict: str, report: str = NOTE, pending: bool = False
) -> None:
    asked = world.last(document_id, "ValidationRequested")
    world.tell(
        "signatures",
        f"validation-{asked.validation_id}",
        "FileValidated",
        validation_id=asked.validation_id,
        document_id=asked.document_id,
        agency_id=asked.agency_id,
        file=asked.file,
        verdict=verdict,
        sub_indication="",
        report=report,
        pending=pending,
    )
    world.catch_up()
