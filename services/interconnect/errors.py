"""What this service refuses, and what it must wait for."""

from collections.abc import Mapping
from typing import Any


class InterconnectError(Exception):
    """Base of this service's own errors. Callers over HTTP only read, and meet none of them."""

    code = "interconnect_refused"
    status = 409
    vi = "Dịch vụ liên thông từ chối yêu cầu."
    en = "The interconnect service refuses the request."

    def data(self) -> Mapping[str, Any]:
        """What a program needs to act on the refusal."""
        return {}


class DeliveryNotOpened(InterconnectError):
    """Nothing can be recorded on a delivery that was never opened."""


class StatusCodeUnknown(InterconnectError):
    """The status code is none of the nine; the text is not repeated."""


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
