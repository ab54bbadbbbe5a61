"""The codes on whose meaning all sources agree; others travel as the text that they are."""

from enum import StrEnum
from typing import TypeVar

C = TypeVar("C", bound=StrEnum)


class BusinessKind(StrEnum):
    """What a document packet is for (BussinessDocType)."""

    NEW = "0"
    RECALL = "1"
    """Thu hồi."""
    UPDATE = "2"
    """Cập nhật."""
    REPLACEMENT = "3"
    """Thay thế."""


class ProcessingStatus(StrEnum):
    """What an office did with a document (StatusCode, trạng thái xử lý)."""

    ARRIVED = "01"
    """Đã đến: told by the receiver's system."""
    REFUSED = "02"
    """Từ chối tiếp nhận, with a reason."""
    ACCEPTED = "03"
    """Đã tiếp nhận, vào sổ."""
    ASSIGNED = "04"
    """Phân công."""
    IN_PROCESS = "05"
    """Đang xử lý."""
    FINISHED = "06"
    """Hoàn thành."""
    TAKE_BACK = "13"
    """Lấy lại: asked by the sender of the document, with a reason."""
    AGREED = "15"
    """Đồng ý lấy lại, cập nhật."""
    NOT_AGREED = "16"
    """Từ chối lấy lại, cập nhật, with a reason."""


def known(kind: type[C], code: str) -> C | None:
    """Return what a raw code means, None if it is not in the list."""
    try:
        return kind(code)
    except ValueError:
        return None
