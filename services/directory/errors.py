"""What the directory refuses."""

from collections.abc import Mapping
from typing import Any


class DirectoryError(Exception):
    """Base of all refusals of this service."""

    code = "directory_refused"
    status = 422
    vi = "Danh bạ từ chối yêu cầu."
    en = "The directory refuses the request."

    def __init__(self, **data: str) -> None:
        super().__init__(self.code)
        self._data = data

    def data(self) -> Mapping[str, Any]:
        """What a program needs to act on the refusal."""
        return self._data


class AlreadyRegistered(DirectoryError):
    """The id stands for something else already."""

    code = "already_registered"
    status = 409
    vi = "Mã này đã được đăng ký với nội dung khác."
    en = "This id is already registered with other content."


class UnfitAgency(DirectoryError):
    """An agency needs a tier, a channel and at least one code."""

    code = "unfit_agency"
    vi = "Cơ quan cần có cấp từ 1 đến 4, kênh liên thông và ít nhất một mã định danh hợp lệ."
    en = "An agency needs a tier from 1 to 4, a channel and at least one well-formed code."


class CodeTaken(DirectoryError):
    """Another agency is addressed by this code."""

    code = "code_taken"
    status = 409
    vi = "Mã định danh đang thuộc về cơ quan khác."
    en = "Another agency is addressed by this code."


class PersonUnknown(DirectoryError):
    """A position needs a person who is entered."""

    code = "person_unknown"
    vi = "Chưa có người này trong danh bạ."
    en = "The directory does not know this person."


class AgencyUnknown(DirectoryError):
    """A position or a client needs an agency that is entered."""

    code = "agency_unknown"
    vi = "Chưa có cơ quan này trong danh bạ."
    en = "The directory does not know this agency."


class RoleUnknown(DirectoryError):
    """A role outside the known list gives no rights and hides a mistake."""

    code = "role_unknown"
    vi = "Vai trò không có trong danh sách."
    en = "This role is not in the list."


class CertificateUnreadable(DirectoryError):
    """What was sent is no X.509 certificate in PEM form."""

    code = "certificate_unreadable"
    vi = "Tệp gửi lên không phải chứng thư số X.509 dạng PEM."
    en = "What was sent is no X.509 certificate in PEM form."


class ClientRefused(DirectoryError):
    """Wrong client id or secret; which of the two is not said."""

    code = "client_refused"
    status = 401
    vi = "Mã máy khách hoặc khóa bí mật không đúng."
    en = "The client id or its secret is wrong."
