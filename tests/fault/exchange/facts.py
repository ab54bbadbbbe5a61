"""What a run has left: the store's events, the read models, and what strangers know."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any

from libs.db import Database, engine_for
from services.interconnect import balance, completeness
from services.interconnect.balance import Wanted
from tests.fault.exchange.beyond import Kept, Step
from tests.fault.exchange.traffic import Ledger
from tests.fault.exchange.world import Exchange

_VIETNAM = timezone(timedelta(hours=7))
_EVENTS = """
SELECT category, stream, type, occurred_at, convert_from(payload, 'UTF8') FROM es.event
WHERE category IN
    ('document', 'register', 'process', 'dispatch', 'delivery', 'packet', 'pair')
ORDER BY tx, position
"""
_TOLD = {
    "DocumentArrived": "01",
    "DocumentRefused": "02",
    "DocumentAccepted": "03",
    "TaskAssigned": "04",
    "TaskStarted": "05",
    "ProcessFinished": "06",
    "DocumentWithdrawn": "15",
    "RecallRefused": "16",
    "DocumentReplaced": "15",
    "UpdateRefused": "16",
}
"""The steps of a receiver of which the sender hears, by their codes."""

_FOLLOWED = ("DocumentIssued",)
_UNSEEN = """
SELECT type, stream FROM es.event AS e WHERE type = ANY (%s)
AND NOT EXISTS (SELECT 1 FROM audit.line AS l WHERE l.event_id = e.event_id)
"""

Pair = tuple[str, str]
"""A document (its id here, or its DocumentId) and a recipient (by id, or by code beyond)."""


@dataclass
class Facts:
    """Everything that the verdict compares. Instants are texts in Viet Nam's time."""

    acknowledged: set[str] = field(default_factory=set)
    """Documents of which a clerk was told that they are issued."""
    letters: dict[str, str] = field(default_factory=dict)
    """Of strangers, by the axis' DocId: which the axis took."""
    issued: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    """Document: its agency and its recipients."""
    opened: dict[Pair, str] = field(default_factory=dict)
    """Delivery: its channel."""
    refused: set[Pair] = field(default_factory=set)
    withdrawn: set[Pair] = field(default_factory=set)
    sent: set[Pair] = field(default_factory=set)
    foreign_ids: dict[str, str] = field(default_factory=dict)
    """Document: the DocumentId in its packet."""
    arrivals: dict[Pair, list[str]] = field(default_factory=lambda: defaultdict(list))
    """(DocumentId, recipient): the packets that arrived."""
    axis_packets: dict[str, str] = field(default_factory=dict)
    """Arrived packet: its DocId on the axis."""
    unread: list[str] = field(default_factory=list)
    documents: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Packet: the incoming documents made of it."""
    numbers: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    """Register: the numbers taken in it, each with its document."""
    steps: dict[str, list[Step]] = field(default_factory=lambda: defaultdict(list))
    """Packet: what its receiver did, by its own events, to the instant."""
    told: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Packet: the codes that were told to its sender, in order."""
    heard: dict[Pair, list[Step]] = field(default_factory=lambda: defaultdict(list))
    """Delivery: what its sender heard, in the order of recording; by envelope to the instant."""
    ended: dict[str, str] = field(default_factory=dict)
    """Packet: how what came in it is in force no more at its receiver."""
    outcomes: dict[Pair, str] = field(default_factory=dict)
    """Delivery: the same as its sender's read model shows it."""
    shown: dict[Pair, list[Step]] = field(default_factory=lambda: defaultdict(list))
    """Delivery: what the sender's read model shows."""
    given: dict[Pair, list[int]] = field(default_factory=lambda: defaultdict(list))
    """(Sender, recipient): the numbers that their packets were given, in order."""
    came: dict[Pair, set[int]] = field(default_factory=lambda: defaultdict(set))
    """(Sender, recipient): the numbers in the packets that came."""
    missing: int = 0
    """Numbers that the product itself finds missing."""
    told_balance: dict[str, int] = field(default_factory=dict)
    """The product's own balance over all pairs and days."""
    beyond: Kept = field(default_factory=Kept)
    codes: dict[str, str] = field(default_factory=dict)
    """Agency beyond the axis: the code under which strangers keep what is theirs."""
    unseen: list[str] = field(default_factory=list)
    """Steps of which the auditor has no line."""


def read(exchange: Exchange, ledger: Ledger) -> Facts:
    """Everything, once all is at rest."""
    facts = Facts(
        acknowledged=set(ledger.issued),
        letters={doc_id: foreign_id for doc_id, (foreign_id, _) in ledger.letters.items()},
        beyond=exchange.beyond.kept,
        codes={str(agency.agency_id): agency.codes[0] for agency in exchange.cast.outside},
    )
    gather(facts, exchange.execute(_EVENTS))
    shown = exchange.execute(
        "SELECT d.dispatch_id::text, d.recipient_id::text, s.status_code,"
        "   coalesce(s.done_at, s.told_at)"
        " FROM interconnect.received_status AS s JOIN interconnect.delivery AS d"
        "   USING (delivery_id) ORDER BY s.delivery_id, s.version"
    )
    for document, recipient, code, at in shown:
        facts.shown[document, recipient].append((code, instant(at)))
    ended = "SELECT dispatch_id::text, recipient_id::text, outcome FROM interconnect.delivery"
    for document, recipient, outcome in exchange.execute(ended):
        facts.outcomes[document, recipient] = outcome or ""
    came = "SELECT sender_id::text, recipient_id::text, number FROM interconnect.pair_received"
    for sender, recipient, number in exchange.execute(came):
        facts.came[sender, recipient].add(number)
    facts.unseen = [
        f"{kind} in {stream}" for kind, stream in exchange.execute(_UNSEEN, [*_TOLD, *_FOLLOWED])
    ]
    _ask_the_product(facts, exchange)
    return facts


