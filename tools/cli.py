"""`lienthong`: the platform's command."""

import argparse
import importlib
import json
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table

from tools.demo.cast import world
from tools.platform import InstallationError, Platform, PlatformError, PlatformState, welcome
from tools.platform.handle import RUN_FOLDER

_EXAMPLES = """\
examples:
  lienthong up                          start everything, and stay running in the background
  lienthong status                      what runs, where, and what was restarted
  lienthong demo                        walk one directive through four tiers, with a report
  lienthong replay TRACE                a document's whole history, as known now
  lienthong replay TRACE --at 2026-11-22T09:00:00+07:00
                                        ... and as it was known at that instant
  lienthong replay --person ID --at 14:05 --seen
                                        what a person saw at that instant
  lienthong log status                  how far the log is sealed and witnessed
  lienthong certificates forecast       what expires when, and what stops with it
  lienthong verify                      is every event still what was sealed?
  lienthong bundle TRACE -o case.zip    the evidence of a trace, for a court: files, events, proofs
  lienthong verify-bundle case.zip      is it whole and true? (anywhere: python verify_bundle.py)
  lienthong parked list                 which streams stand still, and why
  lienthong balance                     is anything lost? accepted and arrived, pair by pair
  lienthong eventstore rebase           after a restore: a new epoch, then the services may start
  lienthong down                        end what `up` started, and nothing else

Data, secrets and logs of the running platform lie in build/run.
Parts are replaced by real ones through the environment: DATABASE_URL, AMQP_URL, BLOB_URL,
OIDC_ISSUER, AXIS_URL, TSA_URL (see ARCHITECTURE.md).
"""
# These read their own arguments; `lienthong demo --help` is theirs to answer.
_DELEGATED = {
    "bundle": ("tools.bundle", "everything of a trace in one file that anybody can check offline"),
    "certificates": ("tools.certificates", "who lacks one, what expires when, what is wrong"),
    "balance": ("tools.balance", "whether every accepted document is somewhere, pair by pair"),
    "demo": ("tools.demo.run", "walk the golden journey on a platform of its own"),
    "edxml": ("tools.edxml.cli", "check edXML packets against the rules"),
    "eventstore": ("tools.eventstore", "the event store after a restore: check, rebase"),
    "log": ("tools.log", "the transparency log: status, export, prove, check"),
    "parked": (
        "tools.parked",
        "what was given up (events, jobs, packets): list; release or refuse an event",
    ),
    "rebuild": (
        "tools.rebuild",
        "make a service's read models anew from the store, while it serves",
    ),
    "replay": ("tools.replay", "who did what, who saw what, at any instant; and who asked"),
    "signatures": ("tools.signatures", "judge the signatures of a PDF file; look at tokens"),
    "verify": ("tools.verify", "check the event store against the log, column by column"),
    "verify-bundle": ("tools.bundle.verify_bundle", "check such a file, without network"),
    "witness": ("tools.witness.__main__", "co-sign other agencies' logs, or show what was seen"),
}
_COLOURS = {"ready": "green", "done": "dim", "starting": "yellow", "waiting": "dim"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 for success, 1 when it failed, 2 for a wrong call, 130 for Ctrl-C."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words and words[0] in _DELEGATED:
            module = importlib.import_module(_DELEGATED[words[0]][0])
            return int(module.main(words[1:]) or 0)
        options = _parser().parse_args(words)
        return int(options.run(options))
    except BrokenPipeError:
        # Whoever read us (`| head`) has seen enough; Python must not complain at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (InstallationError, PlatformError) as error:
        Console(stderr=True, highlight=False).print(
            str(error), style="red", markup=False, soft_wrap=True
        )
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; what was started goes on: see `lienthong status`", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lienthong",
        description="Signed documents between the agencies of a province: the platform's command.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, run, text in (
        ("up", _up, "start the platform and wait until all of it is ready"),
        ("down", _down, "end what `up` started"),
        ("status", _status, "show every process: pid, state, restarts, port"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "--folder", type=Path, default=RUN_FOLDER, help="run folder (default: build/run)"
        )
        command.set_defaults(run=run)
        if name == "status":
            command.add_argument("--json", action="store_true", help="print JSON for programs")
        if name == "up":
            command.add_argument(
                "--within", type=float, default=180, metavar="SECONDS", help="how long to wait"
            )
    for name, (_module, text) in _DELEGATED.items():
        commands.add_parser(name, help=text, add_help=False)
    return parser


def _up(options: argparse.Namespace) -> int:
    console = Console(highlight=False)
    platform = Platform(options.folder, world=world())
    if platform.running():
        console.print("The platform runs already.")
        return _status(argparse.Namespace(folder=options.folder, json=False))
    live = Live(console=console, transient=True) if console.is_terminal else None
    with live or nullcontext():
        platform.start(
            within=options.within,
            owned=False,
            watch=lambda state: live.update(_table(state)) if live else None,
        )
    welcome.enter_agencies(platform)
    console.print(_table(platform.state()))
    welcome.show(platform, console)
    return 0


def _down(options: argparse.Namespace) -> int:
    Platform(options.folder).stop()
    print("stopped")
    return 0


def _status(options: argparse.Namespace) -> int:
    """Show the processes; 1 when the platform does not run or not all of it is ready."""
    platform = Platform(options.folder)
    state = platform.state()
    running = platform.running()
    if options.json:
        processes = [asdict(process) for process in state.processes.values()]
        facts = {"running": running, "ready": state.ready, "url": state.url}
        print(json.dumps({**facts, "processes": processes}, indent=1))
    elif not running:
        print("The platform does not run. Start it with: lienthong up")
    else:
        console = Console(highlight=False)
        console.print(_table(state))
        console.print(f"Base URL   {state.url}")
    return 0 if running and state.ready else 1


def _table(state: PlatformState) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("process", "pid", "state", "restarts", "port", ""):
        table.add_column(title, justify="right" if title in ("pid", "restarts", "port") else "left")
    for process in state.processes.values():
        colour = _COLOURS.get(process.state, "red")
        table.add_row(
            process.name,
            str(process.process.pid) if process.process else "-",
            f"[{colour}]{process.state}[/]",
            str(process.restarts or "-"),
            str(process.port or "-"),
            process.reason.splitlines()[0] if process.reason else "",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
