"""Documents between agencies, as they are, at a fixed rate: how long they take, what one costs.

A province of eight agencies runs as `lienthong up` runs it, on this machine alone; documents begin
at a fixed rate, whatever becomes of those before (open loop). Each is drafted, reviewed, laid out,
signed, numbered, sealed, delivered, judged and accepted through the public API.
"""

from collections.abc import Sequence
from pathlib import Path

from tools.bench.interconnect import beyond, delivering, messages
from tools.bench.interconnect.delivering import Round
from tools.bench.interconnect.messages import Event
from tools.bench.interconnect.place import RATE, running
from tools.bench.interconnect.signing import Signatures, signatures
from tools.bench.report import Measure, Target, ratio


def exchange(folder: Path, quick: bool) -> list[Measure]:
    """The load, the steps over the axis, and the parts of a document alone."""
    folder.chmod(0o711)  # not closed to the user whom root runs PostgreSQL as
    with running(folder, quick) as place:
        rounds = delivering.rounds(place)
        found = [
            *delivering.measures(rounds),
            *beyond.steps(place),
            *delivering.hops(place, rounds),
            delivering.idle(place),
        ]
        signed = [signatures(place) for _ in rounds]
    print("the parts alone")
    pace = RATE * rounds[0].events_each
    seconds = 1.0 if quick else 10.0
    events = messages.events(folder / "alone", pace, seconds, len(rounds))
    return [*_costs(rounds, signed, events), *found]


def _costs(
    rounds: Sequence[Round], signed: Sequence[Signatures], events: Sequence[Event]
) -> list[Measure]:
    """What a delivered document costs against its parts, and both in milliseconds."""
    whole = [each.cpu_each for each in rounds]
    sums = [
        one.of_a_document + each.events_each * event.both
        for one, each, event in zip(signed, rounds, events, strict=True)
    ]
    note = "all processes but those that stand in for others: PKI, axis, issuer"

    def row(name: str, seconds: Sequence[float], note: str = "") -> Measure:
        return Measure(name, "ms", tuple(1000 * each for each in seconds), note=note)

    return [
        ratio("CPU of a delivered document / its parts alone", whole, sums, Target("<=", 3), note),
        row("CPU of a delivered document", whole, note),
        row("its parts alone", sums, "sign, seal, judge; each event appended, relayed, consumed"),
        Measure("events of a document", "events", tuple(each.events_each for each in rounds)),
        row("alone: sign", [each.sign for each in signed]),
        row("alone: number and seal", [each.seal for each in signed]),
        row("alone: judge three signatures", [each.validate for each in signed]),
        row("alone: append one event", [each.appended for each in events]),
        row("alone: relay and consume one event", [each.relayed_and_consumed for each in events]),
        *(
            row(
                f"CPU of a delivered document: {name}",
                [r.used[name] / len(r.walks) for r in rounds],
            )
            for name in rounds[0].used
            if name != "epmd"
        ),
    ]
