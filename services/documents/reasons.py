"""Why something was not signed, in sentences for officials; the codes are those of the events."""

from libs import signing_reasons

_SENTENCES: dict[str, tuple[str, str]] = {
    # the page
    "document_field_invalid": (
        "Văn bản thiếu hoặc sai một nội dung bắt buộc.",
        "A required part of the document is missing or wrong.",
    ),
    "document_field_too_long": (
        "Một nội dung của văn bản quá dài.",
        "A part of the document is too long.",
    ),
    "characters_not_printable": (
        "Văn bản có ký tự không in được.",
        "The document has characters that cannot be printed.",
    ),
    "text_too_wide": (
        "Văn bản có từ dài hơn dòng in.",
        "The document has a word that is wider than its line.",
    ),
    # the document
    "not_found": ("Không tìm thấy văn bản.", "There is no such document."),
    "not_the_signer": (
        "Người ký không phải là người ghi trong dự thảo.",
        "The signer is not the one whom the draft names.",
    ),
    "document_state_wrong": (
        "Văn bản không ở bước chờ ký.",
        "The document does not wait for a signature.",
    ),
    "document_direction_wrong": (
        "Văn bản đến không phải để ký.",
        "An incoming document is not to be signed.",
    ),
    "document_voided": ("Văn bản đã bị hủy.", "The document was abandoned."),
}


def sentences(code: str | None) -> dict[str, str | None]:
    """The reason in Vietnamese and English; both None without one."""
    if not code:
        return {"reason_vi": None, "reason_en": None}
    vi, en = _SENTENCES.get(code) or signing_reasons.sentences(code)
    return {"reason_vi": vi, "reason_en": en}
