"""What entry, chain and sealer take of the append's rate."""

from collections.abc import Callable
from contextlib import ExitStack

from tests.support.wait import eventually
from tools.bench.crew import Crew, interleave
from tools.bench.eventstore.place import Place
from tools.bench.proof.running import RunningSealer, sealing
from tools.bench.report import Measure, Target

WRITERS = 8
_BARE = """
CREATE OR REPLACE FUNCTION es.leaf(
    stream text, version bigint, tx bigint, place bigint, prev bytea,
    id uuid, type text, schema integer, payload bytea,
    agency text, handler text, behalf text, at timestamptz, recorded timestamptz,
    trace uuid, correlation uuid, causation uuid
) RETURNS bytea LANGUAGE sql IMMUTABLE AS
$$ SELECT decode(lpad(to_hex(place), 64, '0'), 'hex') $$
"""
"""A leaf that no entry is hashed for; it takes its place, for that draws the event's position."""


def cost(place: Place) -> list[Measure]:
    """Single appends of eight writers: without entry and chain, with them, with the sealer too."""
    urls = {name: place.postgres.fresh_database() for name in ("bare", "store", "sealed")}
    place.admin(urls["bare"]("migrator"), _BARE)
    with ExitStack() as stack:
        sealer = stack.enter_context(sealing(urls["sealed"]("audit"), place.scratch / "cost"))
        crews = {
            name: stack.enter_context(place.writers("store", WRITERS, url))
            for name, url in urls.items()
        }
        sealer.pause()
        arms = {
            "bare": lambda: crews["bare"].run(place.seconds),
            "store": lambda: crews["store"].run(place.seconds),
            "sealed": _beside(sealer, crews["sealed"], place, urls["sealed"]("migrator")),
        }
        rates = interleave(place.repeats, arms)
    note = "8 writers, each in autocommit; the sealer is the real process, without witnesses"
    told = {
        "bare": "EventStore.append with a leaf that is not computed",
        "store": "EventStore.append as it is: entry and chain",
        "sealed": "the same while the sealer seals it",
    }
    return [
        _share("sealing: entry, chain and sealer", rates["sealed"], rates["bare"], note, goal=5.0),
        _share("of it: entry and chain", rates["store"], rates["bare"], note),
        _share("of it: the sealer", rates["sealed"], rates["store"], note),
        *(
            Measure(f"append: {name}", "events/s", rate, note=told[name])
            for name, rate in rates.items()
        ),
    ]


def _beside(sealer: RunningSealer, crew: Crew, place: Place, url: str) -> Callable[[], float]:
    """A round with the sealer at work; what it leaves behind is sealed before the next arm."""

    def run() -> float:
        sealer.go_on()
        rate = crew.run(place.seconds)
        eventually(lambda: sealer.size() >= _events(place, url), within=120)
        sealer.pause()
        return rate

    return run


def _events(place: Place, url: str) -> int:
    return int(place.ask(url, "SELECT count(*) FROM es.event")[0][0])


def _share(
    name: str, with_it: tuple[float, ...], without: tuple[float, ...], note: str,
    goal: float | None = None,
) -> Measure:  # fmt: skip
    """How much of the rate is gone, pair by pair."""
    repeats = tuple(100 * (1 - a / b) for a, b in zip(with_it, without, strict=True))
    target = Target("<=", goal) if goal is not None else None
    return Measure(f"{name}, of the append's rate", "%", repeats, target, note)
