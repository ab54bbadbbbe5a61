"""The drill: work, backup, the loss of the machine, and two restores of it."""

import io
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from rich.console import Console

from libs.contracts import topology
from tests.support.wait import eventually
from tools.demo.cast import DEMO, PASSWORD, world
from tools.demo.client import Client, NotThere
from tools.demo.run import walk
from tools.drill.backup import Backup
from tools.drill.commands import operator_key, run
from tools.drill.restore import checked_blobs, database_alone, events, restored
from tools.drill.told import DrillFailed, Told, must
from tools.platform import Installation, Platform
from tools.platform.welcome import enter_agencies

POINT = "drill"
OFFICER = "ubndtinh_chuyenvien"
_DRAFTS = 5
_READY = 600.0


class Drill:
    """One drill below a folder; `short` leaves out the journey and the second platform."""

    def __init__(self, folder: Path, told: Told, *, short: bool) -> None:
        self._folder, self._told, self._short = folder, told, short
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
            platform.start(within=_READY)
            enter_agencies(platform)
        here = platform.installation
        backup = Backup(here, self._folder / "backup")
        try:
            with told.step("WAL is received as it is written"):
                backup.begin()
            if not self._short:
                with told.step("a directive walked through four tiers"):
                    walk(here, Console(file=io.StringIO()), self._folder / "journey")
            with told.step("base copy of the database, while it works") as facts:
                self._before = _drafts(here)
                facts["MiB"] = backup.copy_database()
            with told.step(f"restore point {POINT!r}; work goes on behind it") as facts:
                _settled(here)
                backup.mark(POINT)
                self._after = _drafts(here)
                _settled(here)
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
                facts |= self._runs(folder, lambda _here: None)
        _remove(folder)

    def _restore_point(self, backup: Backup) -> None:
        told = self._told
        told.chapter(f"Restored to the point {POINT!r}: what came after it is lost")
        folder = self._folder / "point"
        with told.step("laid out below a fresh folder"):
            here = restored(backup, folder, POINT)
        with database_alone(here):
            with told.step("database recovered to the point") as facts:
                found = events(here)
                lost = set(self._all) - set(found)
                must(set(found) < set(self._all), "nothing was lost, or others are there")
                must(len(lost) >= _DRAFTS, "what came behind the point is there")
                facts |= {"events": len(found), "lost": len(lost)}
                run(folder, "eventstore", "rebase")
            with told.step("the verification names what is lost") as facts:
                report = run(folder, "verify", "--jobs", "1", code=1)
                missing = [each for each in report["findings"] if each["kind"] == "missing"]
                must(
                    {each["event_id"] for each in missing} == lost,
                    "it names other events than those that were lost",
                )
                facts["missing"] = len(missing)
            with told.step("two persons decide that the log goes on") as facts:
                facts["lost"] = self._fork(folder)
        with told.step("platform started; the sealer forked; read models made anew") as facts:
            facts |= self._runs(folder, self._check_point)
        _remove(folder)

    def _fork(self, folder: Path) -> int:
        """Sign the statement as two operators, and tell the witness of the new log's key."""
        keys = [self._folder / f"operator-{name}.pem" for name in ("a", "b")]
        public = [operator_key(path.stem, path) for path in keys]
        state = folder / "log" / "state"
        (state / "operators").write_text("".join(f"{key}\n" for key in public))
        run(folder, "log", "fork", "--reason", "drill", "--sign-with", str(keys[0]))
        told = run(folder, "log", "fork", "--sign-with", str(keys[1]))
        must(told["complete"], "two persons have signed, and it is not decided")
        with (folder / "witness" / "logs").open("a") as logs:
            logs.write(f"{told['new_key']}\n")
        return len(told["lost"])

    def _runs(self, folder: Path, check: Callable[[Installation], None]) -> dict[str, int]:
        """Start the restored platform whole; verify it, rebuild every service's read models."""
        platform = Platform(folder)
        try:
            platform.start(within=_READY)
            here = platform.installation
            new = _drafts(here)
            check(here)
            _settled(here)
            report = eventually(lambda: _verified(folder), within=120, every=1)
            rebuilt = 0
            for service in topology().services:
                rebuilt += run(folder, "rebuild", service)["events"]
            for document in (*self._before, *new):
                _officer(here).get(f"/v1/documents/{document}")
            return {"verified": report["events"], "events applied again": rebuilt}
        finally:
            platform.stop()

    def _check_point(self, here: Installation) -> None:
        """What was drafted before the point is there, what was drafted after it is not."""
        for document in self._after:
            try:
                _officer(here).get(f"/v1/documents/{document}")
            except NotThere:
                continue
            must(False, f"document {document} was drafted behind the point, and is there")
        shards = run(here.folder, "log", "status")["shards"]
        must(len(shards) == 2, "the log was not forked")


def _verified(folder: Path) -> dict[str, Any]:
    """The verification's report, when nothing is wrong (any more): witnesses need a moment."""
    try:
        report: dict[str, Any] = run(folder, "verify", "--jobs", "1")
    except DrillFailed as error:
        raise AssertionError(str(error)) from error
    return report


def _officer(here: Installation) -> Client:
    return Client(here.url, here.issuer_url, OFFICER, PASSWORD, str(uuid4()))


def _drafts(here: Installation) -> list[str]:
    """Draft some documents by the public API; their ids."""
    officer, leader = _officer(here), DEMO.person("ubndtinh", "lanhdao")
    body = {
        "type_code": "CV",
        "subject": "Diễn tập khôi phục dữ liệu",
        "paragraphs": ["Văn bản dùng cho diễn tập sao lưu, khôi phục."],
        "recipients": [str(DEMO.agency("sokhcn").agency_id)],
        "signer_id": str(leader.person_id),
        "signer_position_id": str(leader.position_id),
    }
    return [
        str(officer.post("/v1/documents", body, step=str(number))["document_id"])
        for number in range(_DRAFTS)
    ]


def _settled(here: Installation) -> None:
    """Return when every event is sealed."""

    def sealed() -> bool:
        return bool(run(here.folder, "log", "status")["waiting"] == 0)

    eventually(sealed, within=120, every=0.5)


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
