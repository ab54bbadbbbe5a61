"""Which events are steps that a clerk would name, and in which words: the one table of it.

A key is an event type, or type:variant where one type means different things to a reader (see
`VARIANTS`). Every event type of the contract stands in `ACTIONS` or, with the reason, in `NO_LINE`.
Status codes are those of QCVN 102:2016/BTTTT.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Action:
    """What was done, in Vietnamese and English, and the status code that it means."""

    vi: str
    en: str
    status: str = ""


ACTIONS: dict[str, Action] = {
    # An outgoing document (văn bản đi).
    "DocumentDrafted": Action("Soạn dự thảo văn bản", "drafted"),
    "DraftRevised": Action("Sửa dự thảo", "draft revised"),
    "AttachmentAdded": Action("Đính kèm tài liệu", "attachment added"),
    "DraftReviewed": Action("Soát dự thảo, trình ký", "draft reviewed, laid before the leader"),
    "DraftReturned": Action("Trả lại dự thảo", "draft returned to its author"),
    "DocumentApproved": Action("Phê duyệt để ký", "approved for signature"),
    "TrayLineRefused": Action("Không ký được trong lô", "not signed in its tray"),
    "SignatureMade:leader": Action("Ký số của người có thẩm quyền", "signed by the leader"),
    "SignatureMade:copier": Action("Ký số của người ký bản sao", "signed by the copy's signer"),
    "DocumentNumbered": Action("Cấp số, đăng ký văn bản đi", "numbered and registered"),
    "SignatureMade:seal": Action("Ký số của cơ quan (đóng dấu)", "sealed by the agency"),
    "SignatureMade:copy": Action("Ký số của cơ quan sao văn bản", "signed as a copy"),
    "SignatureFailed": Action("Ký số không thành", "signing failed"),
    "DocumentIssued": Action("Phát hành văn bản", "issued"),
    "DocumentVoided": Action("Hủy văn bản, số không dùng lại", "voided, its number stays taken"),
    # On the way.
    "PacketSent:axis": Action("Gửi qua trục liên thông", "sent through the axis"),
    "DeliveryRefused": Action("Không gửi được đến nơi nhận", "could not be delivered"),
    "PacketArrived:axis": Action(
        "Ban hành, gửi qua trục liên thông", "issued and sent through the axis"
    ),
    "RecallAsked": Action(
        "Yêu cầu lấy lại văn bản đã gửi", "asked to take the document back", "13"
    ),
    "RecallLapsed": Action(
        "Không chuyển được yêu cầu lấy lại đến nơi nhận", "the recall did not go to the recipient"
    ),
    "StatusRefused": Action(
        "Trục liên thông không chuyển được trạng thái đến bên gửi",
        "the axis did not take the status: its sender is not told",
    ),
    "DeliveryWithdrawn": Action("Lấy lại trước khi gửi", "taken back before it was sent"),
    "DeliveryReplaced": Action("Văn bản được thay thế ở nơi nhận", "replaced at the recipient"),
    # An incoming document (văn bản đến).
    "DocumentArrived": Action("Văn bản đến hệ thống", "arrived", "01"),
    "ArrivalVerified:TOTAL_PASSED": Action(
        "Kiểm tra chữ ký số: hợp lệ", "signatures checked: valid"
    ),
    "ArrivalVerified:INDETERMINATE": Action(
        "Kiểm tra chữ ký số: chưa xác định", "signatures checked: indeterminate"
    ),
    "ArrivalVerified:TOTAL_FAILED": Action(
        "Kiểm tra chữ ký số: không hợp lệ", "signatures checked: invalid"
    ),
    "DocumentRefused": Action("Từ chối tiếp nhận", "refused", "02"),
    "DocumentAccepted": Action("Tiếp nhận, vào sổ văn bản đến", "accepted and registered", "03"),
    "RecallReceived": Action("Bên gửi yêu cầu lấy lại", "the sender asks to take it back"),
    "RecallRefused": Action("Từ chối cho lấy lại", "take-back refused", "16"),
    "DocumentWithdrawn": Action("Đồng ý cho lấy lại", "take-back agreed, withdrawn", "15"),
    "DocumentReplaced:update": Action("Đồng ý cập nhật", "update agreed, replaced", "15"),
    "DocumentReplaced:replacement": Action(
        "Được văn bản mới thay thế", "replaced by a new document"
    ),
    "UpdateRefused": Action("Từ chối cập nhật", "update refused", "16"),
    "StatusWithheld": Action(
        "Không báo cho bên gửi, theo mức công khai", "not told to the sender, by the disclosure"
    ),
    "TaskAssigned": Action("Phân công xử lý", "assigned", "04"),
    "TaskStarted": Action("Bắt đầu xử lý", "in process", "05"),
    "TaskFinished": Action("Xong việc được giao", "task finished"),
    "ProcessFinished": Action("Hoàn thành xử lý", "finished", "06"),
    "ProcessCancelled": Action("Dừng xử lý", "handling cancelled"),
    # What an agency behind the axis tells about its own steps.
    "StatusReceived:01": Action("Văn bản đến hệ thống", "arrived", "01"),
    "StatusReceived:02": Action("Từ chối tiếp nhận", "refused", "02"),
    "StatusReceived:03": Action("Tiếp nhận", "accepted", "03"),
    "StatusReceived:04": Action("Phân công xử lý", "assigned", "04"),
    "StatusReceived:05": Action("Đang xử lý", "in process", "05"),
    "StatusReceived:06": Action("Hoàn thành xử lý", "finished", "06"),
    "StatusReceived:13": Action("Yêu cầu lấy lại", "asked to take back", "13"),
    "StatusReceived:15": Action("Đồng ý lấy lại hoặc cập nhật", "take-back or update agreed", "15"),
    "StatusReceived:16": Action(
        "Từ chối lấy lại hoặc cập nhật", "take-back or update refused", "16"
    ),
}

_ENTRY = "an entry of the directory, no step on a document"
_MACHINE = "the platform's own work between two steps"
_SAME_STEP = "the step that it follows from, or leads to, is a line"
_TRUST = "about whom the installation trusts, no step on a document"
_LOOK = "a look into the trail or the archive, no step on a document"
_DESK = "an operator's act on the platform, no step on a document"

NO_LINE: dict[str, str] = {
    "AgencyRegistered": _ENTRY,
    "AgencyClosed": _ENTRY,
    "PersonRegistered": _ENTRY,
    "PositionAssigned": _ENTRY,
    "CertificateRegistered": _ENTRY,
    "CertificateRequestFiled": _ENTRY,
    "CertificateRequestForwarded": _ENTRY,
    "CertificateRequestRefused": _ENTRY,
    "CertificateRevoked": _ENTRY,
    "DeviceHandedOver": _ENTRY,
    "DeviceReturned": _ENTRY,
    "DeviceLost": _ENTRY,
    "DeviceRecovered": _ENTRY,
    "ClientRegistered": _ENTRY,
    "DocumentRendered": _MACHINE,
    "SignatureRequested": _MACHINE,
    "SealRequested": _MACHINE,
    "ValidationRequested": _MACHINE,
    "ProcessOpened": _MACHINE,
    "DispatchOpened": _MACHINE,
    "PacketPrepared": _MACHINE,
    "DeliveryOpened": _MACHINE,
    "PacketNumbered": _MACHINE,
    "DocumentSigned": _SAME_STEP,  # SignatureMade:leader names the signer
    "SignatureAdded": _SAME_STEP,  # SignatureMade:leader
    "SealAdded": _SAME_STEP,  # SignatureMade:seal
    "SignatureMade:attachment": _SAME_STEP,  # SignatureMade:seal, of the main file
    "SigningFinished": _SAME_STEP,
    "SigningRefused": _SAME_STEP,  # SignatureFailed
    "SignatureMade:number": _SAME_STEP,  # DocumentNumbered
    "FileValidated": _SAME_STEP,  # ArrivalVerified
    "EvidenceAdded": _MACHINE,
    "EvidenceRefused": _DESK,
    "EvidenceConsulted": _LOOK,
    "TrustVersionProposed": _TRUST,
    "TrustVersionApproved": _TRUST,
    "TrustVersionRejected": _TRUST,
    "TrustListRefused": _TRUST,
    "NumberTaken": _SAME_STEP,  # DocumentNumbered, DocumentAccepted
    "NumberVoided": _SAME_STEP,  # DocumentVoided
    "PacketSent:inside": _SAME_STEP,  # the recipient's DocumentArrived
    "PacketArrived:inside": _SAME_STEP,  # DocumentArrived
    "RecallSent": _SAME_STEP,  # RecallAsked
    "RecallArrived": _SAME_STEP,  # the recipient's RecallReceived
    "UpdateAsked": _SAME_STEP,  # the newer document's issue
    "UpdateLapsed": _SAME_STEP,  # the newer document's DeliveryRefused or DeliveryWithdrawn
    "StatusSent": _SAME_STEP,  # the step told is itself a line
    "StatusReceived:inside": _SAME_STEP,  # the step told is itself a line
    "DecisionAsked": _DESK,
    "DecisionConfirmed": _DESK,
    "DecisionDeclined": _DESK,
    "DeviceSigningOpened": _MACHINE,
    "DeviceSigningPrepared": _SAME_STEP,  # SignatureMade:leader, or SignatureFailed
    "DeviceSignatureReturned": _SAME_STEP,
    "TrayConfirmed": "each of its documents is approved by an event of its own",
    "ParkedEventReleased": _DESK,
    "ParkedEventRefused": _DESK,
    "ParkedJobReleased": _DESK,
    "ParkedJobRefused": _DESK,
    "ParkedPacketReleased": _DESK,
    "ParkedPacketRefused": _DESK,
    "PacketRecovered": _MACHINE,  # the arrival or the status that was in it is a line
    "DisclosureSet": "an agency's rule about its own steps, no step on a document",
    "TrailConsulted": _LOOK,
    "PacketUnreadable": "belongs to no document; it stands on the desk",
    "RecallHeld": "its document is not here; it stands on the desk until that comes",
    "StatusUnmatched": "belongs to no document of ours; it stands on the desk",
}

# The field that tells the variants of a type apart.
VARIANTS = {
    "SignatureMade": "role",
    "ArrivalVerified": "verdict",
    "PacketSent": "channel",
    "PacketArrived": "channel",
    "DocumentReplaced": "business",
}


def key_of(event_type: str, message: Any) -> str | None:
    """The key of the event's action; None when it makes no line.

    Raises `LookupError` for what the tables do not name: a step is never left out in silence.
    """
    key = event_type
    if event_type == "StatusReceived":
        key += ":" + (message.status_code if message.channel == "axis" else "inside")
    elif event_type in VARIANTS:
        key += f":{getattr(message, VARIANTS[event_type])}"
    if key in NO_LINE:
        return None
    if key not in ACTIONS:
        raise LookupError(f"{key[:80]} stands in neither table of actions")
    return key
