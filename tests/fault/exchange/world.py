"""An installation to be harmed: its platform, its people's front ends, and strangers beyond."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg2
import requests

from tests.fault.exchange.beyond import Beyond
from tests.support.wait import eventually
from tools.demo.cast import PASSWORD, Agency, Cast
from tools.demo.client import Client
from tools.demo.front import Front
from tools.demo.province import PROVINCE_KEY, province
from tools.demo.seed import seed
from tools.demo.watch import Watch
from tools.platform import Installation, Platform
from tools.platform.credentials import Credentials
from tools.platform.os_process import alive
from tools.platform.rabbitmq import RabbitMQError
from tools.platform.world import World

T = TypeVar("T")
_AXIS_ADMIN = "axis.admin"


class Patient(Client):
    """A front end that goes on asking: whatever fails is tried again under the same key."""

    patience = 900.0
    trouble = (*Client.trouble, 500)


class TamperedWorld(World):
    """As `World`; and somebody may tell the axis to fail."""

    def write(self, pki: Path, issuer: Path, axis: Path, credentials: Credentials) -> None:
        super().write(pki, issuer, axis, credentials)
        file = axis / "systems.json"
        content = {**json.loads(file.read_text()), "admin": credentials.get(_AXIS_ADMIN)}
        Credentials(axis).put(file.name, json.dumps(content))


class Exchange:
    """What a run works with."""

    def __init__(self, platform: Platform, cast: Cast, watch: Watch) -> None:
        self.platform = platform
        self.cast = cast
        self.watch = watch
        self.front = Front(platform.installation, cast, str(uuid.uuid4()), Patient)
        self.beyond = Beyond(platform.installation, cast)

    @property
    def here(self) -> Installation:
        return self.platform.installation

    @property
    def inside(self) -> list[Agency]:
        """The agencies of this installation."""
        return [agency for agency in self.cast.agencies if agency.channel == "inside"]

    def execute(self, statement: str, *values: Any) -> list[Any]:
        """Run a statement as the server's administrator; again and again while it is away."""

        def run() -> list[Any]:
            admin = psycopg2.connect(self._admin_url(), connect_timeout=5)
            admin.autocommit = True
            try:
                with admin.cursor() as cursor:
                    cursor.execute(statement, values)
                    return list(cursor.fetchall()) if cursor.description else []
            finally:
                admin.close()

        return insist(run)

    def broker(self, method: str, path: str, body: object = None) -> Any:
        """Call the broker's management API; again and again while it is away."""
        return insist(lambda: self.here.rabbitmq.ask(method, path, body))

    def axis_faults(self, plan: dict[str, Any], chance: int = 0) -> None:
        """Replace what the axis does wrong."""
        admin = {"Authorization": f"Bearer {self.here.credentials.get(_AXIS_ADMIN)}"}
        body = {"seed": chance, "faults": plan}

        def tell() -> None:
            answer = requests.post(
                f"{self.here.axis_url}/faults", json=body, headers=admin, timeout=5
            )
            answer.raise_for_status()

        insist(tell)

    def pid(self, name: str) -> int | None:
        """The leader of a process, None while it does not run."""
        process = self.platform.process(name).process
        return process.pid if process and alive(process) else None

    def _admin_url(self) -> str:
        url = self.here.database.admin_url
        return f"{url.rpartition('/')[0]}/{self.here.database_name}"


def insist(work: Callable[[], T], within: float = 120) -> T:
    """The answer of `work`, which may fail for a while as long as servers are away."""
    answers: list[T] = []

    def tried() -> bool:
        try:
            answers.append(work())
        except (psycopg2.Error, requests.RequestException, RabbitMQError) as error:
            raise AssertionError(repr(error)) from error
        return True

    eventually(tried, within=within, every=0.2)
    return answers[0]


@contextmanager
def exchanging(folder: Path, inside: int, outside: int) -> Iterator[Exchange]:
    """Start an installation with so many agencies, entered and known to the axis."""
    cast = province(inside, outside)
    world = TamperedWorld(**vars(cast.world()))
    with Platform(folder, world=world) as platform:
        platform.start()
        here = platform.installation
        operator = Client(here.url, here.issuer_url, f"{PROVINCE_KEY}_quantri", PASSWORD, "enter")
        seed(operator, here.folder / "pki" / "certificates", cast)
        urls = {name: platform.database_url(name) for name in ("documents", "interconnect")}
        with Watch(urls) as watch:
            exchange = Exchange(platform, cast, watch)
            with exchange.beyond.at_work():
                yield exchange
