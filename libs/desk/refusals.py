"""What the desk refuses: the problems that it answers with."""

from collections.abc import Iterable
from uuid import UUID

from libs.web.problems import Problem, not_found


def person_needed() -> Problem:
    """Machines look; people decide."""
    return Problem(
        403,
        "person_needed",
        "Chỉ người có tài khoản riêng mới được quyết định tại bàn xử lý.",
        "Only a person decides at the desk, not a machine.",
    )


def second_person_needed() -> Problem:
    """Who asked does not confirm."""
    return Problem(
        403,
        "second_person_needed",
        "Người yêu cầu không được tự xác nhận; cần người thứ hai.",
        "Who asked may not confirm: a second person is needed.",
    )


def request_closed(state: str) -> Problem:
    """The request was confirmed or declined before."""
    return Problem(
        409,
        "request_closed",
        "Yêu cầu này đã được giải quyết.",
        "This request was settled before.",
        {"state": state},
    )


def request_unknown() -> Problem:
    """No such request of this service."""
    return not_found()


def not_parked(items: Iterable[str]) -> Problem:
    """Items that are not given up, or not any more."""
    return Problem(
        409,
        "not_parked",
        "Không có mục nào như vậy đang chờ xử lý.",
        "Nothing like that waits at this desk.",
        {"items": sorted(items)},
    )


def already_asked(requests: Iterable[UUID]) -> Problem:
    """Items about which an open request exists."""
    return Problem(
        409,
        "already_asked",
        "Đã có yêu cầu chờ người thứ hai xác nhận.",
        "A request about it waits for a second person.",
        {"requests": sorted(str(each) for each in requests)},
    )
