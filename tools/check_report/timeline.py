"""The timeline, worked out again from the event table."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tools.check_report.evidence import Event, Evidence
from tools.check_report.names import Names
from tools.check_report.outcome import Outcome, difference

# What people read of an event, and its status code; with a variant where one field decides.
WORDS: dict[str, tuple[str, str]] = {
    "DocumentDrafted": ("Soạn dự thảo văn bản", ""),
    "DraftRevised": ("Sửa dự thảo", ""),
    "AttachmentAdded": ("Đính kèm tài liệu", ""),
    "DraftReviewed": ("Soát dự thảo, trình ký", ""),
    "DraftReturned": ("Trả lại dự thảo", ""),
    "DocumentApproved": ("Phê duyệt để ký", ""),
    "SignatureMade leader": ("Ký số của người có thẩm quyền", ""),
    "SignatureMade copier": ("Ký số của người ký bản sao", ""),
    "SignatureMade copy": ("Ký số của cơ quan sao văn bản", ""),
    "TrayLineRefused": ("Không ký được trong lô", ""),
    "SignatureMade seal": ("Ký số của cơ quan (đóng dấu)", ""),
    "SignatureFailed": ("Ký số không thành", ""),
    "DocumentNumbered": ("Cấp số, đăng ký văn bản đi", ""),
    "DocumentIssued": ("Phát hành văn bản", ""),
    "DocumentVoided": ("Hủy văn bản, số không dùng lại", ""),
    "PacketSent axis": ("Gửi qua trục liên thông", ""),
    "DeliveryRefused": ("Không gửi được đến nơi nhận", ""),
    "PacketArrived axis": ("Ban hành, gửi qua trục liên thông", ""),
    "RecallAsked": ("Yêu cầu lấy lại văn bản đã gửi", "13"),
    "RecallLapsed": ("Không chuyển được yêu cầu lấy lại đến nơi nhận", ""),
    "StatusRefused": ("Trục liên thông không chuyển được trạng thái đến bên gửi", ""),
    "DeliveryWithdrawn": ("Lấy lại trước khi gửi", ""),
    "DeliveryReplaced": ("Văn bản được thay thế ở nơi nhận", ""),
    "DocumentArrived": ("Văn bản đến hệ thống", "01"),
    "DocumentRefused": ("Từ chối tiếp nhận", "02"),
    "DocumentAccepted": ("Tiếp nhận, vào sổ văn bản đến", "03"),
    "RecallReceived": ("Bên gửi yêu cầu lấy lại", ""),
    "RecallRefused": ("Từ chối cho lấy lại", "16"),
    "DocumentWithdrawn": ("Đồng ý cho lấy lại", "15"),
    "StatusWithheld": ("Không báo cho bên gửi, theo mức công khai", ""),
    "DocumentReplaced update": ("Đồng ý cập nhật", "15"),
    "DocumentReplaced replacement": ("Được văn bản mới thay thế", ""),
    "UpdateRefused": ("Từ chối cập nhật", "16"),
    "TaskAssigned": ("Phân công xử lý", "04"),
    "TaskStarted": ("Bắt đầu xử lý", "05"),
    "TaskFinished": ("Xong việc được giao", ""),
    "ProcessCancelled": ("Dừng xử lý", ""),
    "ProcessFinished": ("Hoàn thành xử lý", "06"),
    "ArrivalVerified TOTAL_PASSED": ("Kiểm tra chữ ký số: hợp lệ", ""),
    "ArrivalVerified INDETERMINATE": ("Kiểm tra chữ ký số: chưa xác định", ""),
    "ArrivalVerified TOTAL_FAILED": ("Kiểm tra chữ ký số: không hợp lệ", ""),
    "StatusReceived axis 01": ("Văn bản đến hệ thống", "01"),
    "StatusReceived axis 02": ("Từ chối tiếp nhận", "02"),
    "StatusReceived axis 03": ("Tiếp nhận", "03"),
    "StatusReceived axis 04": ("Phân công xử lý", "04"),
    "StatusReceived axis 05": ("Đang xử lý", "05"),
    "StatusReceived axis 06": ("Hoàn thành xử lý", "06"),
    "StatusReceived axis 13": ("Yêu cầu lấy lại", "13"),
    "StatusReceived axis 15": ("Đồng ý lấy lại hoặc cập nhật", "15"),
    "StatusReceived axis 16": ("Từ chối lấy lại hoặc cập nhật", "16"),
}
_TELLING = {
    "SignatureMade": ("role",),
    "ArrivalVerified": ("verdict",),
    "PacketSent": ("channel",),
    "PacketArrived": ("channel",),
    "DocumentReplaced": ("business",),
    "StatusReceived": ("channel", "status_code"),
}
# Whose step it is, where the event names more than one agency.
_ACTOR = {
    "PacketSent": "sender_id",
    "PacketArrived": "sender_id",
    "DeliveryRefused": "sender_id",
    "RecallAsked": "sender_id",
    "DeliveryWithdrawn": "sender_id",
    "DeliveryReplaced": "recipient_id",
    "StatusReceived": "recipient_id",
    "StatusWithheld": "recipient_id",
}
FIELDS = (
    "at",
    "tier",
    "agency_code",
    "agency_name",
    "handler",
    "position",
    "action",
    "status_code",
    "event_type",
)
SYSTEM = "(hệ thống)"


@dataclass(frozen=True)
class Step:
    """A line of the timeline, and the event and document that it comes from."""

    line: dict[str, Any]
    order: tuple[datetime, int, int]
    event: Event


def rebuild(evidence: Evidence, names: Names, trace: str) -> list[Step]:
    """The trace's timeline, in its order."""
    events = [event for event in evidence.events if event.trace == trace]
    signers = {
        event["document_id"]: event["signer_position_id"]
        for event in events
        if event.type == "DocumentDrafted"
    }
    steps = []
    for event in events:
        told = [event.type, *(event[field] for field in _TELLING.get(event.type, ()))]
        if words := WORDS.get(" ".join(told)):
            steps.append(_step(event, words, signers, evidence, names))
    return sorted(steps, key=lambda step: step.order)


