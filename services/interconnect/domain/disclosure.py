"""Disclosure (mức công khai): what the senders of documents see of the recipient's steps.

Each receiving agency lays down its own. The time of a told step is always told.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from services.interconnect.commands import SetDisclosure
from services.interconnect.errors import DisclosureUnknown
from services.interconnect.events import DisclosureSet

ALL, UNIT, RECEIPT = "all", "unit", "receipt"

LEVELS: dict[str, tuple[str, str]] = {
    ALL: ("Công khai đơn vị và người xử lý", "unit and handler are told"),
    UNIT: ("Chỉ công khai đơn vị xử lý", "the unit is told, the handler is not"),
    RECEIPT: (
        "Chỉ hồi báo tiếp nhận và kết quả",
        "receipt, outcome and answers alone, without unit or handler",
    ),
}
"""The levels, widest first, in Vietnamese and English."""

# Arrived, refused, accepted, finished, and what answers a request.
_RECEIPTS = frozenset({"01", "02", "03", "06", "13", "15", "16"})


@dataclass(frozen=True)
class Disclosure:
    """What an agency laid down; everything, as long as it has laid down nothing."""

    agency_id: UUID
    level: str = ALL

    def tells(self, status_code: str) -> bool:
        """Whether the sender is told of such a step."""
        return self.level != RECEIPT or status_code in _RECEIPTS

    @property
    def tells_unit(self) -> bool:
        """Whether the sender is told which unit did it."""
        return self.level != RECEIPT

    @property
    def tells_handler(self) -> bool:
        """Whether the sender is told who did it."""
        return self.level == ALL


def decide(disclosure: Disclosure, command: SetDisclosure) -> list[DisclosureSet]:
    """Lay down another level; nothing when it is the same. Raises `DisclosureUnknown`."""
    if command.level not in LEVELS:
        raise DisclosureUnknown
    if command.level == disclosure.level:
        return []
    return [DisclosureSet(agency_id=disclosure.agency_id, level=command.level)]


def evolve(disclosure: Disclosure, event: DisclosureSet) -> Disclosure:
    """Each event carries the whole state, so the last one is enough."""
    return replace(disclosure, level=event.level)
