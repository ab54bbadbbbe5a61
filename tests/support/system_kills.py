"""Killing processes at points of a journey, while its clients note what was acknowledged."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid5

import requests

from libs.web.commands import command_id
from tests.support.wait import eventually
from tools.demo.cast import ACCOUNTS
from tools.demo.client import Client
from tools.platform import Platform

READY_WITHIN = 90.0
# What is signed while time stamps are away stays without one, and a verdict of a time without OCSP
# is followed by another: the report of such a journey rightly differs, so the next step waits.
AWAITED = frozenset({"pki", "pki.init"})


class Strikes:
    """A plan of kills: pairs of a point and the process that is killed there, in their order.

    A point is `during` or `after`, a command by its path's last word, and which of these: "during
    accept 2" kills while the second acceptance is on its way, "after accept 2" when it has just
    been acknowledged. Every kill waits until the process killed before does its work again.
    """

    def __init__(self, platform: Platform, plan: Sequence[tuple[str, str]]) -> None:
        self._platform = platform
        self._plan = list(plan)
        self._seen: Counter[str] = Counter()
        self._killer = ThreadPoolExecutor(1)
        self._kill: Future[None] | None = None
        self._killed, self._restarts = "", 0
        self.acknowledged: list[UUID] = []

    def begins(self, word: str) -> None:
        """A command is about to be sent."""
        self._seen[word] += 1
        self._strike_at(f"during {word} {self._seen[word]}")

    def ends(self, word: str, event_id: UUID) -> None:
        """A command was acknowledged: its first event has this id."""
        self.acknowledged.append(event_id)
        self._strike_at(f"after {word} {self._seen[word]}")

    def end(self) -> None:
        """Wait until all is well again; `AssertionError` for a kill that never came."""
        self._recovered()
        self._killer.shutdown()
        assert self._plan == [], "the journey never came to these points"

    def _strike_at(self, point: str) -> None:
        if not self._plan or self._plan[0][0] != point:
            return
        self._recovered()
        _, self._killed = self._plan.pop(0)
        self._restarts = self._platform.process(self._killed).restarts
        self._kill = self._killer.submit(self._platform.kill, self._killed)
        if point.startswith("after"):
            self._kill.result()
        if self._killed in AWAITED:
            self._recovered()

    def _recovered(self) -> None:
        if self._kill is None:
            return
        self._kill.result()
        eventually(self._all_ready, within=READY_WITHIN)

    def _all_ready(self) -> bool:
        state = self._platform.state()
        return state.ready and state.processes[self._killed].restarts > self._restarts


class StruckClient(Client):
    """The demo's client, whose commands are the points at which `strikes` happen."""

    def __init__(self, strikes: Strikes, base_url: str, issuer_url: str, username: str,
                 password: str, run: str) -> None:  # fmt: skip
        super().__init__(base_url, issuer_url, username, password, run)
        person = next(person for person in ACCOUNTS if person.key == username)
        self._handler = f"person:{person.person_id}/{person.position_id}"
        self._strikes = strikes

    def _call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        key = arguments.get("headers", {}).get("Idempotency-Key")
        if key is None:
            return super()._call(method, path, **arguments)
        word = path.rpartition("/")[2]
        self._strikes.begins(word)
        answer = super()._call(method, path, **arguments)
        self._strikes.ends(word, self._first_event(key, answer.json()))
        return answer

    def _first_event(self, key: str, reply: dict[str, str]) -> UUID:
        """The id that the command's first event must have, told by its key and its stream."""
        kind = "process" if "process_id" in reply else "document"
        return uuid5(command_id(self._handler, key), f"{kind}-{reply[f'{kind}_id']}/0")
