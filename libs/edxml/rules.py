"""What must hold between the parts of a packet; reader and writer both ask."""

from collections.abc import Iterable

from libs.edxml.errors import MalformedPacket
from libs.edxml.packets import DocumentHeader


def check_recipients(header: DocumentHeader) -> None:
    """Refuse an agency addressed twice, as the axis does (duplicate_recipient)."""
    check_unique(
        (each.organ_id for each in header.recipients), "duplicate_recipient", "MessageHeader/To"
    )


def check_unique(names: Iterable[str], code: str, where: str) -> None:
    """Refuse a name that comes twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise MalformedPacket(code, where)
        seen.add(name)
