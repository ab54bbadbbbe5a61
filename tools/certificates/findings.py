"""What the certificate doctor may find, in words: what fails, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]

_ASK_RENEWAL = (
    "Lập đề nghị gia hạn hoặc cấp mới gửi cơ quan quản lý.",
    "File a request for renewal or for a new certificate.",
)
_ASK_NEW = (
    "Lập đề nghị cấp mới; ghi rõ mục đích ký văn bản.",
    "Ask for a new certificate, issued for signing documents.",
)
_TRUST = (
    "Lấy chứng thư của tổ chức cấp trên từ nguồn chính thức và đưa vào kho tin cậy.",
    "Get the authority's certificate from its official source and add it to the trust store.",
)
_NETWORK = (
    "Kiểm tra mạng, tường lửa và địa chỉ trong FETCH_HOSTS; việc ký vẫn tiếp tục.",
    "Check the network, the firewall and FETCH_HOSTS; signing goes on meanwhile.",
)
_CALL_AUTHORITY = (
    "Báo tổ chức cung cấp dịch vụ chứng thực.",
    "Tell the certification authority.",
)
_KEYS = (
    "Đưa khóa của chứng thư này vào kho khóa của máy ký, hoặc gắn thiết bị.",
    "Bring this certificate's key to the signing worker's key store, or plug its token in.",
)

# code: (severity, what in Vietnamese, what in English, what to do in both).
_TABLE: dict[str, tuple[Severity, str, str, tuple[str, str]]] = {
    "not_yet_valid": (
        "error", "Chứng thư chưa có hiệu lực.", "The certificate is not valid yet.",
        ("Chờ đến ngày hiệu lực, hoặc kiểm tra đồng hồ máy.",
         "Wait for its first day, or check this machine's clock."),
    ),
    "expired": ("error", "Chứng thư đã hết hạn.", "The certificate has expired.", _ASK_RENEWAL),
    "expires_soon": (
        "warning", "Chứng thư sắp hết hạn.", "The certificate expires soon.", _ASK_RENEWAL,
    ),
    "key_usage_wrong": (
        "error", "Chứng thư không được cấp để ký văn bản (mục đích sử dụng khóa).",
        "The certificate's key usage is not that of its purpose.", _ASK_NEW,
    ),
    "purpose_wrong": (
        "error", "Chứng thư được cấp cho mục đích khác (mục đích mở rộng).",
        "The certificate's extended key usage is another.", _ASK_NEW,
    ),
    "issuer_unknown": (
        "error", "Chuỗi kết thúc ở một tổ chức gốc không được tin cậy.",
        "The chain ends at a root that is not trusted here.",
        ("Không ký và không nhận bằng chứng thư này; nếu là hệ thống của Nhà nước thì cập nhật"
         " kho tin cậy.",
         "Do not use it; if the root is the state's, bring the trust store up to date."),
    ),
    "intermediate_missing": (
        "error", "Thiếu chứng thư của tổ chức cấp: không tìm thấy mắt xích tiếp theo.",
        "The issuer's certificate is missing: the next link is not at hand.", _TRUST,
    ),
    "issuer_not_authority": (
        "error", "Chứng thư cấp trên không có quyền cấp chứng thư.",
        "The certificate above may not issue certificates.", _CALL_AUTHORITY,
    ),
    "signature_wrong": (
        "error", "Chữ ký của tổ chức cấp trên chứng thư không đúng.",
        "The issuer's signature on the certificate does not fit the issuer's key.",
        ("Không sử dụng: chứng thư bị sửa hoặc giả mạo. Báo ngay tổ chức chứng thực.",
         "Do not use it: it was altered or forged. Tell the authority at once."),
    ),
    "revoked": (
        "error", "Chứng thư đã bị thu hồi.", "The certificate has been revoked.",
        ("Ngừng sử dụng, thu hồi thiết bị và lập đề nghị cấp mới.",
         "Stop using it, take the device back and ask for a new one."),
    ),
    "revocation_unreachable": (
        "warning", "Không hỏi được tình trạng thu hồi: máy chủ OCSP, CRL không trả lời.",
        "Revocation cannot be asked: OCSP and CRL do not answer.", _NETWORK,
    ),
    "revocation_stale": (
        "warning", "Thông tin thu hồi đã quá hạn.", "What is known of revocation is out of date.",
        _CALL_AUTHORITY,
    ),
    "revocation_unknown": (
        "error", "Máy chủ OCSP không biết chứng thư này.",
        "The OCSP responder does not know this certificate.", _CALL_AUTHORITY,
    ),
    "revocation_unnamed": (
        "error", "Chứng thư không ghi địa chỉ OCSP hay CRL.",
        "The certificate names neither OCSP nor CRL.", _CALL_AUTHORITY,
    ),
    "revocation_answer_wrong": (
        "error", "Câu trả lời về thu hồi không phải của tổ chức có thẩm quyền.",
        "The answer about revocation is not by one who may give it.", _CALL_AUTHORITY,
    ),
    "address_not_allowed": (
        "warning", "Địa chỉ OCSP, CRL không nằm trong danh sách được phép hỏi.",
        "The OCSP or CRL address is not on the list of those that may be asked.",
        ("Kiểm tra địa chỉ rồi thêm vào FETCH_HOSTS (ở đây: --ask HOST:PORT).",
         "Check the address, then add it to FETCH_HOSTS (here: --ask HOST:PORT)."),
    ),
    "timestamp_unreachable": (
        "warning", "Máy chủ dấu thời gian không trả lời: chữ ký ở mức B-B.",
        "The time-stamp authority does not answer: signatures are made at B-B.", _NETWORK,
    ),
    "algorithm_weak": (
        "error", "Thuật toán hoặc độ dài khóa không đủ an toàn.",
        "The algorithm or the key's length is not secure enough.", _ASK_NEW,
    ),
    "chain_refused": (
        "error", "Chuỗi chứng thư không đạt khi kiểm tra toàn bộ.",
        "The chain as a whole does not hold.", _CALL_AUTHORITY,
    ),
    "name_differs": (
        "warning", "Tên trong chứng thư khác với danh bạ.",
        "The name in the certificate differs from the directory's.",
        ("Lập đề nghị thay đổi nội dung chứng thư, hoặc sửa danh bạ.",
         "Ask for the certificate to be changed, or mend the directory's entry."),
    ),
    "not_in_directory": (
        "warning", "Chứng thư chưa có trong danh bạ: chữ ký sẽ không được nhận là của ai.",
        "The certificate is not in the directory: its signatures count as nobody's.",
        ("Đăng ký chứng thư (POST /v1/certificates).",
         "Enter it (POST /v1/certificates)."),
    ),
    "ended_in_directory": (
        "error", "Danh bạ ghi chứng thư đã bị thu hồi, thiết bị đã trả hoặc đã mất.",
        "The directory says that it was revoked, or its device returned or lost.",
        ("Ngừng sử dụng; kiểm tra để tổ chức chứng thực cũng đã thu hồi.",
         "Stop using it; make sure that the authority has revoked it too."),
    ),
    "key_missing": (
        "error", "Máy ký không có khóa của chứng thư này.",
        "The signing worker has no key for this certificate.", _KEYS,
    ),
    "key_unreadable": (
        "error", "Khóa không mở được: tệp hỏng hoặc sai mật khẩu.",
        "The key cannot be used: its file or its passphrase is wrong.", _KEYS,
    ),
    "key_differs": (
        "error", "Kho khóa giữ khóa của một chứng thư khác.",
        "The key store holds the key of another certificate.", _KEYS,
    ),
    "clock_wrong": (
        "error", "Đồng hồ máy này lệch với đồng hồ của tổ chức chứng thực.",
        "This machine's clock differs from the authority's.",
        ("Đồng bộ thời gian (NTP) cho máy ký và máy chủ.",
         "Synchronise the clocks of the workers and the servers (NTP)."),
    ),
}  # fmt: skip

CODES = frozenset(_TABLE)


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. `link` counts from the certificate itself, 0."""

    code: str
    severity: Severity
    link: int
    certificate: str
    detail: str
    vi: str
    en: str
    do_vi: str
    do_en: str

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def finding(code: str, link: int = 0, certificate: str = "", detail: str = "") -> Finding:
    """The finding of a code, at a link, with what is peculiar to this case."""
    severity, vi, en, (do_vi, do_en) = _TABLE[code]
    return Finding(code, severity, link, certificate, detail, vi, en, do_vi, do_en)
