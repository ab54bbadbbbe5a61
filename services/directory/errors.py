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


class SuccessorUnfit(DirectoryError):
    """Nobody succeeds himself."""

    code = "successor_unfit"
    vi = "Cơ quan kế thừa phải là một cơ quan khác."
    en = "An agency's successor is another agency."


class ClosedOtherwise(DirectoryError):
    """The agency is closed already, with another day or another successor."""

    code = "closed_otherwise"
    status = 409
    vi = "Cơ quan đã được ghi nhận kết thúc hoạt động với ngày hoặc cơ quan kế thừa khác."
    en = "The agency is closed already, with another day or another successor."


class AgencyEnded(DirectoryError):
    """Nothing new begins at an agency after its last day."""

    code = "agency_closed"
    status = 409
    vi = "Cơ quan đã kết thúc hoạt động."
    en = "The agency is closed."


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


class RequestUnknown(DirectoryError):
    """The subscriber has no such request, or it asks for something else."""

    code = "request_unknown"
    status = 404
    vi = "Không có đề nghị này, hoặc đề nghị này xin việc khác."
    en = "There is no such request, or it asks for something else."


class RequestNotOpen(DirectoryError):
    """The request cannot go this way from where it is."""

    code = "request_not_open"
    status = 409
    vi = "Đề nghị không ở trạng thái cho phép việc này."
    en = "The request is not in a state that allows this."


class RequestOpen(DirectoryError):
    """The same was asked for already and is not answered."""

    code = "request_open"
    status = 409
    vi = "Đã có đề nghị cùng loại đang chờ giải quyết."
    en = "A request of this kind waits for its answer already."


class CertificateUnknown(DirectoryError):
    """The subscriber has no such certificate for this purpose."""

    code = "certificate_unknown"
    status = 404
    vi = "Không có chứng thư số này của thuê bao cho mục đích này."
    en = "The subscriber has no such certificate for this purpose."


class CertificateInUse(DirectoryError):
    """A new certificate is asked for while one is in use."""

    code = "certificate_in_use"
    status = 409
    vi = "Đang có chứng thư số còn dùng được: hãy đề nghị gia hạn hoặc thay đổi."
    en = "A certificate is in use: ask to renew or to change it."


class CertificateEnded(DirectoryError):
    """The certificate was revoked, or its device returned or lost."""

    code = "certificate_ended"
    status = 409
    vi = "Chứng thư số đã bị thu hồi, hoặc thiết bị đã trả hay đã mất."
    en = "The certificate was revoked, or its device was returned or lost."


class CertificateExpired(DirectoryError):
    """What has expired is not renewed."""

    code = "certificate_expired"
    status = 409
    vi = "Chứng thư số đã hết hạn: hãy đề nghị cấp mới."
    en = "The certificate has expired: ask for a new one."


class DeviceInHand(DirectoryError):
    """Nobody holds two devices for one purpose, nor one device for two."""

    code = "device_in_hand"
    status = 409
    vi = "Thuê bao đang giữ một thiết bị cho mục đích này: hãy thu hồi trước."
    en = "The subscriber holds a device for this purpose: take it back first."


class DeviceTaken(DirectoryError):
    """The device is another subscriber's."""

    code = "device_taken"
    status = 409
    vi = "Thiết bị này đang thuộc thuê bao khác."
    en = "The device belongs to another subscriber."


class DeviceNotInHand(DirectoryError):
    """The subscriber does not hold the device."""

    code = "device_not_in_hand"
    status = 409
    vi = "Thuê bao không giữ thiết bị này."
    en = "The subscriber does not hold this device."


class DeviceIsLost(DirectoryError):
    """A device that was lost is not used again, should it be found."""

    code = "device_lost"
    status = 409
    vi = "Thiết bị đã được báo mất, không dùng lại."
    en = "The device was reported lost and is not used again."


class DeviceWithoutCertificate(DirectoryError):
    """A device is handed over with a certificate that can be used."""

    code = "device_without_certificate"
    status = 409
    vi = "Trên thiết bị không có chứng thư số nào còn dùng được cho mục đích này."
    en = "The device holds no certificate that could be used for this purpose."


class ReceiverUnfit(DirectoryError):
    """A leader's device goes to the leader, an agency's to somebody of the agency."""

    code = "receiver_unfit"
    vi = "Thiết bị cá nhân giao cho chính chủ; thiết bị cơ quan giao cho người của cơ quan."
    en = "A leader's device goes to the leader, an agency's to somebody who works there."


class SubscriberUnfit(DirectoryError):
    """A leader's certificate is a person's; those of seals and service keys are an agency's."""

    code = "subscriber_unfit"
    vi = "Chứng thư số cá nhân là của người; của con dấu và dịch vụ là của cơ quan."
    en = "A leader's certificate is a person's; a seal's or a service key's is an agency's."


class CertificateUnfit(DirectoryError):
    """The certificate was issued for something else than it is to be entered for."""

    code = "certificate_unfit"
    vi = "Chứng thư số được cấp cho mục đích khác với mục đích đăng ký."
    en = "The certificate was issued for another purpose than it is entered for."


class NotYet(DirectoryError):
    """What is entered has happened; its instant does not lie ahead."""

    code = "not_yet"
    vi = "Thời điểm này chưa tới."
    en = "This instant lies ahead."
