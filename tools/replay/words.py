"""The words for what programs call lists, fields and states."""

from collections.abc import Mapping
from typing import Any

from tools.replay.times import shown

LISTS = {
    "documents": "Văn bản",
    "tasks": "Việc được giao",
    "processes": "Hồ sơ xử lý",
    "dispatches": "Văn bản gửi đi",
}
KINDS = {"appeared": "mới có", "changed": "thay đổi", "ended": "không còn"}
DOORS = {"http": "HTTP", "command": "lệnh, trong cơ sở dữ liệu"}
QUESTIONS = {
    "trace": "một hồ sơ",
    "traces": "danh sách hồ sơ",
    "steps": "các bước xử lý",
    "consultations": "lịch sử tra cứu",
    "proof": "bằng chứng của sự kiện",
    "entries": "mục của nhật ký",
    "seen": "trạng thái tại một thời điểm",
    "changes": "khác nhau giữa hai thời điểm",
    "bundle": "hồ sơ bằng chứng",
    "archive": "tệp kèm bằng chứng của một văn bản",
}
FIELDS = {
    "accepted_on": "ngày vào sổ",
    "agency": "cơ quan",
    "answered_by": "văn bản trả lời",
    "arrival_number": "số đến",
    "as_of": "biết đến",
    "assigned_at": "giao lúc",
    "assignee": "người xử lý",
    "assignee_id": "mã người xử lý",
    "assignee_position_id": "mã chức vụ của người xử lý",
    "code": "số, ký hiệu",
    "compared_with": "so với",
    "deliveries": "việc gửi",
    "due_on": "hạn xử lý",
    "files": "tệp",
    "finished_at": "xong lúc",
    "handler_id": "người thực hiện",
    "has_report": "báo cáo kiểm tra chữ ký",
    "issued_on": "ngày ban hành",
    "note": "ghi chú",
    "number": "số",
    "opened_at": "mở lúc",
    "packet": "gói tin",
    "person_id": "người",
    "prepared_refusal": "lý do từ chối soạn sẵn",
    "reason_code": "lý do",
    "recall_asked_at": "yêu cầu lấy lại lúc",
    "recall_note": "lý do lấy lại",
    "replaced_by": "được thay bằng",
    "since": "từ",
    "started_at": "bắt đầu lúc",
    "state": "trạng thái",
    "status_code": "mã trạng thái",
    "subject": "trích yếu",
    "target": "mục",
    "tasks": "việc",
    "text": "nội dung",
    "trace_id": "hồ sơ",
    "unit": "đơn vị",
    "until": "đến",
    "urgency": "độ khẩn",
    "verdict": "chữ ký số",
    "verdict_at": "kiểm tra chữ ký lúc",
    "verdict_before": "kết quả kiểm tra trước",
    "verdict_pending": "chờ kiểm tra lại chữ ký",
}
_VALUES = {
    # documents, out and in
    "drafted": "dự thảo",
    "reviewed": "đã soát, trình ký",
    "approved": "đã duyệt",
    "signing": "đang ký",
    "signed": "đã ký",
    "numbered": "đã cấp số",
    "sealing": "đang đóng dấu",
    "issued": "đã phát hành",
    "voided": "đã hủy",
    "arrived": "đã đến",
    "verified": "đã kiểm tra chữ ký",
    "accepted": "đã tiếp nhận",
    "refused": "đã từ chối",
    "withdrawn": "đã trả lại bên gửi",
    "replaced": "đã được thay thế",
    # their handling
    "opened": "chờ phân công",
    "assigned": "đã phân công",
    "started": "đang xử lý",
    "finished": "hoàn thành",
    "cancelled": "đã dừng",
    "closed": "đã đóng",
    # signatures
    "TOTAL_PASSED": "hợp lệ",
    "INDETERMINATE": "chưa xác định",
    "TOTAL_FAILED": "không hợp lệ",
}
_SPOKEN = {"state", "verdict", "verdict_before"}
_INSTANTS = ("_at", "since", "until", "as_of", "compared_with")
_LONGEST = 120


TRANSPORTS = {
    "opened": "chờ gửi",
    "sent": "đã gửi",
    "refused": "không gửi được",
    "withdrawn": "đã rút",
}


def field(name: str) -> str:
    """A field's name in words."""
    return FIELDS.get(name, name)


def value(name: str, content: Any) -> str:
    """A field's value as people read it; what is nested is counted or told in short."""
    if content is None or content == "":
        return "(trống)"
    if isinstance(content, bool):
        return "có" if content else "không"
    if name == "deliveries":
        return "; ".join(_deliveries(content))
    if isinstance(content, list):
        return f"{len(content)} mục"
    if isinstance(content, Mapping):
        told = "; ".join(f"{field(key)}: {value(key, each)}" for key, each in content.items())
        return told if len(told) <= _LONGEST else told[: _LONGEST - 1] + "…"
    if name.endswith(_INSTANTS) and isinstance(content, str):
        return shown(content)
    return spoken(content) if name in _SPOKEN else str(content)


def spoken(state: Any) -> str:
    """A state in words."""
    return _VALUES.get(str(state), str(state or ""))


def change(name: str, before: Any, after: Any) -> str:
    """What a field was and is; what is too deep to be told is said to have changed."""
    old, new = value(name, before), value(name, after)
    if old == new:
        return f"{field(name)}: nội dung đã thay đổi"
    return f"{field(name)}: {old} → {new}"


def _deliveries(found: Any) -> list[str]:
    """Counts of a list, or each recipient with the newest step that it told."""
    if isinstance(found, Mapping):
        return [f"{TRANSPORTS[state]} {count}" for state, count in found.items() if count]
    return [f"{each['recipient']['name']}: {_reached(each)}" for each in found]


def _reached(delivery: Mapping[str, Any]) -> str:
    step = delivery["processing"]
    return str(step["vi"]) if step else TRANSPORTS[delivery["transport"]]
