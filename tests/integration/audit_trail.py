"""A journey through four tiers as events of the contract, in a real store, read by the auditor."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import rfc8785

from libs.blobs import BlobStore
from libs.contracts import instant_text, topology
from libs.db import Database, engine_for
from libs.eventstore import ANY, Context, NewEvent
from libs.messaging.applier import Applier
from services.audit.projections import PROJECTIONS

BEGIN = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
DIGEST = "0" * 64
SYSTEM = "system:documents"


def identity(name: str) -> str:
    """The id of what the tests call `name`."""
    return str(uuid5(NAMESPACE_URL, f"urn:test:audit:{name}"))


class Trail:
    """Appends events as their owners, and applies them as the auditor's consumer does."""

    def __init__(self, url: Callable[[str], str], blobs: BlobStore) -> None:
        self._url = url
        self._owners: dict[str, Database] = {}
        self._count = 0
        self.blobs = blobs
        self.audit = Database(engine_for(url("audit")), "audit")
        self._owner_of = {
            name: category
            for category in topology().categories.values()
            for name in category.events
        }

    def close(self) -> None:
        """End all connections."""
        for database in (self.audit, *self._owners.values()):
            database.engine.dispose()

    def append(
        self,
        event_type: str,
        stream: str,
        *,
        trace: str = "trace",
        agency: str = "province",
        handler: str = SYSTEM,
        at: datetime | None = None,
        **fields: Any,
    ) -> datetime:
        """Append one event; returns when the store recorded it. Each is a minute after the last."""
        self._count += 1
        category = self._owner_of[event_type]
        owner = self._owners.setdefault(
            category.owner, Database(engine_for(self._url(category.owner)), category.owner)
        )
        context = Context(
            agency=identity(agency),
            handler=handler,
            occurred_at=at or BEGIN + timedelta(minutes=self._count),
            trace=UUID(identity(trace)),
        )
        event = NewEvent(
            event_id=UUID(identity(f"event {self._count}")),
            type=event_type,
            schema=category.events[event_type],
            payload=rfc8785.dumps(fields),
        )
        name = f"{category.name}-{identity(stream)}"
        with owner.unit() as unit:
            unit.store.append(name, ANY, [event], context)
            return unit.store.read(name)[-1].recorded_at

    def read(self) -> None:
        """Apply everything to the auditor's read models; nothing may be set aside."""
        applier = Applier("audit.projections", self.audit, PROJECTIONS)
        for category in topology().consumers["audit.projections"].categories:
            applier.catch_up(category)
        with self.audit.engine.connect() as connection:
            failed = connection.exec_driver_sql("SELECT stream, cause FROM es.retry").all()
        assert not failed, failed

    def text(self, **content: Any) -> str:
        """A blob's digest."""
        return self.blobs.put_bytes(json.dumps(content).encode()).digest

    def agency(self, name: str, tier: int, *codes: str, full_name: str = "", **more: Any) -> None:
        """Enter an agency."""
        entries = [{"code": code, "scheme": "qd20", "valid_from": "2025-07-01"} for code in codes]
        self.append(
            "AgencyRegistered",
            name,
            trace=f"directory {name}",
            **{
                "agency_id": identity(name),
                "tier": tier,
                "name": full_name or name.title(),
                "channel": "inside",
                "codes": entries,
                **more,
            },
        )

    def person(self, name: str, title: str, agency: str) -> str:
        """Enter a person with a position; returns the handler of the person's events."""
        person_id, position_id = identity(name), identity(f"{name} at {agency}")
        card = self.text(full_name=name, salt="s")
        self.append("PersonRegistered", name, trace="directory", person_id=person_id, card=card)
        self.append(
            "PositionAssigned",
            name,
            trace="directory",
            person_id=person_id,
            position_id=position_id,
            agency_id=identity(agency),
            unit="Văn phòng",
            title=title,
            roles=["clerk"],
            valid_from="2025-07-01",
        )
        return f"person:{person_id}/{position_id}"


def everybody(trail: Trail) -> dict[str, str]:
    """Agencies of four tiers and their people: handlers by name."""
    trail.agency("government", 1, "G22", full_name="Văn phòng Chính phủ", channel="axis")
    trail.agency("province", 2, "H42", full_name="UBND tỉnh")
    trail.agency("department", 3, "H42.14", full_name="Sở KHCN")
    trail.agency("commune", 4, "H42.101", full_name="UBND xã")
    return {
        "clerk": trail.person("Nguyễn Thu Ứng", "Văn thư", "province"),
        "leader": trail.person("Trần Văn Bình", "CHỦ TỊCH", "province"),
        "officer": trail.person("Lê Minh Đức", "Chuyên viên", "province"),
        "commune": trail.person("Bùi Thị Lụa", "Văn thư", "commune"),
    }


