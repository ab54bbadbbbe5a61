"""Documents from draft to acceptance inside one installation, at a fixed rate."""

import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from math import ceil
from typing import Any

import psycopg2

from tools.bench.interconnect import cpu
from tools.bench.interconnect.load import Walk, run_load
from tools.bench.interconnect.place import RATE, Place
from tools.bench.report import Measure, Target

# Parties that stand in for others' machines: their work is nobody's here.
_STRANGERS = frozenset({"pki", "axis", "issuer"})
_EVENTS = """
SELECT count(*) FROM es.event WHERE trace IN (
    SELECT trace FROM es.event WHERE version = 1 AND stream = ANY (%s))
"""
_STEPS = """
SELECT e.type, e.recorded_at, first.stream FROM es.event AS e JOIN es.event AS first
    ON first.trace = e.trace AND first.version = 1 AND first.stream = ANY (%s)
ORDER BY e.tx, e.position
"""
_HOPS = (
    ("DocumentApproved", "DocumentRendered"),
    ("DocumentRendered", "SigningFinished"),
    ("SigningFinished", "DocumentSigned"),
    ("SealRequested", "SigningFinished 2"),
    ("SigningFinished 2", "DocumentIssued"),
    ("DocumentIssued", "DispatchOpened"),
    ("DispatchOpened", "PacketArrived"),
    ("PacketArrived", "DocumentArrived"),
    ("DocumentArrived", "StatusReceived"),
    ("DocumentArrived", "FileValidated"),
    ("FileValidated", "ArrivalVerified"),
)


@dataclass(frozen=True)
class Round:
    """One repeat: its documents, and the processor seconds of each process meanwhile."""

    walks: Sequence[Walk]
    used: dict[str, float]
    events: int

    @property
    def events_each(self) -> float:
        """Events of one document, from the draft to the acceptance and the sender's 03."""
        return self.events / len(self.walks)

    @property
    def cpu_each(self) -> float:
        """Processor seconds of one delivered document; what strangers do is left out."""
        used = (spent for name, spent in self.used.items() if name not in _STRANGERS)
        return sum(used) / len(self.walks)

    def p95(self, begin: str, *ends: str) -> float:
        """Seconds from one moment to the last of others, which 95 of 100 documents keep."""
        return percentile(
            [max(walk.seconds(begin, end) for end in ends) for walk in self.walks], 95
        )


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many of a hundred do not exceed."""
    return sorted(values)[max(ceil(len(values) * percent / 100) - 1, 0)]


def rounds(place: Place) -> list[Round]:
    """Warm up, until every worker has every key, then measure."""
    _round(place, RATE / 2, 4 if place.quick else 6 * len(place.agencies))
    count = round(RATE * place.seconds)
    return [_round(place, RATE, count) for _ in range(place.repeats)]


def _round(place: Place, rate: float, count: int) -> Round:
    before = cpu.of_platform(place.platform, place.watch.backends)
    walks = run_load(place.front, place.watch, place.agencies, rate=rate, count=count)
    used = cpu.since(before, cpu.of_platform(place.platform, place.watch.backends))
    (events,) = _ask(place, _EVENTS, walks)[0]
    return Round(walks, used, int(events))


def measures(found: Sequence[Round]) -> list[Measure]:
    """The latencies with their targets."""

    def row(name: str, begin: str, *ends: str, most: float | None = None) -> Measure:
        late = max(walk.late for each in found for walk in each.walks)
        note = f"{RATE:g} documents/s begin; the generator was {1000 * late:.0f} ms late at most"
        target = Target("<=", most) if most else None
        return Measure(name, "s", tuple(each.p95(begin, *ends) for each in found), target, note)

    return [
        row("issue to 01 in the sender's view, p95", "issue", "01", most=1.5),
        row("issue to 01 and the receiver's verdict, p95", "issue", "01", "verified", most=1.5),
        row("approval to the leader's signature, p95", "approve", "signed"),
        row("approval to 01 and the verdict, p95", "approve", "01", "verified"),
        row("a receiving step in the sender's view, p95", "accept", "03", most=2.0),
    ]


def hops(place: Place, found: Sequence[Round]) -> list[Measure]:
    """Where the time goes: between the recordings of events, medians over the documents."""
    repeats: dict[tuple[str, str], list[float]] = defaultdict(list)
    for each in found:
        seconds = _between(place, each.walks)
        for hop in _HOPS:
            repeats[hop].append(percentile(seconds[hop], 50))
    return [
        Measure(f"{begin} to {end}, p50", "s", tuple(values))
        for (begin, end), values in repeats.items()
    ]


def _between(place: Place, walks: Sequence[Walk]) -> dict[tuple[str, str], list[float]]:
    moments: dict[str, dict[str, float]] = defaultdict(dict)
    for kind, at, stream in _ask(place, _STEPS, walks):
        seen = moments[stream]
        name = f"{kind} 2" if kind == "SigningFinished" and kind in seen else kind
        seen.setdefault(name, at.timestamp())
    return {
        (begin, end): [seen[end] - seen[begin] for seen in moments.values()] for begin, end in _HOPS
    }


def idle(place: Place) -> Measure:
    """Processor time while nobody does anything."""
    seconds = 1.0 if place.quick else 20.0
    before = cpu.of_platform(place.platform, place.watch.backends)
    time.sleep(seconds)
    used = cpu.since(before, cpu.of_platform(place.platform, place.watch.backends))
    return Measure("an idle installation", "cores", (sum(used.values()) / seconds,))


def _ask(place: Place, question: str, walks: Sequence[Walk]) -> list[tuple[Any, ...]]:
    streams = [f"document-{walk.document_id}" for walk in walks]
    url = place.platform.database_url("monitor")
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(question, (streams,))
        return cursor.fetchall()
