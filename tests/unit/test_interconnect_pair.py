"""The packets from one agency to another, counted: given some, then the next one's number."""

from functools import reduce
from uuid import UUID

from services.interconnect.commands import NumberPacket
from services.interconnect.domain.pair import DOCUMENT, STATUS, Pair, decide, evolve
from services.interconnect.events import PacketNumbered

SENDER, RECIPIENT, LETTER = UUID(int=1), UUID(int=2), UUID(int=3)


def numbered(number: int, kind: str = DOCUMENT) -> PacketNumbered:
    return PacketNumbered(
        sender_id=SENDER,
        recipient_id=RECIPIENT,
        number=number,
        kind=kind,
        document_id=LETTER,
        sealed="s",
    )


def given(*events: PacketNumbered) -> Pair:
    return reduce(evolve, events, Pair(SENDER, RECIPIENT))


def number(kind: str) -> NumberPacket:
    return NumberPacket(kind=kind, document_id=LETTER, sealed="s")


def test_the_first_packet_is_number_one() -> None:
    assert decide(given(), number(DOCUMENT)) == [numbered(1)]


def test_documents_and_statuses_are_counted_together() -> None:
    assert decide(given(numbered(1), numbered(2, STATUS)), number(DOCUMENT)) == [numbered(3)]
    assert decide(given(numbered(1), numbered(2)), number(STATUS)) == [numbered(3, STATUS)]


def test_the_last_number_is_all_that_must_be_known() -> None:
    assert given(numbered(41)) == given(numbered(1), numbered(41))
    assert given(numbered(41)).next_number == 42
