"""How long does a leader's tray take, from his one confirmation to the last signature?

A whole platform of its own with the leader's key in a token (SoftHSM): his documents are drafted
and reviewed over HTTP, then signed by one command. His token is opened once.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import requests
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tools.bench import report
from tools.bench.report import Measure, Target
from tools.demo.cast import DEPARTMENT, PASSWORD, PROVINCE, person, world
from tools.demo.client import Client
from tools.pki import softhsm
from tools.platform import Platform
from tools.platform.soft_token import with_token
from tools.platform.welcome import enter_agencies

TARGET_SECONDS, TARGET_DOCUMENTS = 30.0, 100
_PACKAGES = ("pyhanko", "python-pkcs11", "cryptography", "psycopg2-binary")
_FILE = Path("build/bench/tray.json")

Row = dict[str, Any]


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, save; 1 when the target is missed or a document failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.tray", description=__doc__)
    parser.add_argument("--documents", type=int, default=TARGET_DOCUMENTS, metavar="N")
    parser.add_argument("--json", type=Path, default=_FILE, metavar="FILE")
    options = parser.parse_args(words)
    console = Console(highlight=False)
    if not softhsm.installed():
        console.print("SoftHSM is missing: apt-get install softhsm2", style="red")
        return 1
    about = report.machine()
    leader = person(PROVINCE.key, "lanhdao")
    with tempfile.TemporaryDirectory(prefix="lienthong-tray-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL runs as another user when root calls
        settings = with_token(folder / "run", world(), [str(leader.person_id)])
        with Platform(folder / "run", world=world(), settings=settings) as platform:
            console.print("starting the platform ...", style="dim")
            platform.start()
            enter_agencies(platform)
            measures = _measures(platform, options.documents, console)
    report.show(measures, console)
    report.save(options.json, measures, about, report.versions(*_PACKAGES))
    console.print(f"saved in {options.json}")
    return 1 if any(row.met is False for row in measures) else 0


def _measures(platform: Platform, number: int, console: Console) -> list[Measure]:
    # Warm: the token's child, the page maker, the authority.
    sign(platform, prepare(platform, 1, console), console)
    seconds, tray = sign(platform, prepare(platform, number, console), console)
    most = TARGET_SECONDS * number / TARGET_DOCUMENTS
    name = f"a tray of {number} over SoftHSM, first to last signature"
    return [
        Measure(name, "s", (seconds,), Target("<=", most)),
        Measure("documents of it that failed", "", (tray["failed"],), Target("==", 0)),
        Measure("times that the token was opened", "", (logins(platform),), Target("==", 1)),
    ]


def _client(platform: Platform, role: str) -> Client:
    here, who = platform.installation, person(PROVINCE.key, role)
    return Client(here.url, here.issuer_url, who.key, PASSWORD, run=str(time.monotonic()))


def prepare(platform: Platform, number: int, console: Console) -> set[str]:
    """Draft and review so many documents, every tenth of them urgent; their ids."""
    officer, head = _client(platform, "chuyenvien"), _client(platform, "truongphong")
    signer, ids = person(PROVINCE.key, "lanhdao"), set[str]()
    with _progress(console) as progress:
        for each in progress.track(range(number), description="drafted"):
            body = {
                "type_code": "CT",
                "subject": f"Về việc thứ {each} trong ngày",
                "paragraphs": ["Yêu cầu các sở, ban, ngành thực hiện nghiêm."] * 5,
                "recipients": [str(DEPARTMENT.agency_id)],
                "signer_id": str(signer.person_id),
                "signer_position_id": str(signer.position_id),
                "urgency": 0 if each % 10 else 3,
            }
            made = officer.post("/v1/documents", body, step=str(each))["document_id"]
            head.post(f"/v1/documents/{made}/review")
            ids.add(made)
    return ids


def sign(platform: Platform, prepared: set[str], console: Console) -> tuple[float, Row]:
    """Confirm all that waits, these among it, and watch until the last is signed or failed."""
    leader = _client(platform, "lanhdao")
    waiting = _until(lambda: _all_there(leader.get("/v1/trays/waiting"), prepared))
    began = time.monotonic()
    made = leader.post("/v1/trays", {"digest": waiting["digest"]})
    with _progress(console) as progress:
        bar = progress.add_task("signed", total=len(waiting["documents"]))

        def done() -> Row | None:
            tray = leader.find(f"/v1/trays/{made['tray_id']}")
            if tray is None:
                return None
            progress.update(bar, completed=tray["signed"] + tray["failed"])
            return tray if tray["done"] else None

        tray = _until(done)
    return time.monotonic() - began, tray


def _all_there(found: Row, prepared: set[str]) -> Row | None:
    return found if prepared <= {one["document_id"] for one in found["documents"]} else None


def _until(probe: Callable[[], Row | None], within: float = 300.0) -> Row:
    deadline = time.monotonic() + within
    while (found := probe()) is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within:.0f} s")
        time.sleep(0.2)
    return found


def logins(platform: Platform) -> float:
    port = platform.installation.ports["signatures.worker.ops"]
    text = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    name = "lienthong_signing_token_logins_total"
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=console)


if __name__ == "__main__":
    raise SystemExit(main())
