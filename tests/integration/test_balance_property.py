"""Whatever happens to deliveries and to their jobs, the balance adds up; what is lost shows.

The real rules of deliveries play here, their events feed the real projection, and jobs stand in the
real table; orders come at random.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import reduce
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from libs.contracts import encode, message
from libs.db import Database, Unit, engine_for
from libs.eventstore import Recorded
from services.interconnect import balance
from services.interconnect.commands import (
    AskRecall,
    Command,
    OpenDelivery,
    RecordRefusal,
    RecordSent,
    RecordStatus,
    RecordWithdrawal,
)
from services.interconnect.domain import Delivery, decide, delivery_id, evolve
from services.interconnect.errors import InterconnectError
from services.interconnect.events import DispatchOpened
from services.interconnect.projections import PROJECTIONS
from tests.support.servers import PostgresForTests

pytestmark = pytest.mark.postgres
AT = datetime(2026, 11, 22, 18, tzinfo=UTC)
DAY = date(2026, 11, 23)
SENDER = UUID(int=1)
WANTED = balance.Wanted(DAY, DAY)
TELL = RecordStatus(
    status_code="03", told_at=AT, unit="", staff=None, note=None, status_packet="s", channel="axis"
)


@dataclass
class Office:
    """One agency's dispatches, with the books that a person would keep of them."""

    unit: Unit
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    jobs: dict[UUID, tuple[str, UUID, list[UUID]]] = field(default_factory=dict)
    parked: set[UUID] = field(default_factory=set)
    accepted: list[tuple[UUID, UUID]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1000))

    def id(self) -> UUID:
        """A new id, the same ones in each run."""
        return UUID(int=next(self.numbers))

    def feed(self, event: Any) -> None:
        """Let the projection apply an event."""
        kind = type(event).__name__
        recorded = Recorded(
            1, 1, "s-1", 1, "s", uuid4(), kind, 1, "a", "system:test", None, AT, AT, UUID(int=7),
            None, None, encode(event),
        )  # fmt: skip
        PROJECTIONS[kind](message(recorded), recorded, self.unit)

    def open(self, recipients: int) -> None:
        """A document is issued to some recipients: the dispatch, and the job that prepares it."""
        dispatch, to = self.id(), [self.id() for _ in range(recipients)]
        self.accepted += [(dispatch, each) for each in to]
        self.feed(DispatchOpened(
            dispatch_id=dispatch, document_id=dispatch, agency_id=SENDER, file="f",
            recipients=tuple(to), urgency=0,
        ))  # fmt: skip
        document = {"document_id": str(dispatch), "recipients": [str(each) for each in to]}
        self.add("prepare", dispatch, to, document)

    def add(self, kind: str, dispatch: UUID, to: list[UUID], arguments: Any) -> None:
        """A job of the real table."""
        job_id = self.id()
        self.jobs[job_id] = (kind, dispatch, to)
        self.unit.connection.execute(
            text(
                "INSERT INTO interconnect.job (job_id, kind, arguments, context)"
                " VALUES (:job_id, :kind, :arguments, '{}')"
            ).bindparams(bindparam("arguments", type_=JSONB)),
            {"job_id": job_id, "kind": kind, "arguments": arguments},
        )

    def set(self, job_id: UUID, state: str) -> None:
        """The state of a job, as workers and the desk write it."""
        self.unit.connection.execute(
            text("UPDATE interconnect.job SET state = :state WHERE job_id = :id"),
            {"id": job_id, "state": state},
        )
        self.parked.discard(job_id)
        if state == "parked":
            self.parked.add(job_id)
        if state == "done":
            del self.jobs[job_id]

    def tell(self, name: str, *commands: Command) -> None:
        """Play orders on one delivery; what the rules refuse changes nothing."""
        for command in commands:
            delivery = self.deliveries.get(name, Delivery())
            try:
                events = decide(delivery, command)
            except InterconnectError:
                continue
            for event in events:
                self.feed(event)
            self.deliveries[name] = reduce(evolve, events, delivery)

    def prepare(self, job_id: UUID, outside: Callable[[], bool], leave_out: int = 0) -> None:
        """Do the job: open the deliveries, make those inside, let the axis have the others."""
        _, dispatch, to = self.jobs[job_id]
        waiting = []
        for each in to[leave_out:]:
            name, axis = delivery_id(dispatch, each), outside()
            self.tell(name, OpenDelivery(
                dispatch_id=dispatch, document_id=dispatch, sender_id=SENDER, recipient_id=each,
                channel="axis" if axis else "inside",
            ))  # fmt: skip
            if axis:
                waiting.append(each)
            else:
                self.tell(name, RecordSent(packet="p"))
        self.set(job_id, "done")
        if waiting:
            pairs = [[delivery_id(dispatch, each), "H1"] for each in waiting]
            self.add("send", dispatch, waiting, {"recipients": pairs})

    def send(self, job_id: UUID, outcome: Callable[[], Command]) -> None:
        """Do the job: each recipient on the axis is sent to, refused or withdrawn."""
        _, dispatch, to = self.jobs[job_id]
        for each in to:
            self.tell(delivery_id(dispatch, each), outcome(), RecordSent(packet="p"))
        self.set(job_id, "done")

    def balance(self) -> dict[str, int]:
        """What the balance tells of sending."""
        found = balance.totals(self.unit.connection, WANTED)
        named = {name: found[f"sent_{name}"] for name in ("accepted", *balance.SENT)}
        return {**named, "difference": found["sent_difference"]}

    def books(self) -> dict[str, int]:
        """What a person would have counted."""
        told = dict.fromkeys(("accepted", *balance.SENT, "difference"), 0)
        told["accepted"] = len(self.accepted)
        held = {
            (dispatch, each): "parked" if job_id in self.parked else "open"
            for job_id, (_, dispatch, to) in self.jobs.items()
            for each in to
        }
        names = {"sent": "delivered", "refused": "refused", "withdrawn": "withdrawn"}
        for dispatch, each in self.accepted:
            delivery = self.deliveries.get(delivery_id(dispatch, each), Delivery())
            part = names.get(delivery.transport) or held.get((dispatch, each), "difference")
            told[part] += 1
        return told


