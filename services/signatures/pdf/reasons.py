"""Why a verdict is not a pass: one code, its indication, a sentence in each language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["TOTAL_PASSED", "INDETERMINATE", "TOTAL_FAILED"]


@dataclass(frozen=True)
class Reason:
    """One rule that did not hold. `signature` is the field's name, empty for the whole file."""

    code: str
    verdict: Verdict
    sub_indication: str
    vi: str
    en: str
    signature: str = ""


_FAILED: Verdict = "TOTAL_FAILED"
_OPEN: Verdict = "INDETERMINATE"

# code: (verdict, sub-indication, Vietnamese, English). Sub-indications are those of
# ETSI EN 319 102-1, 5.1.3, where it has one; the rest are ours. FAILED means that more
# information could not change the result, INDETERMINATE that it could.
_TABLE: dict[str, tuple[Verdict, str, str, str]] = {
    "no_signature": (
        _FAILED,
        "NO_SIGNATURE",
        "Tệp không có chữ ký số.",
        "The file has no digital signature.",
    ),
    "file_unreadable": (
        _FAILED,
        "FORMAT_FAILURE",
        "Tệp không đọc được: không phải PDF hoặc cấu trúc bị hỏng.",
        "The file cannot be read: it is no PDF, or its structure is damaged.",
    ),
    "file_too_large": (
        _OPEN,
        "RESOURCE_LIMIT",
        "Tệp quá lớn để kiểm tra.",
        "The file is too large to be checked.",
    ),
    "check_interrupted": (
        _OPEN,
        "RESOURCE_LIMIT",
        "Việc kiểm tra vượt quá thời gian hoặc bộ nhớ cho phép.",
        "The check took more time or memory than allowed.",
    ),
    "not_checked": (
        _OPEN,
        "CANNOT_VALIDATE",
        "Hai người vận hành đã quyết định không kiểm tra tệp này.",
        "Two operators decided that this file is not checked.",
    ),
    "file_encrypted": (
        _OPEN,
        "CANNOT_VALIDATE",
        "Tệp được mã hóa, không thể kiểm tra chữ ký.",
        "The file is encrypted, its signatures cannot be checked.",
    ),
    "hybrid_file": (
        _OPEN,
        "CANNOT_VALIDATE",
        "Tệp có bảng tham chiếu lai (thường do Word tạo), không thể kiểm tra chữ ký.",
        "The file has hybrid references (as Word writes them), its signatures cannot be checked.",
    ),
    "file_too_complex": (
        _OPEN,
        "RESOURCE_LIMIT",
        "Tệp có quá nhiều trang, trường hoặc chú thích để kiểm tra.",
        "The file has too many pages, fields or notes to be checked.",
    ),
    "active_content": (
        _OPEN,
        "CANNOT_VALIDATE",
        "Tệp chứa mã lệnh, tệp đính kèm hoặc lớp ẩn nên nội dung hiển thị có thể thay đổi.",
        "The file holds scripts, embedded files or hidden layers: what it shows may change.",
    ),
    "signature_hidden": (
        _OPEN,
        "CANNOT_VALIDATE",
        "Tệp có một chữ ký không còn được hiển thị trong biểu mẫu.",
        "The file holds a signature that its form no longer shows.",
    ),
    "signature_format_unknown": (
        _OPEN,
        "CANNOT_VALIDATE",
        "Tệp có chữ ký theo định dạng không được hỗ trợ.",
        "The file has a signature of an unsupported format.",
    ),
    "digest_wrong": (
        _FAILED,
        "HASH_FAILURE",
        "Nội dung đã bị thay đổi sau khi ký.",
        "The signed content was changed after signing.",
    ),
    "signature_wrong": (
        _FAILED,
        "SIG_CRYPTO_FAILURE",
        "Chữ ký không khớp với khóa trong chứng thư số.",
        "The signature does not fit the key in the certificate.",
    ),
    "signature_malformed": (
        _FAILED,
        "FORMAT_FAILURE",
        "Cấu trúc chữ ký không đúng chuẩn.",
        "The signature's structure is not according to the standard.",
    ),
    "coverage_incomplete": (
        _FAILED,
        "COVERAGE_FAILURE",
        "Chữ ký không bao phủ toàn bộ nội dung của phiên bản được ký.",
        "The signature does not cover the whole of the signed revision.",
    ),
    "modified_after_signing": (
        _FAILED,
        "MODIFIED_AFTER_SIGNING",
        "Tệp đã bị bổ sung nội dung không được phép sau khi ký.",
        "What was added after signing is more than signatures.",
    ),
    "bytes_after_end": (
        _FAILED,
        "MODIFIED_AFTER_SIGNING",
        "Tệp có dữ liệu nằm sau phần kết thúc đã ký.",
        "The file has bytes behind its signed end.",
    ),
    "signer_unexpected": (
        _FAILED,
        "SIGNER_MISMATCH",
        "Người ký hoặc cơ quan ký không đúng với bước ký này.",
        "The signer is not the person or agency expected for this step.",
    ),
    "signer_name_differs": (
        _OPEN,
        "SIGNER_MISMATCH",
        "Tên trong chứng thư số khác với tên trong danh bạ tại ngày của văn bản.",
        "The name in the certificate is not the one in the directory on the document's day.",
    ),
    "signature_missing": (
        _FAILED,
        "SIGNATURE_MISSING",
        "Thiếu chữ ký bắt buộc.",
        "A required signature is missing.",
    ),
    "base_replaced": (
        _FAILED,
        "MODIFIED_AFTER_SIGNING",
        "Tệp nhận lại không bắt đầu bằng tệp đã gửi đi ký.",
        "What came back does not begin with the file that was given out for signing.",
    ),
    "base_changed": (
        _FAILED,
        "MODIFIED_AFTER_SIGNING",
        "Tệp nhận lại có thay đổi khác ngoài chữ ký.",
        "What came back differs in more than the signature.",
    ),
    "key_usage_wrong": (
        _OPEN,
        "CHAIN_CONSTRAINTS_FAILURE",
        "Chứng thư số không được cấp để ký văn bản.",
        "The certificate was not issued for signing documents.",
    ),
    "certificate_outside_validity": (
        _OPEN,
        "OUT_OF_BOUNDS_NO_POE",
        "Chứng thư số không còn hoặc chưa có hiệu lực tại thời điểm ký được chứng minh.",
        "The certificate was not valid at the proven time of signing.",
    ),
    "certificate_revoked": (
        _OPEN,
        "REVOKED_NO_POE",
        "Chứng thư số đã bị thu hồi.",
        "The certificate has been revoked.",
    ),
    "certificate_untrusted": (
        _OPEN,
        "NO_CERTIFICATE_CHAIN_FOUND",
        "Chứng thư số không thuộc tổ chức chứng thực được tin cậy.",
        "The certificate does not lead to a trusted authority.",
    ),
    "chain_invalid": (
        _OPEN,
        "CERTIFICATE_CHAIN_GENERAL_FAILURE",
        "Chuỗi chứng thư số hoặc thông tin thu hồi của chuỗi không hợp lệ.",
        "The chain of certificates, or what is known of its revocation, does not hold.",
    ),
    "revocation_unknown": (
        _OPEN,
        "TRY_LATER",
        "Chưa xác định được tình trạng thu hồi của chứng thư số.",
        "Whether a certificate is revoked could not be found out.",
    ),
    "algorithm_refused": (
        _OPEN,
        "CRYPTO_CONSTRAINTS_FAILURE",
        "Thuật toán hoặc độ dài khóa không đủ an toàn.",
        "The algorithm or key length is not secure enough.",
    ),
    "timestamp_invalid": (
        _OPEN,
        "SIG_CONSTRAINTS_FAILURE",
        "Dấu thời gian của chữ ký không hợp lệ.",
        "The signature's timestamp is not valid.",
    ),
    "not_validated": (
        _OPEN,
        "GENERIC",
        "Không đủ căn cứ để kết luận chữ ký hợp lệ.",
        "There is not enough evidence that the signature is valid.",
    ),
}

