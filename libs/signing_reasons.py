"""Why an order to sign was refused, in sentences for officials, by the event's code."""

SENTENCES: dict[str, tuple[str, str]] = {
    # the key and what holds it
    "key_not_found": (
        "Không có khóa ký số của người ký hoặc cơ quan này.",
        "There is no signing key of this person or agency.",
    ),
    "key_unreadable": (
        "Khóa ký số bị hỏng hoặc không đủ mạnh.",
        "The signing key is damaged or too weak.",
    ),
    "token_absent": (
        "Thiết bị lưu khóa không được kết nối.",
        "The device that holds the key is not connected.",
    ),
    "token_failed": (
        "Thiết bị lưu khóa ngừng trả lời.",
        "The device that holds the key broke off.",
    ),
    "token_pin_missing": (
        "Chưa khai báo mã PIN của thiết bị lưu khóa.",
        "The PIN of the device that holds the key is not given.",
    ),
    "token_pin_refused": (
        "Mã PIN của thiết bị lưu khóa sai; hệ thống không thử lại để tránh khóa thiết bị.",
        "The device refused its PIN; it is not tried again, so that the device does not lock.",
    ),
    "token_locked": (
        "Thiết bị lưu khóa đã bị khóa.",
        "The device that holds the key is locked.",
    ),
    # the certificate
    "certificate_expired": ("Chứng thư số đã hết hạn.", "The certificate has expired."),
    "certificate_not_yet_valid": (
        "Chứng thư số chưa có hiệu lực.",
        "The certificate is not valid yet.",
    ),
    "key_usage_wrong": (
        "Chứng thư số không được cấp để ký văn bản.",
        "The certificate was not issued for signing documents.",
    ),
    # the file
    "pdf_not_signable": (
        "Tệp không ký được: không phải PDF hoặc cấu trúc bị hỏng.",
        "The file cannot be signed: it is no PDF, or its structure is damaged.",
    ),
    "attachment_not_signable": (
        "Tài liệu kèm theo không ký được: bị mã hóa, bị khóa hoặc hỏng.",
        "A file that goes along cannot be signed: it is encrypted, closed or damaged.",
    ),
    "already_signed": ("Tệp đã có chữ ký này.", "The file has this signature already."),
    "file_too_large": ("Tệp quá lớn để ký.", "The file is too large to be signed."),
    "stamp_refused": (
        "Không vẽ được hình chữ ký hoặc con dấu.",
        "The picture of the signature or seal cannot be drawn.",
    ),
    "box_refused": (
        "Vị trí chữ ký không nằm trên trang.",
        "The place of the signature is not on the page.",
    ),
    "refused_at_desk": (
        "Hai quản trị viên đã quyết định không thực hiện.",
        "Two administrators decided that it will not be done.",
    ),
    "signing_failed": ("Việc ký số gặp lỗi.", "The signing failed."),
    # what comes back from the signer's own device
    "device_signing_expired": (
        "Hết thời gian chờ chữ ký từ thiết bị của người ký.",
        "No signature came from the signer's device in time.",
    ),
    "certificate_unreadable": (
        "Không đọc được chứng thư số của thiết bị.",
        "The device's certificate cannot be read.",
    ),
    "file_unreadable": (
        "Tệp nhận lại không đọc được.",
        "What came back cannot be read.",
    ),
    "worker_interrupted": (
        "Việc xử lý tệp vượt quá thời gian hoặc bộ nhớ cho phép.",
        "Handling the file took more time or memory than allowed.",
    ),
    "check_interrupted": (
        "Việc kiểm tra tệp nhận lại vượt quá thời gian hoặc bộ nhớ cho phép.",
        "Checking what came back took more time or memory than allowed.",
    ),
    "base_replaced": (
        "Tệp nhận lại không phải là tệp đã gửi đi ký.",
        "What came back is not the file that was given out.",
    ),
    "base_changed": (
        "Tệp nhận lại có thay đổi khác ngoài chữ ký.",
        "What came back differs in more than the signature.",
    ),
    "signature_missing": (
        "Tệp nhận lại không có đúng một chữ ký mới.",
        "What came back has not exactly one new signature.",
    ),
    "signer_unexpected": (
        "Tệp nhận lại không do người được yêu cầu ký.",
        "What came back was signed by somebody else.",
    ),
    "no_signature": (
        "Tệp nhận lại không có chữ ký số.",
        "What came back has no signature.",
    ),
    "signature_wrong": (
        "Chữ ký nhận lại không khớp với chứng thư số.",
        "The signature that came back does not fit the certificate.",
    ),
    "signature_malformed": (
        "Chữ ký nhận lại không đúng chuẩn.",
        "The signature that came back is not according to the standard.",
    ),
    "digest_wrong": (
        "Chữ ký nhận lại không phải của tệp này.",
        "The signature that came back is not that of this file.",
    ),
    "certificate_revoked": (
        "Chứng thư số đã bị thu hồi.",
        "The certificate has been revoked.",
    ),
    "certificate_returned": (
        "Thiết bị chứa chứng thư số đã được trả lại.",
        "The certificate's device was given back.",
    ),
    "certificate_lost": (
        "Thiết bị chứa chứng thư số đã báo mất.",
        "The certificate's device was reported as lost.",
    ),
    "certificate_untrusted": (
        "Chứng thư số không thuộc tổ chức chứng thực được tin cậy.",
        "The certificate does not lead to a trusted authority.",
    ),
    "certificate_outside_validity": (
        "Chứng thư số không có hiệu lực tại thời điểm ký.",
        "The certificate was not valid when it signed.",
    ),
}
OTHER = ("Không ký được.", "It could not be signed.")


def sentences(code: str) -> tuple[str, str]:
    """The reason in Vietnamese and in English; a general one for a code of tomorrow."""
    return SENTENCES.get(code, OTHER)
