"""What the signatures service refuses over HTTP."""

from collections.abc import Mapping
from typing import Any


class SignaturesError(Exception):
    """Base of all refusals of this service."""

    code = "signatures_refused"
    status = 422
    vi = "Dịch vụ chữ ký số từ chối yêu cầu."
    en = "The signatures service refuses the request."

    def __init__(self, **data: Any) -> None:
        super().__init__(self.code)
        self._data = data

    def data(self) -> Mapping[str, Any]:
        """What a program needs to act on the refusal."""
        return self._data


class EvidencePending(SignaturesError):
    """The file has no evidence yet; it comes by itself."""

    code = "evidence_pending"
    status = 409
    vi = "Tệp chưa có bằng chứng lưu trữ lâu dài; hệ thống sẽ tự bổ sung."
    en = "The file has no long-term evidence yet; it will get it by itself."


class EvidenceWasRefused(SignaturesError):
    """Two people refused the job that was to make the file's evidence."""

    code = "evidence_refused"
    status = 409
    vi = "Tệp không có bằng chứng lưu trữ lâu dài: hai người có thẩm quyền đã từ chối việc tạo."
    en = "The file has no long-term evidence: two authorised people refused to have it made."


class TrustVersionUnknown(SignaturesError):
    """Nobody proposed such a version."""

    code = "not_found"
    status = 404
    vi = "Không tìm thấy."
    en = "There is nothing here."


class TrustVersionDecided(SignaturesError):
    """It was approved or rejected already."""

    code = "trust_version_decided"
    status = 409
    vi = "Đề xuất này đã được duyệt hoặc bị từ chối."
    en = "This proposal was approved or rejected already."


class ProposerMayNotDecide(SignaturesError):
    """Two people stand behind each change of whom the installation trusts."""

    code = "proposer_may_not_decide"
    status = 403
    vi = "Người đề xuất không được tự duyệt hoặc từ chối; cần một người khác."
    en = "Whoever proposed it may not decide on it; another person must."


class PersonNeeded(SignaturesError):
    """A machine may not decide whom the installation trusts."""

    code = "person_needed"
    status = 403
    vi = "Việc này phải do một người thực hiện."
    en = "A person must do this."


class TrustWithoutRoot(SignaturesError):
    """A store without a root certificate trusts nobody."""

    code = "trust_without_root"
    status = 409
    vi = "Kho tin cậy phải có ít nhất một chứng thư số gốc."
    en = "The trust store needs at least one root certificate."


class CertificatesUnreadable(SignaturesError):
    """What was given are not certificates."""

    code = "certificates_unreadable"
    status = 422
    vi = "Nội dung gửi lên không phải là chứng thư số dạng PEM."
    en = "These are no certificates in PEM form."


class ListExpired(SignaturesError):
    """A published list has ended: a newer one must be had."""

    code = "trust_list_expired"
    status = 409
    vi = "Danh sách tin cậy đã hết hạn."
    en = "The published list has ended."


class ListNotNewer(SignaturesError):
    """A published list does not rise in its number: somebody sends an old one."""

    code = "trust_list_not_newer"
    status = 409
    vi = "Danh sách tin cậy không mới hơn danh sách đang dùng."
    en = "The published list is not newer than the one in use."


class NotTheSigner(SignaturesError):
    """Only the person who was asked to sign gets the file to sign."""

    code = "not_the_signer"
    status = 403
    vi = "Chỉ người được yêu cầu ký mới được nhận tệp để ký."
    en = "Only the person who was asked to sign gets the file."


class SigningClosed(SignaturesError):
    """The order has ended, expired, or something came back already."""

    code = "signing_closed"
    status = 409
    vi = "Yêu cầu ký đã kết thúc, hết hạn, hoặc đã nhận chữ ký."
    en = "The order to sign has ended or expired, or a signature came back already."


class CertificateUnknown(SignaturesError):
    """The directory knows no such certificate of the signer."""

    code = "certificate_unknown"
    status = 422
    vi = "Chứng thư số này chưa được đăng ký cho người ký."
    en = "The directory has no such certificate of the signer."


class CertificateEnded(SignaturesError):
    """It was revoked, or its device was given back or lost."""

    code = "certificate_ended"
    status = 422
    vi = "Chứng thư số này đã bị thu hồi, hoặc thiết bị đã trả lại hay báo mất."
    en = "This certificate was revoked, or its device was given back or lost."


class AddressUsed(SignaturesError):
    """The one-time address was used, is over, or was replaced by a newer one."""

    code = "address_used"
    status = 410
    vi = "Địa chỉ dùng một lần này đã được dùng hoặc đã hết hạn."
    en = "This one-time address was used, or its time is over."


class NotPrepared(SignaturesError):
    """What is to be signed is still being made."""

    code = "not_prepared"
    status = 409
    vi = "Dữ liệu cần ký đang được chuẩn bị; hãy thử lại sau giây lát."
    en = "What is to be signed is still being made; try again in a moment."
