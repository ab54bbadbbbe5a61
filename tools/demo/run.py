"""`lienthong demo`: start the platform, walk the golden journey, show and keep what came of it."""

import argparse
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from services.interconnect.axis import NationalAxis
from services.interconnect.domain import LABELS
from services.signatures.pdf.engine import Setup
from tools.demo import report
from tools.demo.cast import DEMO, GOVERNMENT_SYSTEM, PASSWORD, Cast, Person, world
from tools.demo.client import Client, DemoFailed
from tools.demo.government_office import VIETNAM, GovernmentOffice
from tools.demo.journey import Journey, write_files
from tools.platform import Installation, InstallationError, Platform, PlatformError
from tools.platform.handle import ROOT, RUN_FOLDER
from tools.platform.welcome import enter_agencies
from tools.replay import FILE_WIDTH
from tools.replay.table import timeline

OUTPUT = ROOT / "build" / "demo"
AUDITOR = "ubndtinh_kiemtoan"


def main(words: Sequence[str] | None = None) -> int:
    """Run the demo; 0 when the whole journey came out, 1 with the reason when it did not."""
    options = _parser().parse_args(words)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = FILE_WIDTH
    try:
        with ExitStack() as stack:
            platform = Platform(options.folder, world=world())
            if not platform.running():
                console.print("starting the platform ...", style="dim")
                stack.callback(platform.stop)
                platform.start()
            enter_agencies(platform)
            walk(platform.installation, console, options.output)
    except (DemoFailed, InstallationError, PlatformError) as error:
        Console(stderr=True).print(str(error), style="red", markup=False, soft_wrap=True)
        return 1
    return 0


def walk(
    here: Installation, console: Console, output: Path, client: Callable[..., Client] = Client
) -> dict[str, Any]:
    """Walk the journey on a running platform; print and write what came of it.

    `client` makes the front end of each account, from what `Client` takes.
    """
    run, began = datetime.now().astimezone().isoformat(), time.monotonic()
    clients: dict[str, Client] = {}

    def log_in(who: str) -> Client:
        if who not in clients:
            clients[who] = client(here.url, here.issuer_url, who, PASSWORD, run)
        return clients[who]

    def log_in_person(person: Person) -> Client:
        return log_in(person.key)

    def say(what: str) -> None:
        console.print(f"[green]{time.monotonic() - began:6.1f} s[/]  {what}", soft_wrap=True)

    journey = Journey(government_office(here), log_in_person, say)
    story = journey.walk()
    trace = report.whole_trace(log_in(AUDITOR), journey.subject)
    found = report.compose(story, trace, time.monotonic() - began)
    write_files(story, output)
    report.write(found, output / "report.json")
    console.print()
    console.print(timeline(trace))
    console.print(_senders_table(found["statuses_seen_by_sender"]))
    console.print(_signature_table(found["signatures"]))
    console.print(f"\nWritten: {_short(output)}/report.json and {len(story.files)} signed PDFs")
    console.print(f"Again:   lienthong up; lienthong replay {trace['trace_id']}")
    return found


def government_office(here: Installation, cast: Cast = DEMO) -> GovernmentOffice:
    """The Government Office's system, with its account on the axis and its keys."""
    secret = here.credentials.path(f"axis.{GOVERNMENT_SYSTEM}").read_text(encoding="utf-8").strip()
    axis = NationalAxis(here.axis_url, GOVERNMENT_SYSTEM, secret)
    return GovernmentOffice.open(axis, setup_of(here), here.folder / "government-office", cast)


def setup_of(here: Installation) -> Setup:
    """What signs and judges with the test PKI, outside of the platform."""
    environment, pki = here.environment("monitor"), here.folder / "pki"
    return Setup(
        trust=pki / "trust",
        hosts=(f"127.0.0.1:{here.ports['pki']}",),
        keys=pki / "keys",
        tsa_urls=tuple(environment["TSA_URL"].split(",")),
    )


def _senders_table(rows: list[dict[str, Any]]) -> Table:
    """What each sender sees of its recipients' steps; an envelope tells them to the instant."""
    title = "Bên gửi thấy · what senders see"
    table = Table(title=title, title_justify="left", header_style="bold")
    for heading in ("sender", "recipient", "status", "unit", "handler", "at"):
        table.add_column(heading)
    table.add_column("took", justify="right")
    table.add_column("envelope")
    before = None
    for row in rows:
        delivery = (row["document_id"], row["recipient"])
        first = delivery != before
        before = delivery
        at = datetime.fromisoformat(row["at"]).astimezone(VIETNAM)
        exact = row["envelope"] == "good"
        table.add_row(
            f"{row['sender']}\n{row['document_code']}" if first else "",
            row["recipient"] if first else "",
            f"{row['status_code']} {LABELS[row['status_code']][0]}",
            row["unit"] or "",
            row["handler"] or "",
            f"{at:%H:%M:%S}" + (f".{at.microsecond // 1000:03}" if exact else ""),
            f"{row['seconds']:.{3 if exact else 0}f} s",
            row["envelope"] or "-",
        )
    return table


def _signature_table(signatures: list[dict[str, Any]]) -> Table:
    table = Table(title="Chữ ký số · signatures", title_justify="left", header_style="bold")
    for heading in ("file", "role", "signer", "verdict"):
        table.add_column(heading)
    for row in signatures:
        passed = row["verdict"] == "TOTAL_PASSED"
        style = "green" if passed else "red"
        table.add_row(row["file"], row["role"], row["signer"], f"[{style}]{row['verdict']}[/]")
    return table


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lienthong demo",
        description="Walk one directive through four tiers: Government Office, province, "
        "department and communes, and back. Starts the platform if it does not run, and then "
        "stops it again.",
    )
    parser.add_argument(
        "--folder", type=Path, default=RUN_FOLDER, help="run folder of the platform"
    )
    parser.add_argument(
        "--output", type=Path, default=OUTPUT, help="where report.json and the PDFs go"
    )
    return parser
