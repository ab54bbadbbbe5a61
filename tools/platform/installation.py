"""One installation on this machine: its folder, ports, secrets, and the settings of its parts."""

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tools.platform.credentials import Credentials
from tools.platform.database import SERVICES, DatabaseServer
from tools.platform.ports import free_ports
from tools.platform.postgres import Postgres
from tools.platform.rabbitmq import PORTS as BROKER_PORTS
from tools.platform.rabbitmq import RabbitMQ

WORKERS = ("documents", "signatures", "interconnect")
REPLACEABLE = (
    "DATABASE_URL", "AMQP_URL", "BLOB_URL", "OIDC_ISSUER", "AXIS_URL", "AXIS_SYSTEM_ID",
    "AXIS_SECRET_FILE", "TSA_URL", "PKCS11_MODULE", "TOKENS_DIR", "SOFTHSM2_CONF", "PG_BIN",
    "OTEL_EXPORTER_OTLP_ENDPOINT", "LOG_POLICY", "LOG_ORIGIN",
    "LOG_TOKEN_MODULE", "LOG_TOKEN_LABEL", "LOG_TOKEN_PIN_FILE",
)  # fmt: skip
"""Settings by which the caller's environment replaces a part of the platform by a real one."""

_PORTS = (
    "edge", "postgres", *(f"broker.{name}" for name in BROKER_PORTS), "pki", "axis", "issuer",
    "relay.ops", *(f"{name}.service.{kind}" for name in SERVICES for kind in ("http", "ops")),
    *(f"{name}.worker.ops" for name in WORKERS), "audit.sealer.ops", "witness",
)  # fmt: skip


class InstallationError(Exception):
    """The installation cannot start here; the message says what to do."""


class Installation:
    """The facts that every process of one installation is started from.

    `settings` are environment variables for all services; those of `REPLACEABLE` replace a part.
    """

    def __init__(self, folder: Path, ports: dict[str, int], settings: Mapping[str, str]) -> None:
        self.folder = folder.resolve()
        self.ports = ports
        self.settings = dict(settings)
        self.credentials = Credentials(self.folder / "secrets")

    @classmethod
    def create(cls, folder: Path, settings: Mapping[str, str]) -> "Installation":
        """Describe the installation for a start; ports of an earlier start are kept if free.

        Raises `InstallationError` when a port that certificates name is taken.
        """
        folder.mkdir(parents=True, exist_ok=True)
        before = cls.open(folder).ports if (folder / "secrets" / "installation").exists() else {}
        kept = {name: port for name, port in before.items() if name in _PORTS and _free(port)}
        if "pki" in before and "pki" not in kept:
            raise InstallationError(
                f"port {before['pki']}, which this installation's certificates name, is taken by "
                "another program: end it, or begin anew with `make clean`"
            )
        missing = [name for name in _PORTS if name not in kept]
        ports = kept | dict(zip(missing, free_ports(len(missing)), strict=True))
        installation = cls(folder, ports, settings)
        facts = {"ports": ports, "settings": installation.settings}
        installation.credentials.put("installation", json.dumps(facts, indent=1))
        return installation

    @classmethod
    def open(cls, folder: Path) -> "Installation":
        """Return the installation that was started in `folder`; FileNotFoundError if none was."""
        facts = json.loads((folder / "secrets" / "installation").read_text(encoding="utf-8"))
        return cls(folder, facts["ports"], facts["settings"])

    @property
    def url(self) -> str:
        """The one base URL."""
        return f"http://127.0.0.1:{self.ports['edge']}"

    @property
    def issuer_url(self) -> str:
        """Where people log in: the development issuer, unless a real one is set."""
        return self.settings.get("OIDC_ISSUER") or f"http://127.0.0.1:{self.ports['issuer']}"

    @property
    def axis_url(self) -> str:
        """The national axis: the stand-in, unless a real one is set."""
        return self.settings.get("AXIS_URL") or f"http://127.0.0.1:{self.ports['axis']}"

    @property
    def own_database(self) -> bool:
        """Whether the installation runs its own PostgreSQL."""
        return "DATABASE_URL" not in self.settings

    @property
    def own_broker(self) -> bool:
        """Whether the installation runs its own RabbitMQ."""
        return "AMQP_URL" not in self.settings

    @property
    def postgres(self) -> Postgres:
        """The installation's own PostgreSQL cluster."""
        return Postgres(self.folder / "postgres", self.ports["postgres"], self.credentials)

    @property
    def rabbitmq(self) -> RabbitMQ:
        """The installation's own RabbitMQ node."""
        ports = {name: self.ports[f"broker.{name}"] for name in BROKER_PORTS}
        return RabbitMQ(self.folder / "rabbitmq", ports, self.credentials)

    @property
    def database(self) -> DatabaseServer:
        """The server that holds the database: the own cluster's, or DATABASE_URL's."""
        if self.own_database:
            return self.postgres.database
        # The database itself may not exist yet; every server has the one called "postgres".
        maintenance = urlsplit(self.settings["DATABASE_URL"])._replace(path="/postgres").geturl()
        return DatabaseServer(maintenance, self.credentials)

    @property
    def database_name(self) -> str:
        """The installation's database."""
        given = urlsplit(self.settings.get("DATABASE_URL", "")).path.strip("/")
        return given or "lienthong"

    def database_url(self, role: str) -> str:
        """Return the URL by which a role enters the installation's database."""
        return self.database.url(self.database_name, role)

    def amqp_url(self, user: str) -> str:
        """Return a user's broker URL; a broker set from outside has one user for all."""
        return self.rabbitmq.url(user) if self.own_broker else self.settings["AMQP_URL"]

    def environment(self, role: str) -> dict[str, str]:
        """Return what a process of ours sees: its own role's secrets, and no other variable."""
        system = self.settings.get("AXIS_SYSTEM_ID", "province")
        pki = f"http://127.0.0.1:{self.ports['pki']}"
        # Machines get their tokens from the directory, found by everyone under the base URL.
        report_key = {"REPORT_KEY_FILE": str(self.credentials.folder / "report-key.pem")}
        token_key = {"TOKEN_KEY_FILE": str(self.credentials.folder / "token-key.pem")}
        return {
            **surroundings(),
            **(token_key if role == "directory" else {}),
            **(report_key if role == "signatures" else {}),
            "PUBLIC_URL": self.url,
            "BLOB_URL": f"file://{self.folder / 'blobs'}",
            "OIDC_ISSUER": f"{self.issuer_url},{self.url}",
            "AXIS_URL": self.axis_url,
            "AXIS_SYSTEM_ID": system,
            "AXIS_SECRET_FILE": str(self.credentials.path(f"axis.{system}")),
            "TSA_URL": ",".join(f"{pki}/government/tsa/{name}" for name in ("tsa", "tsa-2")),
            "TRUST_DIR": str(self.folder / "pki" / "trust"),
            "KEYS_DIR": str(self.folder / "pki" / "keys"),
            "SERVICE_KEYS_DIR": str(self.folder / "pki" / "service-keys"),
            "LOG_DIR": str(self.folder / "log" / "shown"),
            **{name: value for name, value in self.settings.items() if name != "OIDC_ISSUER"},
            "DATABASE_URL": self.database_url(role),
            "AMQP_URL": self.amqp_url(role),
            "HTTP_HOST": "127.0.0.1",
            "OPS_HOST": "127.0.0.1",
        }


def surroundings() -> dict[str, str]:
    """Return the caller's variables that no program can do without."""
    wanted = ("PATH", "HOME", "TMPDIR")
    kept = {name: os.environ[name] for name in wanted if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore"}


def _free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port on which only old connections fade away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