CODES = frozenset(_TABLE)


def reason(code: str, signature: str = "", sub_indication: str = "") -> Reason:
    """The reason of a code; a more exact ETSI sub-indication may replace the usual one.

    `signature` is the field's name, kept as a plain text: pyHanko's own holds the whole file, and
    a report goes to another process.
    """
    verdict, usual, vi, en = _TABLE[code]
    return Reason(code, verdict, sub_indication or usual, vi, en, str(signature))


def worst(reasons: Sequence[Reason]) -> tuple[Verdict, str]:
    """The verdict over all reasons and the sub-indication of the one that decides."""
    for verdict in (_FAILED, _OPEN):
        for one in reasons:
            if one.verdict == verdict:
                return verdict, one.sub_indication
    return "TOTAL_PASSED", ""


_FROM_ADES = {
    "HASH_FAILURE": "digest_wrong",
    "SIG_CRYPTO_FAILURE": "signature_wrong",
    "FORMAT_FAILURE": "signature_malformed",
    "REVOKED": "certificate_revoked",
    "REVOKED_NO_POE": "certificate_revoked",
    "REVOKED_CA_NO_POE": "certificate_revoked",
    "NO_CERTIFICATE_CHAIN_FOUND": "certificate_untrusted",
    "CERTIFICATE_CHAIN_GENERAL_FAILURE": "chain_invalid",
    "CHAIN_CONSTRAINTS_FAILURE": "chain_invalid",
    "EXPIRED": "certificate_outside_validity",
    "NOT_YET_VALID": "certificate_outside_validity",
    "OUT_OF_BOUNDS_NO_POE": "certificate_outside_validity",
    "OUT_OF_BOUNDS_NOT_REVOKED": "certificate_outside_validity",
    "CRYPTO_CONSTRAINTS_FAILURE": "algorithm_refused",
    "CRYPTO_CONSTRAINTS_FAILURE_NO_POE": "algorithm_refused",
    "TRY_LATER": "revocation_unknown",
    "REVOCATION_OUT_OF_BOUNDS_NO_POE": "revocation_unknown",
    "TIMESTAMP_ORDER_FAILURE": "timestamp_invalid",
}


def from_ades(sub_indication: str, signature: str) -> Reason:
    """The reason for a sub-indication of pyHanko's AdES functions."""
    known = _FROM_ADES.get(sub_indication, "not_validated")
    return reason(known, signature, sub_indication)
