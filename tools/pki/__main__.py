"""`python -m tools.pki init | revoke | serve`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from .architecture import TSAS, ocsp_url, tsa_url
from .issue import init, revoke
from .server import serve
from .store import State, SubjectRefused, read_subjects


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 2 for a refused input."""
    given = _parser().parse_args(arguments)
    try:
        if given.command == "serve":
            # TERM ends the server through its `finally`, like Ctrl-C.
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            serve(given.data, given.port, given.port_file, given.fake_time)
        elif given.command == "revoke":
            _show(given.data, revoke(given.data, given.id, datetime.now(UTC)))
        else:
            subjects = read_subjects(given.subjects) if given.subjects else []
            _show(given.data, init(given.data, subjects, given.port))
    except (SubjectRefused, FileNotFoundError) as error:
        print(f"pki: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


def _show(data: Path, state: State) -> None:
    facts = {
        "port": state.port,
        "tsa_url": ",".join(tsa_url(state, name) for name in TSAS),
        "ocsp_url": ocsp_url(state),
        "trust": str(data / "trust"),
        "keys": str(data / "keys"),
        "subjects": len(state.subjects),
    }
    print(json.dumps(facts))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.pki", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("init", "revoke", "serve"):
        command = commands.add_parser(name)
        command.add_argument("--data", type=Path, required=True)
        if name == "revoke":
            command.add_argument("--id", required=True)
            continue
        command.add_argument("--port", type=int, default=0)
        if name == "init":
            command.add_argument("--subjects", type=Path)
        else:
            command.add_argument("--port-file", type=Path)
            command.add_argument("--fake-time", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
