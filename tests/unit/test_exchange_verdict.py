"""The comparison at the end of an exchange under faults: it sees what it should see."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fault.exchange.facts import Facts, gather
from tests.fault.exchange.harm import KINDS
from tests.fault.exchange.plan import draw
from tests.fault.exchange.run import LONG
from tests.fault.exchange.verdict import SETTLED, balance, differences

AT = datetime(2026, 11, 23, 1, 2, 3, 4, tzinfo=UTC)
SECOND, INSTANT = "2026-11-23T08:02:03", "2026-11-23T08:02:03.000004"
ONCE = [("01", SECOND)]
DOCUMENT, SENDER, RECIPIENT, STRANGER = "d1", "a1", "a2", "a3"
FOREIGN, PACKET, ARRIVED = "H42,2026/11/23,1/TB", "p1", "i1"
LETTER, LETTER_ID, LETTER_PACKET, LETTER_HERE = "axis-9", "G01,2026/11/23,7/CD", "p2", "i2"
Rows = list[tuple[str, str, str, datetime, str]]


def row(stream: str, kind: str, **payload: Any) -> tuple[str, str, str, datetime, str]:
    return stream.partition("-")[0], stream, kind, AT, json.dumps(payload)


def delivery(kind: str, recipient: str, **more: Any) -> tuple[str, str, str, datetime, str]:
    ids = {"document_id": DOCUMENT, "recipient_id": recipient}
    return row(f"delivery-{DOCUMENT}-{recipient}", kind, **ids, **more)


def incoming(kind: str, packet: str, document: str) -> tuple[str, str, str, datetime, str]:
    return row(f"document-{document}", kind, packet_id=packet, document_id=document)


def good_rows() -> Rows:
    """One document to one agency inside and one beyond, and one letter from beyond."""
    rows = [
        row(
            f"document-{DOCUMENT}",
            "DocumentIssued",
            document_id=DOCUMENT,
            agency_id=SENDER,
            recipients=[RECIPIENT, STRANGER],
        ),
        row("register-1", "NumberTaken", number=1, document_id=DOCUMENT),
        row("dispatch-d1", "PacketPrepared", document_id=DOCUMENT, foreign_id=FOREIGN),
        delivery("DeliveryOpened", RECIPIENT, channel="inside"),
        delivery("PacketSent", RECIPIENT),
        row(
            "packet-p1",
            "PacketArrived",
            foreign_id=FOREIGN,
            recipient_id=RECIPIENT,
            packet_id=PACKET,
        ),
        delivery("DeliveryOpened", STRANGER, channel="axis"),
        delivery("PacketSent", STRANGER),
        row(
            "packet-p2",
            "PacketArrived",
            foreign_id=LETTER_ID,
            recipient_id=RECIPIENT,
            packet_id=LETTER_PACKET,
            axis_doc_id=LETTER,
        ),
    ]
    for number in (1, 2):
        pair = {"sender_id": SENDER, "recipient_id": RECIPIENT}
        rows.append(row(f"pair-{SENDER}-{RECIPIENT}", "PacketNumbered", **pair, number=number))
    for packet, document in ((PACKET, ARRIVED), (LETTER_PACKET, LETTER_HERE)):
        for code, kind in (("01", "DocumentArrived"), ("03", "DocumentAccepted")):
            rows.append(incoming(kind, packet, document))
            rows.append(row(f"packet-{packet}", "StatusSent", packet_id=packet, status_code=code))
            if packet == PACKET:
                told = {"status_code": code, "told_at": AT.isoformat()}
                rows.append(delivery("StatusReceived", RECIPIENT, **told))
    rows.append(delivery("StatusReceived", STRANGER, status_code="01", told_at=AT.isoformat()))
    return rows


def facts_of(rows: Rows) -> Facts:
    facts = Facts(acknowledged={DOCUMENT}, letters={LETTER: LETTER_ID}, codes={STRANGER: "G02"})
    gather(facts, rows)
    arrivals = sum(map(len, facts.arrivals.values()))
    facts.told_balance = {
        **dict.fromkeys(SETTLED, 0),
        "sent_accepted": sum(len(recipients) for _, recipients in facts.issued.values()),
        "sent_refused": len(facts.refused),
        "sent_withdrawn": len(facts.withdrawn),
        "received_arrived": arrivals,
    }
    facts.came = {pair: set(numbers) for pair, numbers in facts.given.items()}
    facts.shown = {pair: list(steps) for pair, steps in facts.heard.items()}
    facts.beyond.letters[FOREIGN, "G02"].add("axis-1")
    facts.beyond.told[FOREIGN, "G02"].append(("01", SECOND))
    facts.beyond.statuses[LETTER_ID] |= {("01", SECOND), ("03", SECOND)}
    return facts


def without(kind: str, **fields: Any) -> Callable[[Rows], Rows]:
    """All rows but the first of this kind with these fields."""

    def change(rows: Rows) -> Rows:
        left = list(rows)
        for each in rows:
            payload = json.loads(each[4])
            if each[2] == kind and all(payload.get(k) == v for k, v in fields.items()):
                left.remove(each)
                return left
        raise AssertionError(kind)

    return change


def with_more(*more: tuple[str, str, str, datetime, str]) -> Callable[[Rows], Rows]:
    return lambda rows: [*rows, *more]


CHANGES: dict[str, tuple[Callable[[Rows], Rows], str]] = {
    "a packet that never arrived": (
        without("PacketArrived", packet_id=PACKET),
        "the balance differs: Balance(accepted=3, delivered=2, open=0, refused=0, withdrawn=0)",
    ),
    "a delivery that is still open": (
        without("PacketSent", recipient_id=RECIPIENT),
        "the balance differs: Balance(accepted=3, delivered=3, open=1, refused=0, withdrawn=0)",
    ),
    "an issued document that is gone": (without("DocumentIssued"), "acknowledged and gone: d1"),
    "a second arrival": (
        with_more(
            row(
                "packet-p3",
                "PacketArrived",
                foreign_id=FOREIGN,
                recipient_id=RECIPIENT,
                packet_id="p3",
            )
        ),
        f"{FOREIGN} came to a2 2 times",
    ),
    "a second document of one packet": (
        with_more(incoming("DocumentArrived", PACKET, "i3")),
        f"{FOREIGN} was made 2 documents at a2",
    ),
    "a packet on the desk": (
        with_more(row("packet-p4", "PacketUnreadable", reason_code="not_edxml")),
        "not to be read: packet-p4: PacketUnreadable not_edxml",
    ),
    "a second entry in the register": (
        with_more(row("register-1", "NumberTaken", number=2, document_id=DOCUMENT)),
        "d1 has 2 numbers of register-1",
    ),
    "a gap in the register": (
        with_more(row("register-1", "NumberTaken", number=3, document_id="d2")),
        "register-1 has the numbers [1, 3]",
    ),
    "a gap in the numbers of a pair": (
        without("PacketNumbered", number=1),
        "('a1', 'a2') were given the numbers [2]",
    ),
    "a step that was not told": (
        without("StatusSent", status_code="03", packet_id=PACKET),
        "of p1 the steps ['01', '03'] were told as ['01']",
    ),
    "a status that was not heard": (
        without("StatusReceived", status_code="03"),
        f"d1 at a2: done {[('01', INSTANT), ('03', INSTANT)]}, heard {[('01', INSTANT)]}",
    ),
    "a status that was heard twice": (
        with_more(delivery("StatusReceived", STRANGER, status_code="01", told_at=AT.isoformat())),
        f"{DOCUMENT} at G02 beyond: done {ONCE}, heard {ONCE + ONCE}",
    ),
}


def test_a_good_exchange_has_no_differences_and_an_exact_balance() -> None:
    facts = facts_of(good_rows())
    assert differences(facts) == []
    found = balance(facts)
    assert (found.accepted, found.delivered, found.difference) == (3, 3, 0)


@pytest.mark.parametrize(("change", "told"), CHANGES.values(), ids=CHANGES)
def test_what_is_wrong_in_the_store_is_told(change: Callable[[Rows], Rows], told: str) -> None:
    assert told in differences(facts_of(change(good_rows())))


def test_statuses_told_in_a_wrong_order_are_seen() -> None:
    rows = good_rows()
    first, second = (n for n, r in enumerate(rows) if r[2] == "StatusSent" and PACKET in r[1])
    rows[first], rows[second] = rows[second], rows[first]
    assert differences(facts_of(rows)) == ["of p1 the steps were told in the order ['03', '01']"]


def test_what_is_wrong_beyond_is_told() -> None:
    facts = facts_of(good_rows())
    facts.beyond.letters[FOREIGN, "G02"].add("axis-2")
    facts.beyond.statuses[LETTER_ID].remove(("03", SECOND))
    facts.beyond.repeated.append("a status")
    assert len([x for x in differences(facts) if "beyond" in x]) == 3


@pytest.mark.parametrize(
    ("kind", "fields", "end"),
    [
        ("DocumentWithdrawn", {}, "recalled"),
        ("DocumentReplaced", {"business": "update"}, "updated"),
        ("DocumentReplaced", {"business": "replacement"}, "replaced"),
    ],
)
def test_an_end_that_one_side_does_not_know_is_told(
    kind: str, fields: dict[str, str], end: str
) -> None:
    ids = {"packet_id": PACKET, "document_id": ARRIVED, "answered_at": AT.isoformat()}
    facts = facts_of([*good_rows(), row(f"document-{ARRIVED}", kind, **ids, **fields)])
    facts.outcomes[DOCUMENT, STRANGER] = "recalled"
    told = [each for each in differences(facts) if "ended as" in each]
    assert told == [
        f"('d1', 'a2') ended as {end}, its sender sees in force",
        "('d1', 'a3') ended as in force, its sender sees recalled",
    ]
    facts.outcomes[DOCUMENT, RECIPIENT] = end
    facts.beyond.ended[FOREIGN, "G02"] = "recalled"
    assert [each for each in differences(facts) if "ended as" in each] == []


def test_a_letter_that_the_axis_took_and_nobody_got_is_missed() -> None:
    facts = facts_of(good_rows())
    facts.letters["axis-10"] = "G01,2026/11/23,8/CD"
    assert balance(facts).difference == 1


def test_a_view_or_an_auditor_that_missed_something_is_told() -> None:
    facts = facts_of(good_rows())
    facts.shown[DOCUMENT, RECIPIENT] = []
    facts.unseen.append("DocumentAccepted in document-i1")
    found = differences(facts)
    assert len(found) == 2
    assert found[1] == "the auditor has no line of DocumentAccepted in document-i1"


def test_a_number_that_never_came_and_a_product_that_says_otherwise_are_told() -> None:
    facts = facts_of(good_rows())
    facts.came[SENDER, RECIPIENT].remove(2)
    facts.missing = 1
    facts.told_balance["sent_open"] = 1
    assert differences(facts) == [
        "of ('a1', 'a2') the numbers [2] never came",
        "the product misses 1 numbers",
        "the product's balance has sent_open 1, not 0",
    ]


def test_a_plan_is_its_seeds_and_has_every_kind_before_any_comes_again() -> None:
    kinds = {"a": ["x", "y"], "b": [""], "c": ["z"]}
    plan = draw(7, 100, 6, kinds)
    assert plan == draw(7, 100, 6, kinds)
    assert plan != draw(8, 100, 6, kinds)
    assert [{each.kind for each in plan[:3]}, {each.kind for each in plan[3:]}] == [set(kinds)] * 2
    assert [each.after for each in plan] == [14, 28, 42, 57, 71, 85]


def test_a_long_run_has_every_kind_of_fault_and_each_attacks_a_rule_of_its_own() -> None:
    assert LONG.strikes >= len(KINDS) >= 25
    rules = [kind.rule for kind in KINDS.values()]
    assert all(rule.endswith(".") for rule in rules)
    assert len(set(rules)) == len(rules)
    assert all(kind.targets for kind in KINDS.values())
