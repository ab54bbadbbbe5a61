"""Parked events as dead letters: a consumer, and the stream that stands still for it."""

from collections.abc import Sequence

from libs.db import Unit
from libs.desk.model import RELEASE, Decision, Settled
from libs.messaging.causes import PlainCause, plain
from libs.messaging.desk import desk_of, settle
from libs.messaging.parked import DeskRefusal, Order, Refuse, Release

_LETTERS = """
SELECT 'event' AS kind, concat_ws('/', r.consumer, r.stream, r.version) AS item,
    coalesce(e.type, '') AS what, coalesce(e.recorded_at, r.due_at) AS since, r.attempts, r.cause,
    (SELECT count(*) FROM es.retry AS b WHERE b.consumer = r.consumer AND b.stream = r.stream
        AND b.version > r.version) AS behind, e.trace
FROM es.retry AS r LEFT JOIN es.event AS e ON e.stream = r.stream AND e.version = r.version
WHERE r.parked AND NOT EXISTS (SELECT 1 FROM es.retry AS b WHERE b.consumer = r.consumer
                               AND b.stream = r.stream AND b.version < r.version)
"""
_EFFECTS = {
    "release": PlainCause(
        "Sự kiện được xử lý lại ngay, rồi đến phần còn lại của luồng.",
        "The event is tried again at once, then the rest of its stream.",
    ),
    "refuse": PlainCause(
        "Bộ phận này bỏ qua sự kiện; phần còn lại của luồng tiếp tục. Sự kiện vẫn được lưu.",
        "This consumer leaves the event out, the rest of its stream follows. The event stays.",
    ),
}


class EventKind:
    """The parked events of one service's consumers."""

    name = "event"

    def letters(self) -> str:
        """The heads of the streams that stand still."""
        return _LETTERS

    def owns(self, item: str) -> bool:
        """An item names its consumer, its stream and the version in front of it."""
        parts = item.split("/")
        return len(parts) == 3 and parts[2].isascii() and parts[2].isdigit()

    def words(self, cause: str) -> PlainCause:
        """Why the consumer could not apply it."""
        return plain(cause)

    def effect(self, action: str) -> PlainCause:
        """What happens to the event and to its stream."""
        return _EFFECTS[action]

    def settle(self, unit: Unit, items: Sequence[str], decision: Decision) -> list[Settled]:
        """Release or refuse the events that still stand in front of their streams."""
        orders = [_order(item, decision) for item in items]
        settled = []
        for item, each in zip(items, settle(unit, orders), strict=True):
            if isinstance(each, DeskRefusal):
                continue
            order, held, event = each
            assert held.trace is not None
            assert held.tx is not None
            named = type(event)(**{**vars(event), **decision.named()})
            settled.append(Settled(item, desk_of(order.consumer), named, held.trace, held.tx))
        return settled


def _order(item: str, decision: Decision) -> Order:
    consumer, stream, version = item.split("/")
    if decision.action == RELEASE:
        return Release(consumer, stream, int(version))
    return Refuse(consumer, stream, decision.reason, int(version))
