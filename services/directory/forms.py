"""The forms of certificates and devices, as the text of an official document.

What is made here can be drafted, signed and issued as any document of the agency
(`POST /v1/documents`), or laid out and printed (`lienthong certificates form`).
Forms 01 to 03 are those of Decree 68/2024/NĐ-CP, article 11.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

AUTHORITY = "Cục Chứng thực số và Bảo mật thông tin, Ban Cơ yếu Chính phủ"
LAW = (
    "Căn cứ Nghị định số 68/2024/NĐ-CP ngày 25 tháng 6 năm 2024 của Chính phủ quy định về chữ ký"
    " số chuyên dùng công vụ;"
)
LETTER, MINUTES = "CV", "BB"
_CERTIFICATE = "chứng thư chữ ký số chuyên dùng công vụ"
_WHOSE = {
    "leader": "cho cá nhân",
    "seal": "cho cơ quan, tổ chức",
    "service": "cho thiết bị, dịch vụ, phần mềm",
}
_NUMBERS = {"leader": "01", "seal": "02", "service": "03"}
_ACTS = {
    "issue": f"cấp mới {_CERTIFICATE}",
    "renew": f"gia hạn {_CERTIFICATE}",
    "change": f"thay đổi nội dung thông tin {_CERTIFICATE}",
    "revoke": f"thu hồi {_CERTIFICATE}",
    "recover": "khôi phục thiết bị lưu khóa bí mật",
}
_REASONS = {
    "key_compromised": "khóa bí mật bị lộ hoặc nghi bị lộ",
    "device_lost": "thiết bị lưu khóa bí mật bị mất",
    "device_broken": "thiết bị lưu khóa bí mật bị hỏng",
    "left": "thuê bao nghỉ hưu, thôi việc, chuyển công tác",
    "data_changed": "thông tin trong chứng thư đã thay đổi",
    "agency_ended": "cơ quan, tổ chức giải thể, sáp nhập",
    "replaced": "đã có thiết bị khác thay thế",
    "broken": "thiết bị hỏng",
    "revoked": "chứng thư đã bị thu hồi",
    "other": "lý do khác",
}


@dataclass(frozen=True)
class Subject:
    """Whom a form is about, in words."""

    agency: str
    name: str
    title: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Named:
    """A certificate, in words."""

    serial: str
    valid_from: date
    valid_to: date


def request_form(
    request: Mapping[str, Any],
    details: Mapping[str, Any],
    subject: Subject,
    certificate: Named | None,
) -> dict[str, Any]:
    """The letter by which an agency asks (văn bản đề nghị)."""
    act, kind = request["act"], request["kind"]
    whose = f" {_WHOSE[kind]}" if act == "issue" else ""
    lines = [*_subscriber(kind, details, subject), *_about(request, details, certificate)]
    paragraphs = [
        LAW,
        f"{subject.agency} đề nghị {_ACTS[act]}{whose} với các thông tin sau:",
        *_numbered(lines),
        f"{subject.agency} chịu trách nhiệm về các thông tin nêu trên.",
    ]
    number = _NUMBERS[kind] if act == "issue" else ""
    return {
        "form": f"Mẫu số {number}, Nghị định 68/2024/NĐ-CP" if number else "",
        "type_code": LETTER,
        "subject": f"đề nghị {_ACTS[act]}{whose}",
        "addressees": [AUTHORITY],
        "paragraphs": paragraphs,
    }


def minutes(
    device: Mapping[str, Any], subject: Subject, receiver: str, certificates: Sequence[Named]
) -> dict[str, Any]:
    """The minutes of a hand-over, or of a return (biên bản bàn giao, thu hồi thiết bị)."""
    back = device["state"] == "returned"
    day = _day(device["ended_on"] if back else device["handed_on"])
    giver, taker = (receiver, "Cơ quan quản lý") if back else ("Cơ quan quản lý", receiver)
    what = "thu hồi" if back else "bàn giao"
    lines = [
        f"Bên giao: {giver}",
        f"Bên nhận: {taker}",
        f"Thuê bao: {subject.name}, {subject.agency}",
        f"Thiết bị lưu khóa bí mật số: {device['device']}",
        *(f"Chứng thư trên thiết bị: {_certificate(one)}" for one in certificates),
        f"Văn bản cho phép bàn giao: {device['permission']}",
        *([f"Lý do thu hồi: {_REASONS[device['reason_code']]}"] if back else []),
    ]
    promise = (
        "Từ thời điểm thu hồi, chứng thư trên thiết bị không được dùng để ký."
        if back
        else "Bên nhận giữ thiết bị và mật khẩu, không giao cho người khác, báo ngay khi thiết bị"
        " mất, hỏng hoặc nghi lộ khóa, và giao lại khi thôi nhiệm vụ."
    )
    return {
        "form": "",
        "type_code": MINUTES,
        "subject": f"{what.capitalize()} thiết bị lưu khóa bí mật",
        "addressees": [],
        "paragraphs": [
            f"Hôm nay, ngày {day}, các bên lập biên bản {what} thiết bị lưu khóa bí mật như sau:",
            *_numbered(lines),
            promise,
        ],
    }


def _subscriber(kind: str, details: Mapping[str, Any], subject: Subject) -> Iterator[str]:
    if kind == "leader":
        yield f"Họ và tên: {subject.name}"
        yield f"Chức vụ: {subject.title}; đơn vị: {subject.unit}"
        if details.get("identity_number"):
            yield "; ".join(_identity(details))
    else:
        yield f"Tên cơ quan, tổ chức: {subject.agency}"
    if details.get("software"):
        yield f"Tên thiết bị, dịch vụ, phần mềm: {details['software']}"
    if details.get("email"):
        yield f"Địa chỉ thư điện tử công vụ: {details['email']}"
    if details.get("telephone"):
        yield f"Số điện thoại: {details['telephone']}"


def _identity(details: Mapping[str, Any]) -> Iterator[str]:
    yield f"Số căn cước: {details['identity_number']}"
    if details.get("identity_issued_on"):
        yield f"ngày cấp: {_day(date.fromisoformat(details['identity_issued_on']))}"
    if details.get("identity_issued_by"):
        yield f"nơi cấp: {details['identity_issued_by']}"


def _about(
    request: Mapping[str, Any], details: Mapping[str, Any], certificate: Named | None
) -> Iterator[str]:
    if certificate:
        yield f"Chứng thư: {_certificate(certificate)}"
    if request["device"]:
        yield f"Thiết bị lưu khóa bí mật số: {request['device']}"
    if details.get("changes"):
        yield f"Nội dung thay đổi: {details['changes']}"
    if request["reason_code"]:
        yield f"Lý do thu hồi: {_REASONS[request['reason_code']]}"
    if details.get("note"):
        yield f"Ghi chú: {details['note']}"


def _certificate(one: Named) -> str:
    return f"số {one.serial}, hiệu lực từ {_day(one.valid_from)} đến {_day(one.valid_to)}"


def _numbered(lines: Sequence[str]) -> list[str]:
    return [f"{number}. {line}." for number, line in enumerate(lines, start=1)]


def _day(day: date) -> str:
    return f"{day.day:02}/{day.month:02}/{day.year}"
