"""The state machine: sender, receiver and network do what they like, for long."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.unit.protocol_model.network import Document
from tests.unit.protocol_model.sender import CUT
from tests.unit.protocol_model.world import World

MOST_DOCUMENTS = 5
PICK = st.integers(0, 30)
# Slower and faster than the seconds by which the wire knows its requests and answers.
PACE = timedelta(milliseconds=300)


class Protocol(RuleBasedStateMachine):
    """Documents that update, replace and recall one another while packets overtake one another."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(most_copies=2, pace=PACE)
        self.issued: list[str] = []
        self._issue(Document("d0"))

    def _issue(self, document: Document) -> None:
        self.issued.append(document.name)
        self.world.do(("issue", document))

    @precondition(lambda self: len(self.issued) < MOST_DOCUMENTS)
    @rule(business=st.sampled_from(["update", "update", "replacement"]), pick=PICK)
    def issue(self, business: str, pick: int) -> None:
        older = self.issued[pick % len(self.issued)]
        self._issue(Document(f"d{len(self.issued)}", business, older))

    @rule(pick=PICK)
    def recall(self, pick: int) -> None:
        self.world.do(("recall", self.issued[pick % len(self.issued)]))

    @rule(unreachable=st.sampled_from([False, True, CUT]))
    def lock(self, unreachable: bool | str) -> None:
        self.world.do(("unreachable", unreachable))

    @rule(pick=PICK)
    def happen(self, pick: int) -> None:
        self._some(self.world.steps(), pick)

    @rule(pick=PICK)
    def happen_more(self, pick: int) -> None:
        self._some(self.world.steps(), pick)

    @rule(pick=PICK)
    def clerk(self, pick: int) -> None:
        self._some(self.world.clerks_steps(), pick)

    def _some(self, steps: list[Any], pick: int) -> None:
        if steps:
            self.world.do(steps[pick % len(steps)])

    def teardown(self) -> None:
        self.world.check_end()
