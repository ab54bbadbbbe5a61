"""Run the stand-in: `python -m tools.axis --data DIR --port N --port-file FILE`.

DIR/systems.json says who may connect:
`{"systems": [{"id": "province", "secret": "...", "agencies": ["H42", "H42.01"]}]}`; with
`"admin": "..."` in it, whoever has that secret may switch faults on (tools/axis/faults.py).
It is read once, at the start. Only 127.0.0.1 is listened on.
"""

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from tools.axis.app import Axis
from tools.axis.refusal import Refusal
from tools.axis.store import Store


class _Handler(WSGIRequestHandler):
    """Werkzeug's handler with a limit on silence; the application writes the log."""

    timeout = 60

    def log(self, *_arguments: Any) -> None: ...


def main() -> None:
    """Serve until ended; a TERM or a KILL at any time is safe."""
    arguments = _arguments()
    data: Path = arguments.data
    try:
        systems = read_systems(data / "systems.json")
        admin = read_admin(data / "systems.json")
        store = Store(data)
        store.seed({system["id"]: system["agencies"] for system in systems})
    except BlockingIOError:
        sys.exit(f"another axis is running on {data}")
    except (OSError, ValueError, Refusal) as error:
        sys.exit(f"cannot start: {error}")
    secrets = {system["id"]: system["secret"] for system in systems}
    axis = Axis(store, secrets, f"axis-{os.getpid()}", sys.stderr, admin)
    server = make_server("127.0.0.1", arguments.port, axis, threaded=True, request_handler=_Handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _write_port(arguments.port_file, server.server_port)
    server.serve_forever()


def read_systems(path: Path) -> list[dict[str, Any]]:
    """Return the systems of the file; raises `ValueError` naming what is wrong, never a secret."""
    content = json.loads(path.read_text("utf-8"))
    systems = content.get("systems") if isinstance(content, dict) else None
    if not isinstance(systems, list) or not all(_is_system(system) for system in systems):
        raise ValueError(f"{path.name}: every system needs an id, a secret and agencies")
    if len({system["id"] for system in systems}) != len(systems):
        raise ValueError(f"{path.name}: an id occurs twice")
    return systems


def read_admin(path: Path) -> str:
    """Return the admin's secret of the file; empty if nobody may switch faults on."""
    admin = json.loads(path.read_text("utf-8")).get("admin", "")
    if not (isinstance(admin, str) and admin.isascii()):
        raise ValueError(f"{path.name}: admin must be an ASCII text")
    return admin


def _is_system(system: object) -> bool:
    if not isinstance(system, dict):
        return False
    texts = [system.get("id"), system.get("secret"), *system.setdefault("agencies", [])]
    return all(isinstance(text, str) and text for text in texts)


def _write_port(path: Path | None, port: int) -> None:
    if path is not None:
        partial = path.with_name(path.name + ".partial")
        partial.write_text(f"{port}\n")
        partial.replace(path)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.axis", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the axis' memory")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--port-file", type=Path, help="where to write the port that was taken")
    return parser.parse_args()


if __name__ == "__main__":
    main()
