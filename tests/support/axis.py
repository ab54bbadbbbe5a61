"""The national-axis stand-in as a real process, for tests."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from services.interconnect.axis import NationalAxis
from services.interconnect.axis_signing import sign_headers
from tests.support.wait import eventually

ADMIN = "admin-secret"


@dataclass(frozen=True)
class RunningAxis:
    """A running axis: its process, its address and its systems, whose secret is `<id>-secret`."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def client(self, system: str) -> NationalAxis:
        return NationalAxis(self.url, system, f"{system}-secret", timeout=5)

    def plan(self, seed: int = 1, **faults: dict[str, Any]) -> None:
        """Let it fail from now on as told, and no more as before; it must have an admin."""
        body = {"seed": seed, "faults": faults}
        headers = {"Authorization": f"Bearer {ADMIN}"}
        reply = requests.post(f"{self.url}/faults", json=body, headers=headers, timeout=10)
        assert reply.json()["status"] == "OK", reply.text

    def happened(self) -> dict[str, int]:
        """How often each fault of the plan has happened."""
        headers = {"Authorization": f"Bearer {ADMIN}"}
        reply = requests.get(f"{self.url}/faults", headers=headers, timeout=10)
        return dict(reply.json()["happened"])

    def post(self, method: str, headers: Mapping[str, str], body: bytes = b"") -> Any:
        """Send a request as it is and return the reply's JSON."""
        return requests.post(f"{self.url}/{method}", body, headers=headers, timeout=10).json()


def signed(system: str, **parameters: str) -> dict[str, str]:
    """Sign headers as `system` would now, with `_` for `-` in their names."""
    headers = {name.replace("_", "-"): value for name, value in parameters.items()}
    headers |= {"systemid": system, "timestamp": str(round(time.time() * 1000))}
    return sign_headers(headers, f"{system}-secret")


def document_packet(sender: str, recipients: Sequence[str], subject: str = "V/v kết nối") -> bytes:
    """The smallest document packet that the axis can route."""
    to = "".join(f"<To><OrganId>{code}</OrganId></To>" for code in recipients)
    return _packet(
        f"<From><OrganId>{sender}</OrganId></From>{to}"
        "<Code><CodeNumber>7816</CodeNumber><CodeNotation>VPCP-TTĐT</CodeNotation></Code>"
        f"<Subject>{subject}</Subject>"
    )


def status_packet(sender: str, recipient: str, code: str) -> bytes:
    """The smallest status packet that the axis can route."""
    return _packet(
        f"<From><OrganId>{sender}</OrganId></From><ResponseFor><OrganId>{recipient}</OrganId>"
        f"<Code>7816/VPCP-TTĐT</Code></ResponseFor><StatusCode>{code}</StatusCode>"
    )


def _packet(header: str) -> bytes:
    return (
        '<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016"><edXMLEnvelope><edXMLHeader>'
        f"<MessageHeader>{header}</MessageHeader></edXMLHeader></edXMLEnvelope></edXML>"
    ).encode()


@contextmanager
def running_axis(
    data: Path, systems: Mapping[str, Sequence[str]], admin: str = ""
) -> Iterator[RunningAxis]:
    """Run the axis on folder `data` with systems and the agency codes of each; end it after.

    With an `admin` secret it can be told to fail.
    """
    rows = [{"id": s, "secret": f"{s}-secret", "agencies": list(c)} for s, c in systems.items()]
    data.mkdir(parents=True, exist_ok=True)
    (data / "systems.json").write_text(json.dumps({"systems": rows, "admin": admin}))
    port_file, log = data / "port", data / "log"
    port_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tools.axis", "--data", str(data)]
    command += ["--port-file", str(port_file)]
    root = Path(__file__).parents[2]
    with log.open("ab") as stderr, subprocess.Popen(command, stderr=stderr, cwd=root) as process:
        try:
            eventually(lambda: port_file.exists() or process.poll() is not None, within=20)
            assert process.poll() is None, log.read_text()
            url = f"http://127.0.0.1:{int(port_file.read_text())}"
            identity = requests.get(f"{url}/healthz", timeout=10).json()["identity"]
            assert identity == f"axis-{process.pid}"
            yield RunningAxis(process, url, log)
        finally:
            process.kill()
