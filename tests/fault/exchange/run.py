"""One run: documents and faults side by side, then all made well, then the comparison."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.fault.exchange import facts as facts_of
from tests.fault.exchange.harm import KINDS
from tests.fault.exchange.plan import Strike, draw
from tests.fault.exchange.traffic import Errand, Ledger, Traffic, errands
from tests.fault.exchange.verdict import Balance, balance, differences
from tests.fault.exchange.world import Exchange, exchanging
from tests.support.system import unfinished
from tests.support.wait import eventually
from tools.platform.installation import WORKERS

READY_WITHIN = 300.0
REST_WITHIN = 1200.0
_PROGRESS_SECONDS = 0.1
Show = Callable[[str], None]


@dataclass(frozen=True)
class Size:
    """How much a run has of everything; `width` documents are on their way at a time."""

    inside: int
    outside: int
    documents: int
    strikes: int
    width: int

    def __str__(self) -> str:
        agencies = self.inside + self.outside
        struck = f"{self.strikes} strikes of {len(KINDS)} kinds"
        return f"{self.documents} documents among {agencies} agencies, {struck}"


SHORT = Size(inside=10, outside=2, documents=40, strikes=10, width=8)
LONG = Size(inside=36, outside=4, documents=1000, strikes=80, width=16)


@dataclass
class Outcome:
    """What came of a run."""

    seed: int
    struck: list[Strike] = field(default_factory=list)
    balance: Balance = field(default_factory=lambda: Balance(0, 0, 0, 0, 0))
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(
            [
                "the faults, each with the number of documents begun before it:",
                *(f"  {strike}" for strike in self.struck),
                f"seed {self.seed}: {len(self.differences)} differences; {self.balance}",
                *(f"  {each}" for each in self.differences[:50]),
            ]
        )


def _say_nothing(_what: str) -> None: ...


def drawn(folder: Path, seed: int, size: Size, show: Show = _say_nothing) -> Outcome:
    """A run of an installation of its own, every kind of fault in the order that `seed` draws."""
    kinds = {name: kind.targets for name, kind in KINDS.items()}
    with exchanging(folder, size.inside, size.outside) as exchange:
        work = errands(seed, size.documents, exchange.cast.agencies)
        plan = draw(seed, size.documents, size.strikes, kinds)
        return run(exchange, seed, work, plan, size.width, Ledger(), show)


def run(
    exchange: Exchange,
    seed: int,
    work: Sequence[Errand],
    plan: Sequence[Strike],
    width: int,
    ledger: Ledger,
    show: Show = _say_nothing,
) -> Outcome:
    """Send all documents while the plan strikes; the comparison when all is well and idle.

    A person who cannot come to an end, and what does not come to rest, are differences too.
    `ledger` has what earlier runs of the same exchange were told; `show` hears how far it is.
    """
    outcome, traffic = Outcome(seed), Traffic(exchange, width, ledger)
    over = threading.Event()
    harmer = threading.Thread(
        target=_harm, args=(exchange, plan, traffic, over, outcome, show), name="harm"
    )
    harmer.start()
    try:
        traffic.run(work)
    except Exception as error:
        outcome.differences.append(f"somebody's work did not come to its end: {error!r}")
    finally:
        over.set()
        harmer.join()
    show("all is well again: waiting until nothing is under way")
    try:
        _rest(exchange)
    except AssertionError as error:
        outcome.differences.append(f"not at rest: {error}")
    facts = facts_of.read(exchange, ledger)
    outcome.balance = balance(facts)
    outcome.differences += differences(facts)
    return outcome


def _harm(
    exchange: Exchange,
    plan: Sequence[Strike],
    traffic: Traffic,
    over: threading.Event,
    outcome: Outcome,
    show: Show,
) -> None:
    """Strike in order, each when so many documents have begun."""
    for strike in plan:
        while traffic.begun < strike.after:
            if over.wait(_PROGRESS_SECONDS):
                return
        outcome.struck.append(strike)
        show(str(strike))
        try:
            with KINDS[strike.kind].strike(exchange, strike):
                over.wait(strike.seconds)
        except Exception as error:
            outcome.differences.append(f"{strike} could not strike: {error!r}")


def _rest(exchange: Exchange) -> None:
    """Wait until every process works, and nothing is left to be applied, done, told or fetched."""
    eventually(lambda: exchange.platform.state().ready, within=READY_WITHIN, every=0.5)

    def idle() -> bool:
        _hurry(exchange)
        left = unfinished(exchange.platform)
        assert not left, left
        assert not exchange.beyond.failure, repr(exchange.beyond.failure)
        assert not exchange.beyond.busy, "something waits on the axis or beyond it"
        return True

    eventually(idle, within=REST_WITHIN, every=1.0)


def _hurry(exchange: Exchange) -> None:
    """What waits for its next try need not: a wait of an hour proves nothing more."""
    exchange.execute("UPDATE es.retry SET due_at = clock_timestamp() WHERE NOT parked")
    for service in WORKERS:
        exchange.execute(
            f"UPDATE {service}.job SET due_at = clock_timestamp()"  # noqa: S608
            " WHERE state = 'open' AND due_at > clock_timestamp()"
        )
