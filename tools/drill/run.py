"""The drill: work, backup, the loss of the machine, and two restores of it."""

import io
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from libs.contracts import topology
from tests.support.wait import eventually
from tools.demo.cast import world
from tools.demo.client import NotThere
from tools.demo.run import walk
from tools.drill.backup import Backup
from tools.drill.commands import run
from tools.drill.forking import Operators, Refusing
from tools.drill.restore import checked_blobs, database_alone, events, restored
from tools.drill.told import Told, must
from tools.drill.work import DRAFTS, drafts, officer, settled, verified
from tools.platform import Installation, Platform
from tools.platform.welcome import enter_agencies

POINT = "drill"
_READY = 600.0


class Drill:
    """One drill below a folder; `short` leaves out the journey and the second platform."""

    def __init__(self, folder: Path, told: Told, *, short: bool) -> None:
        self._folder, self._told, self._short = folder, told, short
        self._operators = Operators(folder)
        self._all: list[str] = []
        self._before: list[str] = []
        self._after: list[str] = []

    def carry_out(self) -> None:
        """Everything; raises `DrillFailed` at the first thing that does not hold."""
        backup = self._work_and_lose()
        self._restore_all(backup)
        self._restore_point(backup)

    def _work_and_lose(self) -> Backup:
        told = self._told
        told.chapter("An installation at work, and its backup")
        platform = Platform(self._folder / "first", world=world())
        with told.step("platform started"):
            try:
                platform.start(within=_READY)
                enter_agencies(platform)
            except BaseException:
                platform.stop()
                raise
        here = platform.installation
        self._operators.enter(here)
        backup = Backup(here, self._folder / "backup")
        try:
            with told.step("WAL is received as it is written"):
                backup.begin()
            if not self._short:
                with told.step("a directive walked through four tiers"):
                    walk(here, Console(file=io.StringIO()), self._folder / "journey")
            with told.step("base copy of the database, while it works") as facts:
                self._before = drafts(here)
                facts["MiB"] = backup.copy_database()
            with told.step(f"restore point {POINT!r}; work goes on behind it") as facts:
                settled(here)
                backup.mark(POINT)
                self._after = drafts(here)
                settled(here)
                self._all = events(here)
                facts["events"] = len(self._all)
            with told.step("blobs, log, keys and secrets copied") as facts:
                eventually(backup.received, within=120)
                facts["files"] = backup.copy_files()
            with told.step("the machine is lost: killed, its folder removed"):
                _lose(platform)
        finally:
            backup.end()
            platform.stop()
        _remove(self._folder / "first")
        return backup

    def _restore_all(self, backup: Backup) -> None:
        told = self._told
        told.chapter("Restored to the last moment")
        folder = self._folder / "whole"
        with told.step("laid out below a fresh folder"):
            here = restored(backup, folder, None)
        with told.step("database recovered to the end of its WAL") as facts, database_alone(here):
            found = events(here)
            must(found == self._all, f"{len(found)} events came back, not {len(self._all)}")
            facts["events"] = len(found)
            run(folder, "eventstore", "rebase")
            report = run(folder, "verify", "--jobs", "1")
            facts["verified against the log"] = report["events"]
            must(report["events"] == len(self._all), "not every event is in the log")
        with told.step("blobs hashed") as facts:
            facts["blobs"] = checked_blobs(folder)
        if not self._short:
            with told.step("platform started; read models made anew") as facts:
                facts |= self._runs(folder, _whole)
        _remove(folder)

    def _restore_point(self, backup: Backup) -> None:
        told = self._told
        told.chapter(f"Restored to the point {POINT!r}: what came after it is lost")
        folder = self._folder / "point"
        with told.step("laid out below a fresh folder, with the log as it was then"):
            here = restored(backup, folder, POINT)
        with database_alone(here):
            with told.step("database recovered to the point") as facts:
                found = events(here)
                lost = set(self._all) - set(found)
                must(set(found) < set(self._all), "nothing was lost, or others are there")
                must(len(lost) >= DRAFTS, "what came behind the point is there")
                facts |= {"events": len(found), "lost": len(lost)}
                run(folder, "eventstore", "rebase")
            with told.step("alone, that past is whole") as facts:
                facts["verified"] = run(folder, "verify", "--jobs", "1")["events"]
                must(facts["verified"] == len(found), "not every event is in its own log")
            with told.step("a newer copy of the log names what is lost") as facts:
                newer = str(backup.shown)
                report = run(folder, "verify", "--jobs", "1", "--log", newer, code=1)
                missing = [each for each in report["findings"] if each["kind"] == "missing"]
                named = {each["event_id"] for each in missing}
                must(named == lost, "it names other events than those that were lost")
                facts["missing"] = len(missing)
        with told.step("the sealer refuses; two persons let the log go on") as facts:
            facts |= self._runs(folder, lambda platform: self._forked(platform, len(lost)))
        _remove(folder)

    def _runs(
        self, folder: Path, start: Callable[[Platform], dict[str, int]]
    ) -> dict[str, int]:  # fmt: skip
        """Start the restored platform whole; verify it, rebuild every service's read models."""
        platform = Platform(folder)
        try:
            facts = start(platform)
            here = platform.installation
            new = drafts(here)
            settled(here)
            facts["verified"] = verified(here)
            for service in topology().services:
                applied = run(folder, "rebuild", service)["events"]
                facts["applied again"] = facts.get("applied again", 0) + applied
            for document in (*self._before, *new):
                officer(here).get(f"/v1/documents/{document}")
            return facts
        finally:
            platform.stop()

    def _forked(self, platform: Platform, lost: int) -> dict[str, int]:
        """Start over the old past; what the decision named, and what the log is like then."""
        refusing = Refusing(platform, self._operators)
        platform.start(within=_READY, watch=refusing.watch)
        told = refusing.told
        must(told, "the sealer went on from an old past")
        must(told["sealed"] - told["kept"] == lost, f"{told} does not tell of {lost} lost entries")
        here = platform.installation
        for document in self._after:
            must(_gone(here, document), f"{document} was drafted behind the point, and is there")
        shards = run(here.folder, "log", "status")["shards"]
        must(len(shards) == 2, "the log was not forked")
        return {"lost from entry": told["kept"], "up to entry": told["sealed"] - 1}


def _whole(platform: Platform) -> dict[str, int]:
    platform.start(within=_READY)
    return {}


def _gone(here: Installation, document: str) -> bool:
    try:
        officer(here).get(f"/v1/documents/{document}")
    except NotThere:
        return True
    return False


def _lose(platform: Platform) -> None:
    """Kill the supervisor, then the database: nothing is flushed, nobody is told."""
    supervisor = platform.state().supervisor
    must(supervisor, "the platform has no supervisor")
    if supervisor:
        os.kill(supervisor.pid, signal.SIGKILL)
    platform.kill("postgres")
    platform.stop()


def _remove(folder: Path) -> None:
    """Remove an installation, the database's files included wherever they are."""
    for kept in ("elsewhere", "sockets.path"):
        path = folder / "postgres" / kept
        if path.exists():
            shutil.rmtree(path.read_text(), ignore_errors=True)
    shutil.rmtree(folder)
