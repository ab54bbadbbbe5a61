"""`lienthong witness run | status`."""

import argparse
import fcntl
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from libs.observability import set_up_logging
from libs.secrecy import forbid_dumps
from libs.translog.files import write_durably
from tools.witness.alarms import alarm_files
from tools.witness.app import Witness
from tools.witness.home import CannotStart, Memory, opened
from tools.witness.server import Server

_DESCRIPTION = """\
Co-sign the checkpoints of other agencies' logs, and raise an alarm when a log changes its past.

  FOLDER/logs      the logs' public keys, one a line: yours to write
  FOLDER/alarms    one file for each contradiction: take it away when it has been dealt with

The witness's own key is made on the first start. Keep a copy of FOLDER/key.pem; a copy of
FOLDER/state.json that is older than the last co-signature makes the witness forget.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 1 alarms (status) or cannot start (run), 2 no witness, wrong call.

    A TERM or a KILL of `run` at any time is safe.
    """
    given = _parser().parse_args(arguments)
    try:
        return _status(given) if given.command == "status" else _run(given)
    except CannotStart as error:
        print(f"lienthong witness: {error}", file=sys.stderr)
        return 1


def _run(given: argparse.Namespace) -> int:
    forbid_dumps()
    with opened(given.folder, given.name) as home:
        set_up_logging("witness", sys.stderr)
        server = Server(given.host, given.port, Witness(home))
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        if given.port_file:
            write_durably(given.port_file, f"{server.server_port}\n".encode())
        print(f"{home.signer.key}\nhttp://{given.host}:{server.server_port}/", flush=True)
        server.serve_forever()
    return 0


def _status(given: argparse.Namespace) -> int:
    try:
        memory = Memory.read(given.folder / "state.json")
    except FileNotFoundError:
        print(f"lienthong witness: none was ever started on {given.folder}", file=sys.stderr)
        return 2
    sizes = {origin: memory.known(origin).size for origin in memory.notes}
    alarms = [path.name for path in alarm_files(given.folder / "alarms")]
    running = _locked(given.folder / "lock")
    if given.json:
        facts = {"key": str(memory.key), "running": running, "logs": sizes, "alarms": alarms}
        print(json.dumps(facts, ensure_ascii=False, indent=1))
    else:
        print(f"{memory.key}\n{'running' if running else 'not running'}")
        for origin, size in sizes.items():
            print(f"{origin}: co-signed up to {size} entries")
        for name in alarms:
            print(f"ALARM {given.folder / 'alarms' / name}")
    return 1 if alarms else 0


def _locked(path: Path) -> bool:
    """Tell whether a process holds the folder."""
    with path.open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lienthong witness",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="serve until ended")
    run.add_argument("--name", required=True, help="such as witness.h42.gov.vn; never changes")
    run.add_argument("--host", default="127.0.0.1", help="address to listen on")
    run.add_argument("--port", type=int, default=7380, help="0 takes a free one")
    run.add_argument("--port-file", type=Path, help="where to write the port that was taken")
    status = commands.add_parser("status", help="what was co-signed; 1 when there are alarms")
    status.add_argument("--json", action="store_true", help="print JSON for programs")
    for command in (run, status):
        command.add_argument("--folder", type=Path, required=True, help="the witness's folder")
    return parser


if __name__ == "__main__":
    sys.exit(main())
