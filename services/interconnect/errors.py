"""What this service refuses, and what it must wait for."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID


class InterconnectError(Exception):
    """Base of this service's own errors."""

    code = "interconnect_refused"
    status = 409
    vi = "Dịch vụ liên thông từ chối yêu cầu."
    en = "The interconnect service refuses the request."

    def data(self) -> Mapping[str, Any]:
        """What a program needs to act on the refusal."""
        return {}


class StatusCodeUnknown(InterconnectError):
    """The status code is none of the nine; the text is not repeated."""


class NotAskable(InterconnectError):
    """Base of the reasons for which a delivery cannot be recalled or updated."""


class DeliveryNotOpened(NotAskable):
    """Nothing can be recorded on a delivery that was never opened."""

    code = "delivery_not_opened"
    vi = "Văn bản đang được chuẩn bị để gửi; hãy thử lại sau."
    en = "The document is still being prepared for delivery; try again."


class DeliveryNotMade(NotAskable):
    """The document never reached the recipient."""

    code = "delivery_refused"
    vi = "Văn bản không gửi được đến nơi nhận này."
    en = "The document could not be delivered to this recipient."


class RefusedByRecipient(NotAskable):
    """The recipient did not accept the document (02)."""

    code = "refused_by_recipient"
    vi = "Nơi nhận đã từ chối tiếp nhận văn bản."
    en = "The recipient has refused the document."


class RecalledAlready(NotAskable):
    """The recipient has given the document back."""

    code = "recalled_already"
    vi = "Văn bản đã được lấy lại."
    en = "The document has been taken back already."


class ReplacedAlready(NotAskable):
    """A newer document stands in the place of this one."""

    code = "replaced_already"
    vi = "Văn bản đã được cập nhật hoặc thay thế bằng văn bản mới."
    en = "A newer document stands in the place of this one."


class RequestOpen(NotAskable):
    """A recall or an update was asked and is not answered yet."""

    code = "request_open"
    vi = "Yêu cầu lấy lại hoặc cập nhật trước chưa được trả lời."
    en = "An earlier recall or update is not answered yet."


class NotSentTo(InterconnectError):
    """A recall names recipients that the document does not have."""

    code = "recipients_unknown"
    status = 422
    vi = "Có nơi nhận không thuộc văn bản này."
    en = "Some of these are no recipients of the document."

    def __init__(self, recipients: Iterable[UUID]) -> None:
        super().__init__()
        self._recipients = sorted(str(each) for each in recipients)

    def data(self) -> Mapping[str, Any]:
        return {"recipients": self._recipients}


class NothingToRecall(InterconnectError):
    """None of the deliveries can be recalled; each says why."""

    code = "nothing_to_recall"
    vi = "Không có nơi nhận nào có thể lấy lại văn bản."
    en = "There is no recipient from whom the document can be taken back."

    def __init__(self, left_out: Mapping[UUID, str]) -> None:
        super().__init__()
        self._left_out = {str(recipient): code for recipient, code in left_out.items()}

    def data(self) -> Mapping[str, Any]:
        return {"left_out": self._left_out}


class DisclosureUnknown(InterconnectError):
    """The level is none of the three; the text is not repeated."""

    code = "disclosure_unknown"
    status = 422
    vi = "Không có mức công khai này."
    en = "There is no such level of disclosure."


class NotKnownYet(InterconnectError):
    """A replica lacks what another service has surely told; trying again later helps."""

    def __init__(self, what: str) -> None:
        super().__init__(f"not known here yet: {what}")


class NoCode(InterconnectError):
    """An agency of ours has no code on that day, so it can neither send nor answer."""

    def __init__(self, agency_id: object) -> None:
        super().__init__(f"agency {agency_id} has no code")


class PacketRejected(InterconnectError):
    """A packet from the axis is not taken; `reason_code` stands on the desk and in the metrics."""

    def __init__(self, reason_code: str) -> None:
        super().__init__(reason_code)
        self.reason_code = reason_code


class PacketDamaged(PacketRejected):
    """It is no good packet as it came; fetched again, it may be."""
