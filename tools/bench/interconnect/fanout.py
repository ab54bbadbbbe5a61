"""How long does one document to 1,707 recipients take? So many agencies of one province have codes.

A private durable server; the sender seals the packet, as agencies with a service key do.
"""

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from libs.db import Unit
from libs.jobs.queue import Job
from libs.jobs.worker import Act, Finish
from services.interconnect.axis import AxisAgency
from tests.support.fanout import axis_codes, enter_agencies
from tests.support.interconnect_world import PROVINCE, World, open_world
from tests.support.servers import running_postgres
from tools.bench.report import Measure, Target

RECIPIENTS = 1707
SECONDS = 5.0
"""That one of these jobs may take."""


@dataclass
class Timed:
    """Seconds that the last job took, and of these the transaction that ended it."""

    whole: float = 0.0
    ending: float = 0.0

    def act(self, act: Act) -> Act:
        """The act, its ending timed."""

        def timed(job: Job) -> Finish:
            finish = act(job)

            def ending(unit: Unit) -> None:
                began = time.monotonic()
                finish(unit)
                self.ending = time.monotonic() - began

            return ending

        return timed

    def work(self, world: World) -> None:
        """Do one job."""
        worker = world.worker()
        acts: Mapping[str, Act] = {kind: self.act(act) for kind, act in worker.acts.items()}
        began = time.monotonic()
        if not replace(worker, acts=acts).work_one() or world.stuck() not in ([], ["None"]):
            raise RuntimeError(f"the job failed: {world.stuck()}")
        self.whole = time.monotonic() - began


def fanout(folder: Path, quick: bool) -> list[Measure]:
    """To agencies inside the installation, and to agencies by the axis."""
    count = 100 if quick else RECIPIENTS
    folder.chmod(0o711)  # not closed to the user whom root runs PostgreSQL as
    measures = []
    with running_postgres(folder / "server") as postgres:
        place: AbstractContextManager[World]
        for channel in ("inside", "axis"):
            place = open_world(postgres, folder / channel)
            with place as world:
                measures += _channel(world, channel, count)
    return measures


def _channel(world: World, channel: str, count: int) -> list[Measure]:
    world.seal_for(PROVINCE)
    agencies = enter_agencies(world, count, channel)
    if channel == "axis":
        for code in axis_codes(count):
            world.office.register_agency(AxisAgency(code, "", code, code, "m@example.vn"))
        world.poller.documents()
    document = world.issue(*agencies)
    for step in (world.project, world.react, world.project):
        step()
    timed = Timed()
    timed.work(world)
    found = _rows(f"prepare, {count} {channel}", timed)
    found.append(_projected(world, f"its read models, {count} {channel}"))
    if channel == "axis":
        timed.work(world)
        found += _rows(f"send, {count} {channel}", timed)
        found.append(_projected(world, f"its read models, sent, {count} {channel}"))
    _check(world, document, count)
    return found


def _rows(name: str, timed: Timed) -> list[Measure]:
    return [
        Measure(name, "s", (timed.whole,), Target("<=", SECONDS)),
        Measure(f"{name}: its transaction", "s", (timed.ending,)),
    ]


def _projected(world: World, name: str) -> Measure:
    began = time.monotonic()
    world.project()
    return Measure(name, "s", (time.monotonic() - began,))


def _check(world: World, document: UUID, count: int) -> None:
    states = [each["transport"] for each in world.dispatch(document)["deliveries"]]
    if states != ["sent"] * count:
        raise RuntimeError("not everybody got it")