@pytest.fixture(scope="module")
def database(postgres: PostgresForTests) -> Iterator[Database]:
    database = Database(engine_for(postgres.fresh_database()("interconnect")), "interconnect")
    yield database
    database.engine.dispose()


@contextmanager
def office_in(database: Database) -> Iterator[Office]:
    """An office whose books are thrown away at the end."""
    with database.unit() as unit:
        yield Office(unit)
        unit.connection.get_transaction().rollback()  # type: ignore[union-attr]


OUTCOMES: some.SearchStrategy[Command] = some.sampled_from(
    [RecordSent(packet="p"), RecordRefusal(reason_code="axis-18"), RecordWithdrawal()]
)
AT_RANDOM = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def play(office: Office, data: some.DataObject) -> None:
    """One thing happens."""
    jobs = list(office.jobs)
    acts = ["open"] + (["park", "release", "refuse", "work", "work", "work"] if jobs else [])
    acts += ["recall", "status", "again"] if office.deliveries else []
    act = data.draw(some.sampled_from(acts))
    if act == "open":
        office.open(data.draw(some.integers(1, 4)))
    elif act in ("recall", "status", "again"):
        name = data.draw(some.sampled_from(list(office.deliveries)))
        again = data.draw(OUTCOMES)
        orders: dict[str, Command] = {"recall": AskRecall(at=AT, note="n"), "status": TELL}
        # A repeated end changes nothing; the first one belongs to its job.
        if act != "again" or office.deliveries[name].transport != "opened":
            office.tell(name, orders.get(act, again))
    else:
        job_id = data.draw(some.sampled_from(jobs))
        kind = office.jobs[job_id][0]
        if act in ("park", "release"):
            office.set(job_id, "parked" if act == "park" else "open")
        elif act == "work" and job_id in office.parked:
            pass
        elif kind == "prepare":
            office.prepare(job_id, lambda: data.draw(some.booleans()))
        elif act == "refuse":
            office.send(job_id, lambda: RecordRefusal(reason_code="refused_at_desk"))
        else:
            office.send(job_id, lambda: data.draw(OUTCOMES))


@AT_RANDOM
@given(data=some.data(), steps=some.integers(1, 15))
def test_whatever_happens_it_adds_up(database: Database, data: some.DataObject, steps: int) -> None:
    with office_in(database) as office:
        for _ in range(steps):
            play(office, data)
            told = office.balance()
            assert told == office.books()
            assert told["difference"] == 0
            assert told["accepted"] == sum(told[part] for part in balance.SENT)
        assert balance.differences(office.unit.connection) == 0


@AT_RANDOM
@given(data=some.data(), steps=some.integers(0, 8), recipients=some.integers(1, 4))
def test_a_job_that_is_gone_loses_its_recipients_and_that_shows(
    database: Database, data: some.DataObject, steps: int, recipients: int
) -> None:
    with office_in(database) as office:
        for _ in range(steps):
            play(office, data)
        office.open(recipients)
        job_id = list(office.jobs)[-1]
        if data.draw(some.booleans()):
            office.prepare(job_id, lambda: True)
            job_id = list(office.jobs)[-1]
        office.unit.connection.execute(
            text("DELETE FROM interconnect.job WHERE job_id = :id"), {"id": job_id}
        )
        assert office.balance()["difference"] == recipients
        assert balance.differences(office.unit.connection) == recipients


@AT_RANDOM
@given(recipients=some.integers(2, 5), lost=some.integers(1, 2))
def test_recipients_whom_the_preparing_forgot_are_a_difference(
    database: Database, recipients: int, lost: int
) -> None:
    with office_in(database) as office:
        office.open(recipients)
        office.prepare(next(iter(office.jobs)), lambda: False, leave_out=lost)
        told = office.balance()
        assert (told["difference"], told["delivered"]) == (lost, recipients - lost)


def test_one_lost_and_one_too_many_do_not_cancel_out(database: Database) -> None:
    with office_in(database) as office:
        office.open(1)
        office.prepare(next(iter(office.jobs)), lambda: False, leave_out=1)
        stranger = uuid4()
        office.tell(
            delivery_id(stranger, stranger),
            OpenDelivery(
                dispatch_id=stranger, document_id=stranger, sender_id=SENDER,
                recipient_id=stranger, channel="inside",
            ),
            RecordSent(packet="p"),
        )  # fmt: skip
        told = office.balance()
        assert (told["accepted"], told["delivered"], told["difference"]) == (1, 1, 2)
