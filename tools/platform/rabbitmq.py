"""A private RabbitMQ node as two plain processes: its name server `epmd`, and the broker.

Nothing of the system's RabbitMQ is used but its programs: ports, data, cookie, users and log are
the installation's own. Users and rights come from a definitions file that the node loads at each
start, with hashed passwords.
"""

import base64
import hashlib
import json
import os
import secrets
import shutil
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from tools.platform.credentials import Credentials
from tools.platform.database import SERVICES

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # /usr/sbin's drops the environment
VHOST = "lienthong"
PORTS = ("amqp", "management", "prometheus", "distribution", "epmd")

_CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {prometheus}
load_definitions = {definitions}
vm_memory_high_watermark.absolute = 512MB
disk_free_limit.absolute = 200MB
"""


class RabbitMQError(Exception):
    """RabbitMQ is missing, does not answer or refuses; the message says which."""


class RabbitMQ:
    """One node below `folder` on the given ports (a number for each name of `PORTS`)."""

    def __init__(self, folder: Path, ports: dict[str, int], credentials: Credentials) -> None:
        self.folder = folder.resolve()
        self.ports = ports
        self.credentials = credentials

    @staticmethod
    def installed() -> bool:
        """Whether the programs are on this machine."""
        return PROGRAM.exists() and shutil.which("epmd") is not None

    def prepare(self) -> None:
        """Write configuration, users and cookie for the next start."""
        if not self.installed():
            raise RabbitMQError("RabbitMQ is not installed (Debian, Ubuntu: rabbitmq-server)")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)  # the definitions hold password hashes, the data all messages
        definitions = self.folder / "definitions.json"
        definitions.write_text(json.dumps(self._definitions()))
        (self.folder / "rabbitmq.conf").write_text(
            _CONFIGURATION.format(definitions=definitions, **self.ports)
        )
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management,rabbitmq_prometheus].\n")
        # The cookie is read from a file: the flag -setcookie would show it to every user.
        cookie = self.folder / ".erlang.cookie"
        if not cookie.exists():
            Credentials(self.folder).put(cookie.name, secrets.token_hex(20))

    def epmd_command(self) -> list[str]:
        """Return the command of the name server: a process of ours, it would outlive the broker."""
        return ["epmd", "-address", "127.0.0.1", "-port", str(self.ports["epmd"])]

    def command(self) -> list[str]:
        """Return the command of the broker, in the foreground; it needs `environment()`."""
        return [str(PROGRAM)]

    def environment(self) -> dict[str, str]:
        """Return the variables of both processes."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.ports["epmd"]),
            "RABBITMQ_NODENAME": "lienthong@localhost",
            "RABBITMQ_DIST_PORT": str(self.ports["distribution"]),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "none.config"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(self.folder / "generated"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
        }

    def wait_until_ready(self, within: float = 90) -> None:
        """Return when our node takes AMQP clients; raise `RabbitMQError` after `within` seconds.

        That it is ours is proven by the administrator's random password.
        """
        deadline = time.monotonic() + within
        while True:
            try:
                self.check()
                return
            except RabbitMQError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def check(self) -> bool:
        """Say that our node takes AMQP clients; raises `RabbitMQError` if not."""
        self.ask("GET", f"health/checks/port-listener/{self.ports['amqp']}")
        return True

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Call the management API as administrator; raise `RabbitMQError` unless it agrees."""
        try:
            answer = requests.request(
                method,
                f"http://127.0.0.1:{self.ports['management']}/api/{path}",
                auth=("administrator", self.credentials.get("broker.administrator")),
                json=body,
                timeout=10,
            )
        except requests.RequestException as error:
            raise RabbitMQError(f"RabbitMQ does not answer: {error}") from error
        if not answer.ok:
            raise RabbitMQError(f"RabbitMQ refuses {method} {path}: {answer.status_code}")
        return answer.json() if answer.content else None

    def create_vhost(self, name: str) -> None:
        """Create an empty vhost in which every user has the rights of the installation's."""
        self.ask("PUT", f"vhosts/{quote(name, safe='')}")
        for right in permissions(name):
            user = right["user"]
            body = {action: right[action] for action in ("configure", "write", "read")}
            self.ask("PUT", f"permissions/{quote(name, safe='')}/{user}", body)

    def delete_vhost(self, name: str) -> None:
        """Delete a vhost with all its exchanges, queues and connections."""
        self.ask("DELETE", f"vhosts/{quote(name, safe='')}")

    def url(self, user: str, vhost: str = VHOST) -> str:
        """Return the AMQP URL of a user, password included."""
        password = self.credentials.get(f"broker.{user}")
        return f"amqp://{user}:{password}@127.0.0.1:{self.ports['amqp']}/{quote(vhost, safe='')}"

    def _definitions(self) -> dict[str, object]:
        tags = {"administrator": "administrator", "monitor": "monitoring"}
        return {
            "users": [
                {
                    "name": user,
                    "password_hash": _hash(self.credentials.get(f"broker.{user}")),
                    "hashing_algorithm": "rabbit_password_hashing_sha256",
                    "tags": tags.get(user, ""),
                }
                for user in ("administrator", "monitor", "relay", *SERVICES)
            ],
            "vhosts": [{"name": VHOST}],
            "permissions": permissions(VHOST),
        }


def permissions(vhost: str) -> list[dict[str, str]]:
    """Say who may do what in a vhost; the rights are regular expressions over names.

    Only the relay writes events (its right to write queues is the right to bind them; without
    `amq.default` it cannot publish past the exchanges). A service reads its own queues alone.
    """
    queues = "|".join(SERVICES)
    rights = {
        "administrator": (".*", ".*", ".*"),
        "monitor": ("^$", "^$", "^$"),
        "relay": (".*", rf"^(events|{queues})\..*$", r"^events\..*$"),
        **{service: ("^$", "^$", rf"^{service}\..*$") for service in SERVICES},
    }
    return [
        {"user": user, "vhost": vhost, "configure": configure, "write": write, "read": read}
        for user, (configure, write, read) in rights.items()
    ]


def _hash(password: str) -> str:
    """Hash as RabbitMQ stores it: four bytes of salt, then SHA-256 over salt and password."""
    salt = secrets.token_bytes(4)
    digest = hashlib.sha256(salt + password.encode()).digest()
    return base64.b64encode(salt + digest).decode("ascii")
