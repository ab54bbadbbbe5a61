"""The golden journey's evidence in one file: how long it takes to make, and to verify."""

import io
from pathlib import Path
from uuid import UUID

from rich.console import Console

from tests.support.wait import eventually
from tools.bench.eventstore.place import Place
from tools.bench.report import Measure, Target
from tools.bundle import source
from tools.bundle.making import Source, make
from tools.bundle.measure import Figures, measure
from tools.demo.cast import world
from tools.demo.run import walk
from tools.platform import Platform
from tools.platform.welcome import enter_agencies


def bundle(place: Place) -> list[Measure]:
    """One directive through four tiers and back, on a platform that stands idle afterwards."""
    folder = place.scratch / "bundle"
    with Platform(folder / "run", world=world()) as platform:
        platform.start()
        enter_agencies(platform)
        trace = _walked(platform, folder / "journey")
        with source(folder / "run") as store:
            return rows(store, trace, place.repeats)


def rows(store: Source, trace: UUID, repeats: int) -> list[Measure]:
    """Make and verify the trace's bundle so many times, once witnesses have signed all of it."""
    eventually(lambda: not make(store, trace).younger, within=60, every=0.5)
    found: list[Figures] = [measure(store, trace) for _ in range(repeats)]
    note = f"{found[0].events} events, {found[0].size / 1e6:.1f} MB: files, proofs, timeline"
    return [
        Measure(
            "bundle of a trace through four tiers, made", "s",
            tuple(each.made for each in found), Target("<=", 5), note,
        ),
        Measure(
            "bundle of a trace through four tiers, verified", "s",
            tuple(each.verified for each in found), Target("<=", 2),
            "by the verifier in the bundle, `cryptography` alone",
        ),
    ]  # fmt: skip


def _walked(platform: Platform, output: Path) -> UUID:
    console = Console(file=io.StringIO(), width=200)
    report = walk(platform.installation, console, output)
    (told,) = report["traces"]
    return UUID(told["trace_id"])