def _ask_the_product(facts: Facts, exchange: Exchange) -> None:
    """Its own balance of all days, and the numbers that it misses."""
    engine = engine_for(exchange.here.database_url("interconnect"), pool_size=1)
    with Database(engine, "interconnect").unit() as unit:
        facts.missing = completeness.missing(unit.connection)
        facts.told_balance = balance.totals(unit.connection, Wanted(date.min, date.max))
    engine.dispose()


def gather(facts: Facts, rows: Iterable[tuple[str, str, str, datetime, str]]) -> None:
    """Take in the store's events, in store order."""
    for category, stream, kind, at, payload in rows:
        event = json.loads(payload)
        # Whoever sends a replacement asks for nothing, and is told nothing of the older document.
        asked = kind != "DocumentReplaced" or event["business"] == "update"
        if kind in _TOLD and event.get("packet_id") and asked:
            done = datetime.fromisoformat(event["answered_at"]) if "answered_at" in event else at
            facts.steps[event["packet_id"]].append((_TOLD[kind], instant(done)))
        _GATHERERS.get(category, _nothing)(facts, stream, kind, event)


def instant(at: datetime) -> str:
    """To the microsecond, in Viet Nam's time."""
    return at.astimezone(_VIETNAM).replace(tzinfo=None).isoformat(timespec="microseconds")


def second(step: Step) -> Step:
    """A step as a packet without an envelope tells it."""
    code, at = step
    return code, at.partition(".")[0]


def _nothing(_facts: Facts, _stream: str, _kind: str, _event: dict[str, Any]) -> None: ...


def _document(facts: Facts, _stream: str, kind: str, event: dict[str, Any]) -> None:
    if kind == "DocumentIssued":
        recipients = list(event.get("recipients", []))
        facts.issued[event["document_id"]] = (event["agency_id"], recipients)
    elif kind == "DocumentArrived":
        facts.documents[event["packet_id"]].append(event["document_id"])
    elif kind == "DocumentWithdrawn":
        facts.ended[event["packet_id"]] = "recalled"
    elif kind == "DocumentReplaced":
        update = event["business"] == "update"
        facts.ended[event["packet_id"]] = "updated" if update else "replaced"


def _register(facts: Facts, stream: str, kind: str, event: dict[str, Any]) -> None:
    if kind == "NumberTaken":
        facts.numbers[stream].append((int(event["number"]), event["document_id"]))


def _dispatch(facts: Facts, _stream: str, kind: str, event: dict[str, Any]) -> None:
    if kind == "PacketPrepared":
        facts.foreign_ids[event["document_id"]] = event["foreign_id"]


def _delivery(facts: Facts, _stream: str, kind: str, event: dict[str, Any]) -> None:
    pair = (event["document_id"], event["recipient_id"])
    match kind:
        case "DeliveryOpened":
            facts.opened[pair] = event["channel"]
        case "PacketSent":
            facts.sent.add(pair)
        case "DeliveryRefused":
            facts.refused.add(pair)
        case "DeliveryWithdrawn":
            facts.withdrawn.add(pair)
        case "StatusReceived":
            at = datetime.fromisoformat(event.get("done_at") or event["told_at"])
            facts.heard[pair].append((event["status_code"], instant(at)))


def _packet(facts: Facts, stream: str, kind: str, event: dict[str, Any]) -> None:
    match kind:
        case "PacketArrived":
            facts.arrivals[event["foreign_id"], event["recipient_id"]].append(event["packet_id"])
            if event.get("axis_doc_id"):
                facts.axis_packets[event["packet_id"]] = event["axis_doc_id"]
        case "StatusSent":
            facts.told[event["packet_id"]].append(event["status_code"])
        case "PacketUnreadable" | "StatusUnmatched":
            facts.unread.append(f"{stream}: {kind} {event.get('reason_code', '')}")
        case "PacketRecovered":
            facts.unread = [each for each in facts.unread if not each.startswith(f"{stream}:")]


def _pair(facts: Facts, _stream: str, kind: str, event: dict[str, Any]) -> None:
    if kind == "PacketNumbered":
        facts.given[event["sender_id"], event["recipient_id"]].append(int(event["number"]))


_GATHERERS = {
    "document": _document,
    "register": _register,
    "dispatch": _dispatch,
    "delivery": _delivery,
    "packet": _packet,
    "pair": _pair,
}
