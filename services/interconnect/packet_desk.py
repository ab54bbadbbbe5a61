"""Packets that nobody got, as dead letters at the desk.

Whether one still stands there is read from the store, not from a read model that may lag: it was
given up once more often than it was decided about.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

from libs.contracts.journal import event_id
from libs.db import Unit
from libs.desk.model import RELEASE, Decision, Settled
from libs.eventstore import Context, Recorded
from libs.messaging.causes import PlainCause
from libs.messaging.desk_events import ParkedPacketRefused, ParkedPacketReleased
from services.interconnect.events import PacketUnreadable, StatusUnmatched
from services.interconnect.intake import NOBODY, OnDesk, reason_of
from services.interconnect.journal import JOURNAL, SYSTEM, desk_stream, packet_stream
from services.interconnect.reasons import words_of

_QUEUE = "interconnect.packets"
# A recall that waits for its document goes by itself, and a status that the axis refused is a fact:
# there is nothing to decide.
_LETTERS = f"""
SELECT 'packet' AS kind, '{_QUEUE}/' || p.packet_id AS item, p.kind AS what, p.arrived_at AS since,
    1 AS attempts, p.reason_code AS cause, CAST(0 AS bigint) AS behind, p.packet_id AS trace
FROM interconnect.desk AS p WHERE p.kind IN ('unreadable', 'unmatched') AND p.state = 'parked'
"""  # noqa: S608
_EFFECTS = {
    "release": PlainCause(
        "Gói tin được đọc lại từ bản đã lưu.", "The packet is read again from its kept bytes."
    ),
    "refuse": PlainCause(
        "Gói tin bị bỏ hẳn; trục đã được báo không nhận được khi gói đến, hoặc được báo nay.",
        "The packet is nobody's for good; the axis was told so when it came, or is told now.",
    ),
}


class PacketKind:
    """The packets of the axis that could not be taken, and statuses that fit nothing."""

    name = "packet"

    def letters(self) -> str:
        """Those that stand on the desk."""
        return _LETTERS

    def owns(self, item: str) -> bool:
        """An item names the packets' desk and the packet."""
        return item.startswith(f"{_QUEUE}/")

    def words(self, cause: str) -> PlainCause:
        """Why it could not be taken."""
        return words_of(cause)

    def effect(self, action: str) -> PlainCause:
        """What happens to the packet."""
        return _EFFECTS[action]

    def settle(self, unit: Unit, items: Sequence[str], decision: Decision) -> list[Settled]:
        """Read those again that still stand there and whose bytes are kept, or drop them."""
        found = (_settle(unit, item, decision) for item in items)
        return [each for each in found if each is not None]


def _settle(unit: Unit, item: str, decision: Decision) -> Settled | None:
    packet_id = UUID(item.rpartition("/")[2])
    stream = desk_stream(packet_id)
    decided = len(unit.store.read(stream))
    given_up = [each for each in unit.store.read(packet_stream(packet_id)) if _gives_up(each)]
    if len(given_up) <= decided:
        return None
    last = given_up[-1]
    event: OnDesk = JOURNAL.event(last)
    facts: dict[str, Any] = {"packet_id": packet_id, "axis_doc_id": event.axis_doc_id}
    facts |= {"reason_code": reason_of(event), **decision.named()}
    told: object
    if decision.action != RELEASE:
        told = ParkedPacketRefused(**facts, reason=decision.reason)
    elif event.packet is None:
        return None
    else:
        told = ParkedPacketReleased(**facts)
        context = Context(
            agency=NOBODY,
            handler=SYSTEM,
            occurred_at=unit.now,
            trace=last.trace,
            causation=event_id(decision.seed, stream, 0),
            after_tx=last.tx,
        )
        job_id = uuid5(decision.request_id, item)
        unit.jobs.add(job_id, "reread", {"packet_id": str(packet_id)}, context)
    return Settled(item, stream, told, last.trace, last.tx, expected=decided)


def _gives_up(recorded: Recorded) -> bool:
    return recorded.type in (PacketUnreadable.__name__, StatusUnmatched.__name__)
