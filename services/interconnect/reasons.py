"""Why something was not sent, or not taken, in words for the people who read it."""

from libs.messaging.causes import PlainCause

_PLAIN = {
    # A document of ours that does not reach a recipient.
    "recipient_closed": PlainCause(
        "Cơ quan nhận đã kết thúc hoạt động; hãy gửi đến cơ quan kế thừa.",
        "The recipient is closed; send to its successor.",
    ),
    "recipient_unknown": PlainCause(
        "Cơ quan nhận không có trong danh bạ.",
        "The directory knows no such recipient.",
    ),
    "recipient_has_no_code": PlainCause(
        "Cơ quan nhận không có mã định danh vào ngày ban hành.",
        "The recipient has no code on the day of issue.",
    ),
    "earlier_request_open": PlainCause(
        "Nơi nhận chưa trả lời yêu cầu lấy lại hoặc cập nhật trước.",
        "The recipient has still to answer about the earlier document.",
    ),
    "refused_at_desk": PlainCause(
        "Hai người vận hành đã quyết định không gửi nữa.",
        "Two operators decided that it is not sent any more.",
    ),
    # The axis' codes.
    "axis-10": PlainCause("Trục báo gói tin sai.", "The axis says that the packet is wrong."),
    "axis-18": PlainCause("Trục không biết cơ quan nhận.", "The axis does not know the recipient."),
    "axis-21": PlainCause("Trục không xử lý được gói tin.", "The axis cannot process the packet."),
    "axis-22": PlainCause(
        "Trục báo gói tin không đúng quy chuẩn edXML.",
        "The axis says that the packet is no edXML.",
    ),
    "axis-23": PlainCause(
        "Cơ quan nhận bị khóa trên trục.", "The recipient is locked on the axis."
    ),
    "axis-fail": PlainCause(
        "Hệ thống của cơ quan nhận báo không nhận được gói tin: hãy liên hệ nơi nhận, rồi gửi lại.",
        "The recipient's own system failed the packet: ask them why, then send it again.",
    ),
    "axis-too-large": PlainCause(
        "Gói tin lớn hơn mức cho phép.", "The packet is larger than what is allowed."
    ),
    # A packet from the axis that stands on the desk.
    "wrong_message_type": PlainCause(
        "Trạng thái được gửi như văn bản, hoặc ngược lại.",
        "A status came as a document, or the other way round.",
    ),
    "sender_unknown": PlainCause(
        "Cơ quan gửi không có trong danh bạ: hãy bổ sung danh bạ rồi cho đọc lại.",
        "The directory does not know the sender: enter it, then release.",
    ),
    "sender_not_on_axis": PlainCause(
        "Gói tin xưng là của cơ quan thuộc hệ thống này.",
        "The packet claims to come from an agency of this installation.",
    ),
    "sender_mismatch": PlainCause(
        "Cơ quan gửi trong gói tin khác với cơ quan mà trục nêu.",
        "The packet names another sender than the axis does.",
    ),
    "document_known": PlainCause(
        "Một văn bản khác mang cùng mã định danh đã đến trước.",
        "Another document by the same DocumentId has come before.",
    ),
    "business_not_supported": PlainCause(
        "Loại nghiệp vụ của gói tin không thuộc quy chuẩn.",
        "The packet's kind of business is none of the four.",
    ),
    "earlier_unnamed": PlainCause(
        "Gói tin cập nhật hoặc thay thế không nêu văn bản cũ.",
        "An update or replacement names no older document.",
    ),
    "replaces_too_many": PlainCause(
        "Gói tin thay thế quá nhiều văn bản cũ.",
        "The packet replaces more older documents than one may.",
    ),
    "document_not_here": PlainCause(
        "Yêu cầu lấy lại một văn bản chưa đến; tự hết khi văn bản đến.",
        "A recall of what has not come; it goes when the document comes.",
    ),
    "no_such_delivery": PlainCause(
        "Trạng thái không ứng với văn bản nào đã gửi đến cơ quan này.",
        "A status on nothing that was sent to its teller.",
    ),
    "status_code_unknown": PlainCause(
        "Mã trạng thái không thuộc quy chuẩn.", "The status code is none of the field's."
    ),
}
JOB_WORDS = {
    "AxisUnreachable": PlainCause(
        "Không kết nối được với trục liên thông: hãy cho làm lại khi trục hoạt động.",
        "The axis could not be reached: release when it is back.",
    ),
    "AxisRefused": PlainCause(
        "Trục từ chối hệ thống này: hãy xem tài khoản và đăng ký cơ quan trên trục.",
        "The axis refuses this installation: see its account, and the agency's entry there.",
    ),
    "AddresseeAway": PlainCause(
        "Trục không chuyển trạng thái đến bên gửi (không có hoặc đang bị khóa trên trục): cho làm"
        " lại khi bên gửi hoạt động trở lại.",
        "The axis takes no status for this sender (unknown there, or locked): release it when the"
        " sender is back.",
    ),
    "AxisFailed": PlainCause(
        "Trục báo lỗi hệ thống của chính trục khi nhận gói tin này: hãy báo đơn vị vận hành trục"
        " rồi cho làm lại.",
        "The axis answers this packet by a system error of its own: tell its operators, then"
        " release.",
    ),
    "NotKnownYet": PlainCause(
        "Dữ liệu từ dịch vụ khác chưa đến: hãy xem độ trễ rồi cho làm lại.",
        "What another service tells has not come: see the consumers' lag, then release.",
    ),
    "NoCode": PlainCause(
        "Cơ quan gửi không có mã định danh vào ngày đó: hãy bổ sung danh bạ rồi cho làm lại.",
        "The agency has no code on that day: enter one in the directory, then release.",
    ),
}
"""The errors of this service's jobs, in plain words."""
_AXIS = PlainCause(
    "Trục từ chối gói tin; xem mã lỗi.", "The axis declined the packet; see the code."
)
_MALFORMED = PlainCause(
    "Gói tin sai định dạng; bên gửi phải gửi lại gói đúng.",
    "The packet is malformed; its sender must send a good one.",
)


def words_of(reason_code: str) -> PlainCause:
    """The plain words for a reason's code."""
    return _PLAIN.get(reason_code) or (_AXIS if reason_code.startswith("axis-") else _MALFORMED)
