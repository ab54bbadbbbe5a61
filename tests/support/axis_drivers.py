"""An axis in this process that fails as told, and every driver's client of it."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from werkzeug.serving import make_server

from services.interconnect.axis import AxisClient, NationalAxis, ProvinceAccount, ProvinceAxis
from tools.axis.app import Axis
from tools.axis.store import Store

SENDER, RECIPIENT, OTHER = "000.00.00.G22", "H42", "H42.01"
MANY = [f"H42.{number:03}.{'X' * 20}" for number in range(300)]
SYSTEMS = {"office": [SENDER], "province": [RECIPIENT, OTHER], "other": ["H41"], "many": MANY}
ADMIN = "admin-secret"
DRIVERS = ("national", "national before 2.0.1", "province")


@dataclass
class FaultyAxis:
    """An axis, and those who talk to it by one driver."""

    url: str
    driver: str

    def client(self, system: str, timeout: float = 5, secret: str | None = None) -> AxisClient:
        secret = f"{system}-secret" if secret is None else secret
        if self.driver == "province":
            account = ProvinceAccount(system, secret, system, secret, "edoc")
            return ProvinceAxis(self.url, account, timeout=timeout)
        return NationalAxis(self.url, system, secret, timeout=timeout)

    def plan(self, seed: int = 1, **faults: dict[str, Any]) -> None:
        """Replace the faults; an older axis knows no downloads all the time."""
        if self.driver == "national before 2.0.1":
            faults["old"] = {}
        reply = self.administer(json={"seed": seed, "faults": faults})
        assert reply.json()["status"] == "OK", reply.text

    def method(self, what: str) -> list[str]:
        """The interface's names for listing, fetching, sending and acknowledging."""
        listing = "syncReceivedEdocList" if self.driver == "province" else "getReceivedEdocList"
        fetching = "downloadEdoc" if self.driver == "national" else "getEdoc"
        names = {"list": listing, "fetch": fetching, "send": "sendEdoc"}
        return [{**names, "acknowledge": "updateStatus"}[what]]

    def happened(self, fault: str) -> int:
        return int(self.administer().json()["happened"][fault])

    def administer(self, secret: str = ADMIN, **body: Any) -> requests.Response:
        method = "POST" if body else "GET"
        headers = {"Authorization": f"Bearer {secret}"}
        return requests.request(method, f"{self.url}/faults", headers=headers, timeout=5, **body)


def seeded_store(folder: Path) -> Store:
    """A memory that knows all systems."""
    store = Store(folder)
    store.seed(SYSTEMS)
    return store


@contextmanager
def serving(store: Store, admin: str = ADMIN) -> Iterator[str]:
    """The address of an axis on this memory."""
    secrets = {system: f"{system}-secret" for system in SYSTEMS}
    axis = Axis(store, secrets, "axis-here", io.StringIO(), admin)
    server = make_server("127.0.0.1", 0, axis, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
