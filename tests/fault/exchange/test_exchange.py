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

from pathlib import Path

import pytest

from tests.fault.exchange.harm import KINDS
from tests.fault.exchange.plan import draw
from tests.fault.exchange.run import run
from tests.fault.exchange.traffic import errands
from tests.fault.exchange.world import exchanging
from tests.support.fault_report import Fault

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq]

SEEDS = (1, 2, 3)


@pytest.mark.timeout(4 * 3600)
def test_exchange_under_faults_in_a_drawn_order(server_folder: Path, fault: Fault) -> None:
    """Balance exact, pairs' numbers whole, no document twice, no status lost, timelines equal.

    In the long form 1,000 documents among 40 agencies with every kind of fault, for each seed.
    """
    inside, outside = fault.choose(10, 36), fault.choose(2, 4)
    documents, strikes = fault.choose(40, 1000), fault.choose(10, 80)
    kinds = {name: kind.targets for name, kind in KINDS.items()}
    struck = 0
    for turn in fault.rounds(1, len(SEEDS)):
        seed = SEEDS[turn]
        with exchanging(server_folder / f"exchange-{seed}", inside, outside) as exchange:
            work = errands(seed, documents, exchange.cast.agencies)
            plan = draw(seed, documents, strikes, kinds)
            outcome = run(exchange, seed, work, plan, width=fault.choose(8, 16))
        assert not outcome.differences, str(outcome)
        assert len(outcome.struck) == strikes
        struck += strikes
    fault.note = (
        f"seeds {', '.join(map(str, SEEDS[: turn + 1]))}: {documents} documents among"
        f" {inside + outside} agencies and {struck} strikes of {len(kinds)} kinds"
    )