def arrive(trail: Trail, agency: str, sender: str, document: str, code: str, text: str) -> None:
    """A packet and its document come to `agency`."""
    channel = "axis" if sender == "government" else "inside"
    packet_id = identity(f"packet of {document}")
    shared: dict[str, Any] = {
        "packet_id": packet_id,
        "sender_id": identity(sender),
        "foreign_id": "F",
        "code": code,
        "issued_on": "2026-11-22",
        "type_name": "Chỉ thị",
        "text": text,
        "urgency": 1,
    }
    trail.append(
        "PacketArrived",
        document,
        agency=agency,
        handler="system:interconnect",
        recipient_id=identity(agency),
        channel=channel,
        packet=DIGEST,
        **shared,
    )
    trail.append(
        "DocumentArrived",
        document,
        agency=agency,
        document_id=identity(document),
        agency_id=identity(agency),
        **shared,
    )


def handle(trail: Trail, agency: str, document: str, who: dict[str, str]) -> None:
    """`agency` accepts, assigns, begins and finishes."""
    ids: dict[str, Any] = {
        "document_id": identity(document),
        "agency_id": identity(agency),
        "packet_id": identity(f"packet of {document}"),
    }
    task: dict[str, Any] = {
        **ids,
        "process_id": identity(f"process {document}"),
        "task_id": identity("task"),
    }
    trail.append(
        "ArrivalVerified",
        document,
        agency=agency,
        document_id=identity(document),
        validation_id=identity("validation"),
        verdict="TOTAL_PASSED",
        report=DIGEST,
    )
    trail.append(
        "DocumentAccepted",
        document,
        agency=agency,
        handler=who["clerk"],
        register_id="r",
        arrival_number=1,
        accepted_on="2026-11-22",
        **ids,
    )
    trail.append(
        "TaskAssigned",
        document,
        agency=agency,
        handler=who["leader"],
        unit="Phòng Văn xã",
        assignee_id=identity("Lê Minh Đức"),
        assignee_position_id=identity("Lê Minh Đức at province"),
        **task,
    )
    trail.append("TaskStarted", document, agency=agency, handler=who["officer"], **task)
    trail.append("TaskFinished", document, agency=agency, handler=who["officer"], **task)
    trail.append(
        "ProcessFinished",
        document,
        agency=agency,
        handler=who["officer"],
        process_id=identity(f"process {document}"),
        **ids,
    )


def issue(trail: Trail, document: str, text: str, who: dict[str, str]) -> None:
    """The province drafts, signs, numbers, seals and issues."""
    leader = identity("Trần Văn Bình")
    signer: dict[str, Any] = {
        "signer_id": leader,
        "signer_position_id": identity("Trần Văn Bình at province"),
    }
    ids: dict[str, Any] = {"document_id": identity(document), "agency_id": identity("province")}
    draft: dict[str, Any] = {
        **ids,
        "type_code": "CT",
        "text": text,
        "recipients": [identity("commune")],
        **signer,
    }
    trail.append("DocumentDrafted", document, handler=who["officer"], notation="CT-UBND", **draft)
    trail.append(
        "DocumentApproved", document, handler=who["leader"], document_id=identity(document)
    )
    made: dict[str, Any] = {
        **ids,
        "signing_id": identity("signing"),
        "level": "B-T",
        "file": DIGEST,
    }
    for role, owner in (("leader", leader), ("number", ids["agency_id"])):
        trail.append(
            "SignatureMade",
            document,
            handler="system:signatures",
            role=role,
            owner_id=owner,
            certificate=DIGEST,
            signed_at=instant_text(BEGIN),
            **made,
        )
    number: dict[str, Any] = {"number": 5, "notation": "CT-UBND", "issued_on": "2026-11-22"}
    trail.append(
        "DocumentNumbered",
        document,
        handler=who["clerk"],
        document_id=identity(document),
        register_id="r",
        **number,
    )
    trail.append("DocumentIssued", document, file=DIGEST, pages=1, **draft, **number)


def tell(trail: Trail, document: str, code: str, told_at: datetime, **more: Any) -> datetime:
    """The Government Office tells a step by the axis."""
    return trail.append(
        "StatusReceived",
        document,
        handler="system:interconnect",
        **{
            "delivery_id": "d",
            "dispatch_id": identity(document),
            "document_id": identity(document),
            "sender_id": identity("province"),
            "recipient_id": identity("government"),
            "status_code": code,
            "told_at": instant_text(told_at),
            "channel": "axis",
            "status_packet": DIGEST,
            **more,
        },
    )
