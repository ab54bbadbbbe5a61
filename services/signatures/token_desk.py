"""The worker's tokens: a child process for each, what it can sign for, and why it does not.

A worker takes the orders of its own token's owners alone, so a slow or dead token delays nobody
else's; `of_nobody` is the share of the workers without a token.
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from libs.jobs.queue import Share
from libs.observability import get_logger
from libs.pkcs11.place import TokenAbsent, TokenFailed, TokenPlace
from services.signatures.metrics import TOKEN_LOGINS, TOKENS
from services.signatures.pdf.engine import Setup
from services.signatures.pdf.isolate import Isolated, WorkerInterrupted
from services.signatures.token_state import TokenState

LOOK_SECONDS = 30.0
OPEN = "open"

logger = get_logger(__name__)


def places(module: Path | None, folder: Path | None) -> list[TokenPlace]:
    """The tokens that the settings name: `<label>.pin` in the folder is the PIN of one."""
    if module is None or folder is None:
        return []
    return [TokenPlace(module, pin.stem, pin) for pin in sorted(folder.glob("*.pin"))]


class TokenDesk:
    """One token and its child process. One thread works with it; others may read its state."""

    def __init__(self, setup: Setup, place: TokenPlace) -> None:
        self.label = place.label
        self.engine = Isolated(replace(setup, token=place))
        self.state = TokenState(problem=TokenAbsent.code)
        self._looked = 0.0
        self._logins = 0

    def share(self, kinds: Collection[str]) -> Share:
        """The orders of the token's owners."""
        self.look()
        return Share(kinds, self.state.owners, others=False)

    def look_again(self) -> None:
        """Something was refused: the next `look` asks the token."""
        self._looked = 0.0

    def look(self) -> None:
        """Ask the token how it is, unless that was done a moment ago."""
        if time.monotonic() - self._looked < LOOK_SECONDS and self._looked:
            return
        try:
            state = self.engine.token_state()
        except WorkerInterrupted:
            state = TokenState(problem=TokenFailed.code)
        if state.problem == TokenAbsent.code:
            self.engine.close()  # a library that was loaded knows no token that came later
        if state.refused_pin:
            self._never_again(state.refused_pin)
        # What was in it yesterday is most likely what is missing today.
        self._take(state if state.owners else replace(state, owners=self.state.owners))
        self._looked = time.monotonic()

    def _never_again(self, refused_pin: str) -> None:
        token = self.engine.setup.token
        assert token is not None
        self.engine.setup = replace(
            self.engine.setup, token=replace(token, refused_pin=refused_pin)
        )

    def _take(self, state: TokenState) -> None:
        if state.problem != self.state.problem or not self._looked:
            told = logger.warning if state.problem else logger.info
            told(
                "signing_token",
                token=self.label,
                state=state.problem or "open",
                keys=len(state.owners),
            )
            for each in {self.state.problem, state.problem}:
                TOKENS.labels(self.label, each or "open").set(each == state.problem)
        if state.logins != self._logins:
            TOKEN_LOGINS.labels(self.label).inc(max(state.logins - self._logins, 0) or state.logins)
            self._logins = state.logins
        self.state = state


def of_nobody(desks: Sequence[TokenDesk], kinds: Collection[str]) -> Share:
    """Everything but the orders whose keys are in a token."""
    owners = frozenset[str]().union(*(desk.state.owners for desk in desks))
    return Share(kinds, owners)


def some_unseen(desks: Sequence[TokenDesk]) -> bool:
    """Whether a token may hold keys that nobody has seen yet."""
    return any(not desk.state.owners for desk in desks)
