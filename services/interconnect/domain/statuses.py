"""The nine processing statuses (trạng thái xử lý): what is shown, and what may follow what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

LABELS: dict[str, tuple[str, str]] = {
    "01": ("Đã đến", "arrived"),
    "02": ("Từ chối tiếp nhận", "refused"),
    "03": ("Đã tiếp nhận", "accepted"),
    "04": ("Phân công", "assigned"),
    "05": ("Đang xử lý", "in process"),
    "06": ("Hoàn thành", "finished"),
    "13": ("Lấy lại", "take back"),
    "15": ("Đồng ý lấy lại/cập nhật", "take-back or update agreed"),
    "16": ("Từ chối lấy lại/cập nhật", "take-back or update refused"),
}
"""The nine processing statuses (trạng thái xử lý) in Vietnamese and English."""

# 13 and 16 say nothing about the work itself: anything else is shown before them.
_RANK = {"13": 0, "16": 0, "01": 1, "02": 2, "03": 2, "04": 3, "05": 4, "06": 5, "15": 6}

# Several units may be assigned, and begin, one after the other: 04 and 05 may follow themselves.
_NEXT: dict[str | None, frozenset[str]] = {
    None: frozenset({"01"}),
    "01": frozenset({"02", "03"}),
    "02": frozenset(),
    "03": frozenset({"04", "05", "06"}),
    "04": frozenset({"04", "05", "06"}),
    "05": frozenset({"04", "05", "06"}),
    "06": frozenset(),
}


class Step(Protocol):
    """What a rule needs of a told status."""

    @property
    def status_code(self) -> str: ...
    @property
    def told_at(self) -> datetime: ...


@dataclass(frozen=True)
class Shown:
    """The processing status that the sender sees."""

    status_code: str
    told_at: datetime
    reopened: bool = False


def shown(steps: Sequence[Step]) -> Shown | None:
    """The highest by rank, then by the time told; of two at one instant the later recorded.

    A 05 told after the last 06 is shown as reopened. `steps` are in the order of recording.
    """
    if not steps:
        return None
    best = max(steps, key=lambda step: (_RANK[step.status_code], step.told_at))
    best = [step for step in steps if _place(step) == _place(best)][-1]
    if best.status_code == "06":
        later = [s.told_at for s in steps if s.status_code == "05" and s.told_at > best.told_at]
        if later:
            return Shown("05", max(later), reopened=True)
    return Shown(best.status_code, best.told_at)


def _place(step: Step) -> tuple[int, datetime]:
    return _RANK[step.status_code], step.told_at


def permitted(before: Sequence[str], code: str) -> bool:
    """Whether `code` may follow the codes told before, in the order told (domain rules of 3.2).

    For showing only: 13 asks for the document back and is answered by 15, which ends everything,
    or by 16, after which processing goes on where it was.
    """
    if "15" in before:
        return False
    asks = [each for each in before if each in ("13", "16")]
    asked = bool(asks) and asks[-1] == "13"
    if code in ("15", "16"):
        return asked
    if code == "13":
        return not asked and "02" not in before
    work = [each for each in before if each not in ("13", "16")]
    return code in _NEXT[work[-1] if work else None]
