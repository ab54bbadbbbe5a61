"""What every arm writes: streams of ten appends with payloads of 600 bytes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

from libs.eventstore import Context, NewEvent

PAYLOAD = b'{"text":"' + b"x" * 589 + b'"}'
AT = datetime(2026, 11, 22, 7, 5, tzinfo=UTC)
CONTEXT = Context("agency-1", "person:p1/q1", AT, UUID(int=7))
APPENDS = 10


def appends(size: int) -> Iterator[tuple[str, int]]:
    """For ever: a stream and the version at which the next append of `size` events begins."""
    while True:
        stream = f"document-{uuid4()}"
        for number in range(APPENDS):
            yield stream, number * size


def events(size: int) -> list[NewEvent]:
    """New events, each with an id of its own."""
    return [NewEvent(uuid4(), "DocumentDrafted", 1, PAYLOAD) for _ in range(size)]
