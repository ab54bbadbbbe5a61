"""The process table: everything that runs on this machine, what it needs, and when it is ready."""

import signal
import sys
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from tools.platform import edge
from tools.platform.database import OWNER, SERVICES
from tools.platform.installation import WORKERS, Installation, surroundings
from tools.platform.log import WITNESS, LogHome


def _nothing() -> None: ...


def _at_once() -> bool:
    return True


@dataclass(frozen=True)
class Process:
    """One line of the table."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    after: tuple[str, ...] = ()
    """Names that must be ready before the first start."""
    port: int | None = None
    """Where people look for it."""
    ready: Callable[[], object] = _at_once
    """Whether it does its work: true, or false or an exception for "not yet"."""
    prepare: Callable[[], None] = field(default=_nothing)
    """Runs before each start."""
    stop_signal: signal.Signals = signal.SIGTERM
    once: bool = False
    """A step: ready when it has ended with 0."""


def table(here: Installation) -> list[Process]:
    """Return the processes of an installation, in the order in which they are first started."""
    served = [_service(here, name) for name in SERVICES]
    workers = [_module(here, f"{name}.worker", f"services.{name}.worker") for name in WORKERS]
    return [
        *(_rabbitmq(here) if here.own_broker else ()),
        *([_postgres(here)] if here.own_database else ()),
        *_stand_ins(here),
        _migration(here),
        _edge(here),
        _module(here, "relay", "libs.messaging.relay", after=()),
        *served,
        *workers,
        *_log(here),
    ]


def _rabbitmq(here: Installation) -> list[Process]:
    node = here.rabbitmq
    return [
        Process(
            "epmd", node.epmd_command(), node.environment(),
            port=node.ports["epmd"], prepare=node.prepare,
        ),
        Process(
            "rabbitmq", node.command(), node.environment(), after=("epmd",),
            port=node.ports["amqp"], prepare=node.prepare, ready=node.check,
        ),
    ]  # fmt: skip


def _postgres(here: Installation) -> Process:
    server = here.postgres
    server.prepare()
    return Process(
        "postgres", server.command(), {"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        port=server.port, prepare=server.prepare, ready=server.check,
        stop_signal=server.stop_signal,
    )  # fmt: skip


def _stand_ins(here: Installation) -> list[Process]:
    """Return test PKI, axis and issuer, each unless a real one is set."""
    pki, subjects = here.folder / "pki", here.folder / "pki" / "subjects.json"
    port = str(here.ports["pki"])
    init = _python("tools.pki", "init", "--data", str(pki), "--subjects", str(subjects))
    environment = here.environment(OWNER)
    secretless = {k: v for k, v in environment.items() if k not in ("DATABASE_URL", "AMQP_URL")}
    processes = [
        Process("pki.init", [*init, "--port", port], secretless, once=True),
        _stand_in(here, "pki", secretless, "serve", after=("pki.init",)),
    ]
    if "AXIS_URL" not in here.settings:
        processes.append(_stand_in(here, "axis", secretless))
    if "OIDC_ISSUER" not in here.settings:
        allowed = secretless | {"LIENTHONG_DEVELOPMENT": "1"}
        processes.append(_stand_in(here, "issuer", allowed))
    return processes


def _stand_in(
    here: Installation, name: str, environment: Mapping[str, str], *words: str,
    after: tuple[str, ...] = (),
) -> Process:  # fmt: skip
    data, port = here.folder / name, here.ports[name]
    answer = here.folder / f"{name}.port"
    return Process(
        name,
        _python(
            f"tools.{name}", *words, "--data", str(data), "--port", str(port),
            "--port-file", str(answer),
        ),
        environment,
        after=after,
        port=port,
        prepare=partial(answer.unlink, missing_ok=True),
        ready=partial(_port_written, answer, port),
    )  # fmt: skip


def _migration(here: Installation) -> Process:
    def roles_and_database() -> None:
        here.database.create_roles()
        here.database.ensure_database(here.database_name)

    return Process(
        "migration",
        _python("libs.db.migrate"),
        here.environment(OWNER),
        after=("postgres",) if here.own_database else (),
        prepare=roles_and_database,
        once=True,
    )


def _edge(here: Installation) -> Process:
    folder, port = here.folder / "edge", here.ports["edge"]
    services = {name: here.ports[f"{name}.service.http"] for name in SERVICES}
    return Process(
        "edge",
        edge.command(folder),
        {"LANG": "C.UTF-8"},
        port=port,
        prepare=partial(edge.prepare, folder, port, services),
        ready=partial(_answers, f"{here.url}{edge.LIVENESS}"),
    )


def _service(here: Installation, name: str) -> Process:
    return _module(
        here, f"{name}.service", f"services.{name}.service",
        after=("relay",), http=here.ports[f"{name}.service.http"],
    )  # fmt: skip


def _log(here: Installation) -> list[Process]:
    """Return the sealer, and a witness beside it unless real ones are set."""
    home = LogHome(here)
    sealer = _module(here, "audit.sealer", "services.audit.sealer", after=("witness",))
    environment = {**sealer.environment, **home.environment()}
    if "LOG_POLICY" in here.settings:
        home.prepare_witness()  # its keys alone
        return [replace(sealer, environment=environment, after=("migration",))]
    data, port = str(home.witness_folder), here.ports["witness"]
    answer = here.folder / "witness.port"
    words = ("run", "--folder", data, "--name", WITNESS, "--port", str(port))

    def prepare() -> None:
        answer.unlink(missing_ok=True)
        home.prepare_witness()

    witness = Process(
        "witness", _python("tools.witness", *words, "--port-file", str(answer)), surroundings(),
        port=port, prepare=prepare, ready=partial(_port_written, answer, port),
    )  # fmt: skip
    return [witness, replace(sealer, environment=environment, prepare=home.write_policy)]


def _module(
    here: Installation, name: str, module: str, after: tuple[str, ...] = ("relay",),
    http: int | None = None,
) -> Process:  # fmt: skip
    """Return a process of the product itself; the part of its name before the dot is its role."""
    ops = here.ports[f"{name}.ops"]
    environment = here.environment(name.partition(".")[0]) | {"OPS_PORT": str(ops)}
    if http:
        environment["HTTP_PORT"] = str(http)
    needed = ("pki", "migration", *(("rabbitmq",) if here.own_broker else ()))
    return Process(
        name,
        _python(module),
        environment,
        after=(*needed, *after),
        port=http or ops,
        ready=partial(_answers, f"http://127.0.0.1:{ops}/readyz"),
    )


def _python(module: str, *words: str) -> list[str]:
    return [sys.executable, "-m", module, *words]


def _answers(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=3) as answer:  # noqa: S310 (our own address)
        return bool(answer.status == 200)


def _port_written(path: Path, port: int) -> bool:
    return path.read_text().strip() == str(port)
