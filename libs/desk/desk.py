"""The desk of one service: asking, confirming, declining, each in the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from libs.contracts.journal import Journal
from libs.db import Unit
from libs.desk import refusals, request
from libs.desk.letters import Letters, Wanted
from libs.desk.model import Decision, Kind, Letter, Settled
from libs.desk.request import CONFIRMED, DECLINED, Request
from libs.eventstore import NO_STREAM, Appended, Context
from libs.messaging.desk_events import EVENTS

# So many fit into one event and one short transaction; who has more asks again.
MOST_ITEMS = 1000
JOURNAL = Journal(EVENTS)
Write = tuple[str, int, list[object]]


@dataclass(frozen=True)
class By:
    """Who decides, for which agency, when; `seed` makes the ids, the same for a repeat."""

    handler: str
    agency: str
    now: datetime
    seed: UUID
    behalf: str | None = None
    correlation: UUID | None = None


@dataclass(frozen=True)
class Confirmed:
    """What was done of a request, and what had been settled otherwise meanwhile."""

    done: list[str]
    passed_over: list[str]
    appended: list[Appended]


class Desk:
    """What one service gave up, by its kinds."""

    def __init__(self, service: str, kinds: Sequence[Kind]) -> None:
        self.service = service
        self.kinds: Mapping[str, Kind] = {kind.name: kind for kind in kinds}
        self.letters = Letters(kinds)

    def ask(
        self, unit: Unit, action: str, wanted: Wanted, reason: str, by: By
    ) -> tuple[UUID, list[Letter], list[Appended]]:
        """Ask for a decision about those wanted, at most `MOST_ITEMS` of them. Raises `Problem`.

        Items that are named must all be there and free; of the others those that are free are
        taken. The request's id and the letters it is about.
        """
        chosen = self.letters.free(unit, wanted, MOST_ITEMS)
        if wanted.items is not None:
            self._all_free(unit, wanted, chosen)
        if not chosen:
            raise refusals.not_parked(wanted.items or ())
        items = [letter.item for letter in chosen]
        asked = request.ask(by.seed, self.service, action, items, reason, by.handler)
        writes: list[Write] = [(self._stream(by.seed), NO_STREAM, [asked])]
        appended = JOURNAL.append_all(unit.store, writes, _context(by, _trace(chosen, by)), by.seed)
        unit.connection.execute(
            text(
                "INSERT INTO es.desk_request"
                " (request_id, service, action, items, reason, asked_by, asked_at)"
                " VALUES (:request_id, :service, :action, :items, :reason, :asked_by, :asked_at)"
            ),
            {**vars(asked), "items": items, "asked_by": by.handler, "asked_at": by.now},
        )
        return by.seed, chosen, appended

    def confirm(self, unit: Unit, request_id: UUID, by: By) -> Confirmed:
        """Carry out what was asked, as the second person. Raises `Problem`."""
        state, version, tx = self._load(unit, request_id)
        request.confirm(state, by.handler, 0, ())  # refused before anything is locked
        assert state.asked is not None
        asked = state.asked
        decision = Decision(
            by.seed, asked.action, asked.reason, request_id, state.asked_by, by.handler
        )
        settled = self._settle(unit, asked.items, decision)
        done = {each.item for each in settled}
        passed_over = [item for item in asked.items if item not in done]
        event = request.confirm(state, by.handler, len(done), passed_over)
        writes: dict[str, Write] = {
            self._stream(request_id): (self._stream(request_id), version, [event])
        }
        for each in settled:
            write = (each.stream, each.expected, list[object]())
            writes.setdefault(each.stream, write)[2].append(each.event)
        latest = max([tx, *(each.tx for each in settled)])
        context = _context(by, _trace(settled, by), latest)
        appended = JOURNAL.append_all(unit.store, list(writes.values()), context, by.seed)
        self._close(unit, request_id, CONFIRMED, by, done=len(done), passed_over=passed_over)
        return Confirmed(sorted(done), passed_over, appended)

    def decline(self, unit: Unit, request_id: UUID, reason: str, by: By) -> list[Appended]:
        """Decline what was asked, or take it back. Raises `Problem`."""
        state, version, tx = self._load(unit, request_id)
        event = request.decline(state, by.handler, reason)
        writes: list[Write] = [(self._stream(request_id), version, [event])]
        context = _context(by, request_id, tx)
        appended = JOURNAL.append_all(unit.store, writes, context, by.seed)
        self._close(unit, request_id, DECLINED, by, answer=reason)
        return appended

    def _all_free(self, unit: Unit, wanted: Wanted, free: Sequence[Letter]) -> None:
        missing = set(wanted.items or ()) - {letter.item for letter in free}
        if not missing:
            return
        parked = self.letters.page(unit, Wanted(items=tuple(missing)), None, MOST_ITEMS)
        if absent := missing - {letter.item for letter in parked}:
            raise refusals.not_parked(absent)
        raise refusals.already_asked({each.request_id for each in parked if each.request_id})

    def _settle(self, unit: Unit, items: Sequence[str], decision: Decision) -> list[Settled]:
        settled: list[Settled] = []
        for kind in self.kinds.values():
            if mine := [item for item in items if kind.owns(item)]:
                settled += kind.settle(unit, mine, decision)
        return settled

    def _load(self, unit: Unit, request_id: UUID) -> tuple[Request, int, int]:
        """The request, its stream's version, and the tx of its last event."""
        state, recorded = Request(), unit.store.read(self._stream(request_id))
        for each in recorded:
            state = request.evolve(state, JOURNAL.event(each), each.handler)
        return state, len(recorded), recorded[-1].tx if recorded else 0

    def _stream(self, request_id: UUID) -> str:
        return f"desk-{self.service}.requests.{request_id}"

    @staticmethod
    def _close(
        unit: Unit,
        request_id: UUID,
        state: str,
        by: By,
        *,
        answer: str | None = None,
        done: int | None = None,
        passed_over: Sequence[str] = (),
    ) -> None:
        unit.connection.execute(
            text(
                "UPDATE es.desk_request SET state = :state, decided_by = :by, decided_at = :at,"
                " answer = :answer, done = :done, passed_over = :passed_over"
                " WHERE request_id = :id"
            ),
            {
                "id": request_id,
                "state": state,
                "by": by.handler,
                "at": by.now,
                "answer": answer,
                "done": done,
                "passed_over": list(passed_over),
            },
        )


def _trace(about: Sequence[Letter] | Sequence[Settled], by: By) -> UUID:
    """The trace that all of them share; else that of the step itself."""
    traces = {each.trace for each in about}
    shared = traces.pop() if len(traces) == 1 else None
    return shared or by.seed


def _context(by: By, trace: UUID, after_tx: int = 0) -> Context:
    return Context(
        agency=by.agency,
        handler=by.handler,
        occurred_at=by.now,
        trace=trace,
        behalf=by.behalf,
        correlation=by.correlation,
        after_tx=after_tx,
    )
