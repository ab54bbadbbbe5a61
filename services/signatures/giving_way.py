"""Evidence gives way to what somebody waits for, on a machine that cannot keep up with both."""

import time
from collections.abc import Callable, Collection

from libs.db import Database
from libs.jobs.queue import Share
from services.signatures.evidence_jobs import KIND

EVERY_SECONDS = 5.0
"""One file gets its evidence that often while others wait: it comes on a day without a pause too.

A verdict of the file does not need its evidence, which is for the years in which others end.
"""


class GivingWay:
    """The share of the patient worker: of its `kinds`, evidence only when no `prompt` job is due.

    `clock` gives seconds that never go back.
    """

    def __init__(
        self,
        database: Database,
        kinds: Collection[str],
        prompt: Collection[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._all, self._without = Share(kinds), Share(set(kinds) - {KIND})
        self._prompt = frozenset(prompt)
        self._clock = clock
        self._next_turn = clock()

    def share(self) -> Share:
        """What the worker may take now."""
        with self._database.unit() as unit:
            somebody_waits = any(one.kind in self._prompt for one in unit.jobs.due())
        now = self._clock()
        if somebody_waits and now < self._next_turn:
            return self._without
        self._next_turn = now + EVERY_SECONDS
        return self._all