def lines(trace: dict[str, Any], steps: list[Step], about: str) -> Outcome:
    """A trace of the report against its steps: every line, in its order; subject and tiers."""
    found = [tuple(step.line.values()) for step in steps]
    reported = [
        tuple(datetime.fromisoformat(line[name]) if name == "at" else line[name] for name in FIELDS)
        for line in trace["timeline"]
    ]
    differences = difference(Counter(reported), Counter(found))
    if not differences and reported != found:
        differences.append("the lines stand in another order")
    tiers = sorted({step.line["tier"] for step in steps if step.line["tier"] is not None})
    for what, said, is_so in (
        ("tiers", trace["tiers"], tiers),
        ("subject", trace["subject"], about),
    ):
        if said != is_so:
            differences.append(f"{what}: the report says {said}, the evidence {is_so}")
    return Outcome(f"timeline {trace['trace_id'][:8]} / event table", len(found), differences)


def subject(evidence: Evidence, trace: str) -> str:
    """The subject of the trace's first document, as it stands now."""
    told = [e for e in evidence.events if e.trace == trace and e["document_id"] and e["text"]]
    newest = [event for event in told if event["document_id"] == told[0]["document_id"]]
    return str(evidence.text(newest[-1]["text"]).get("subject", "")) if newest else ""


def _step(
    event: Event,
    words: tuple[str, str],
    signers: dict[str, str],
    evidence: Evidence,
    names: Names,
) -> Step:
    at, order = _times(event)
    agency = event[_ACTOR.get(event.type, "agency_id")] or event.agency
    tier, code, name = names.agency(agency, at)
    handler, position = _handler(event, signers, evidence, names)
    values = (at, tier, code, name, handler, position, *words, event.type)
    line = dict(zip(FIELDS, values, strict=True))
    return Step(line, (order, event.tx, event.position), event)


def _times(event: Event) -> tuple[datetime, datetime]:
    """When it was done, and where it stands: a step told by its second at the end of that."""
    if event.type != "StatusReceived":
        return event.occurred_at, event.occurred_at
    if event["done_at"]:
        done = datetime.fromisoformat(event["done_at"])
        return done, done
    told = datetime.fromisoformat(event["told_at"])
    end = told.replace(microsecond=0) + timedelta(seconds=1, microseconds=-1)
    return told, max(told, min(end, event.occurred_at))


def _handler(
    event: Event, signers: dict[str, str], evidence: Evidence, names: Names
) -> tuple[str, str]:
    if event.type == "PacketArrived":
        signer = evidence.text(event["text"]).get("signer", {})
        return signer.get("full_name") or "(không báo)", signer.get("position", "")
    if event.type == "StatusReceived":
        told = evidence.text(event["staff"]) if event["staff"] else {}
        return told.get("full_name") or "(không báo)", ""
    if event.type == "SignatureMade" and event["role"] in ("leader", "copier"):
        return names.person(event["owner_id"]), names.title(signers.get(event["document_id"], ""))
    kind, _, who = event.handler.partition(":")
    if kind == "person":
        person, _, position = who.partition("/")
        return names.person(person), names.title(position)
    return (f"(máy) {who}", "") if kind == "machine" else (SYSTEM, "")
