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
