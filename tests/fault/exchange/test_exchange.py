"""Documents among agencies inside and beyond the axis, while everything fails in a drawn order.

When all is well and idle again:
* the balance is exact: what was accepted for sending is delivered, refused or withdrawn, nothing is
  open and nothing is nowhere;
* the product's own balance says the same, and its numbers for each pair of agencies have no gap;
* no document came twice: one arrival, one document, one register entry for each delivery; registers
  have no gap;
* no status is lost: every step of a receiver was told in its order, and heard by the sender;
* the timelines of both sides are equal, and so is what the sender is shown and the auditor has.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fault.exchange.harm import KINDS
from tests.fault.exchange.plan import draw
from tests.fault.exchange.run import LONG, SHORT, drawn, run
from tests.fault.exchange.traffic import Ledger, errands
from tests.fault.exchange.world import Exchange, exchanging
from tests.support.fault_report import Fault

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq]

SEEDS = (1, *(pytest.param(seed, marks=pytest.mark.long) for seed in (2, 3)))


@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("seed", SEEDS)
def test_exchange_under_faults_in_a_drawn_order(
    server_folder: Path, fault: Fault, seed: int
) -> None:
    """Balance exact, pairs' numbers whole, no document twice, no status lost, timelines equal.

    In the long form 1,000 documents among 40 agencies with every kind of fault, for each seed;
    `python -m tests.fault.exchange` has the same by hand.
    """
    size = LONG if fault.long else SHORT
    outcome = drawn(server_folder / f"exchange-{seed}", seed, size)
    assert not outcome.differences, str(outcome)
    assert len(outcome.struck) == size.strikes
    fault.note = str(size)


@pytest.fixture(scope="module")
def small(server_folder: Path) -> Iterator[tuple[Exchange, Ledger]]:
    """An exchange of a few agencies, and what its people were told so far."""
    with exchanging(server_folder / "exchange", inside=6, outside=2) as exchange:
        yield exchange, Ledger()


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", KINDS)
def test_exchange_with(small: tuple[Exchange, Ledger], fault: Fault, kind: str) -> None:
    """As in the drawn order, with one kind of fault alone."""
    exchange, ledger = small
    fault.rule = KINDS[kind].rule
    strikes = len(fault.rounds(1, max(len(KINDS[kind].targets), 3)))
    seed = list(KINDS).index(kind)
    work = errands(seed, 3 * strikes, exchange.cast.agencies, first=1000 * seed + 1)
    plan = draw(seed, len(work), strikes, {kind: KINDS[kind].targets})
    outcome = run(exchange, seed, work, plan, 6, ledger)
    assert not outcome.differences, str(outcome)
    assert len(outcome.struck) == strikes
    fault.note = f"{len(work)} documents; the whole comparison of the drawn order"
