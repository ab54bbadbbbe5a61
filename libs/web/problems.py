"""Refusals as HTTP shows them: problem documents (RFC 9457), in two languages."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Protocol

CONTENT_TYPE = "application/problem+json"


class Refusal(Protocol):
    """What a service's error must offer to be shown; the `Api` is told its base class."""

    code: str
    status: int
    vi: str
    en: str

    def data(self) -> Mapping[str, Any]:
        """What a program needs to act on the refusal: JSON values, no secrets."""


class Problem(Exception):
    """The request is refused.

    `code` is for programs and never changes; `vi` and `en` are one sentence each for people;
    `data` says what and where, and is shown beside the standard members.
    """

    def __init__(
        self,
        status: int,
        code: str,
        vi: str,
        en: str,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.vi = vi
        self.en = en
        self.data = dict(data or {})
        self.headers = dict(headers or {})

    def document(self, instance: str) -> dict[str, Any]:
        """The members of RFC 9457 section 3.1, `code`, the Vietnamese detail, and the data."""
        return {
            **self.data,
            "type": f"urn:lienthong:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.en,
            "detail_vi": self.vi,
            "instance": instance,
            "code": self.code,
        }


def of_refusal(error: Refusal) -> Problem:
    """A service's own error as a problem document."""
    return Problem(error.status, error.code, error.vi, error.en, error.data())


def not_found() -> Problem:
    """Nothing here, or nothing that this caller may know of: the two look the same."""
    return Problem(404, "not_found", "Không tìm thấy.", "There is nothing here.")


def method_not_allowed(allowed: list[str]) -> Problem:
    """The address exists, the method does not."""
    return Problem(
        405,
        "method_not_allowed",
        "Địa chỉ này không nhận phương thức đó.",
        "This address does not take that method.",
        {"allowed": allowed},
        {"Allow": ", ".join(allowed)},
    )


def forbidden(action: str) -> Problem:
    """The caller is known, and none of the roles carries the action."""
    return Problem(
        403,
        "action_not_allowed",
        "Vai trò của bạn không được thực hiện thao tác này.",
        "None of your roles may do this.",
        {"action": action},
    )


def stale_version(expected: int, actual: int) -> Problem:
    """Somebody else was faster: `If-Match` names a version that is no longer the newest."""
    return Problem(
        412,
        "stale_version",
        "Dữ liệu đã thay đổi, hãy tải lại.",
        "It has changed since you read it; read it again.",
        {"expected": expected, "actual": actual},
    )


def malformed(code: str, vi: str, en: str, **data: Any) -> Problem:
    """The request itself cannot be read."""
    return Problem(400, code, vi, en, data)


def busy(what: str) -> Problem:
    """Too much at once; the same request succeeds later."""
    return Problem(
        503,
        f"{what}_busy",
        "Hệ thống đang bận, hãy thử lại sau.",
        "Too busy just now; try again.",
        headers={"Retry-After": "5"},
    )


def unavailable() -> Problem:
    """Something that the service needs is away; the same request succeeds when it is back."""
    return Problem(
        503,
        "unavailable",
        "Hệ thống tạm gián đoạn, hãy thử lại sau.",
        "The service cannot work just now; try again.",
        headers={"Retry-After": "2"},
    )


def incident(identifier: str) -> Problem:
    """A defect of ours; the identifier finds its line in the log."""
    return Problem(
        500,
        "internal_error",
        "Hệ thống gặp lỗi; hãy báo mã sự cố.",
        "Something failed on our side; quote the incident.",
        {"incident": identifier},
    )
