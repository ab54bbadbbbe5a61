"""The kinds of fault that strike an exchange, each with the rule that it attacks.

Processes are killed (the platform's supervisor starts them again), paused, slowed (paused most of
the time), doubled; servers restarted, cut off from one service, or made to forget; the axis is
told to fail. Whatever is not over by itself is made well at the end of its strike.
"""

import os
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg2

from tests.fault.exchange.plan import Strike
from tests.fault.exchange.world import Exchange
from tools.platform.database import SERVICES
from tools.platform.handle import PlatformError
from tools.platform.installation import WORKERS
from tools.platform.os_process import end, identify
from tools.platform.ports import free_ports
from tools.platform.processes import table
from tools.platform.spawn import spawn

Held = AbstractContextManager[None]
_SERVICES = tuple(f"{name}.service" for name in SERVICES)
_WORKERS = tuple(f"{name}.worker" for name in WORKERS)
_CLIENTS = ("relay", *SERVICES)
_AT_WORK, _STILL = 0.02, 0.1  # seconds, turn by turn, of what is slowed


@dataclass(frozen=True)
class Kind:
    """A fault by name: the rule that it attacks, what it can strike, and how."""

    rule: str
    targets: tuple[str, ...]
    strike: Callable[[Exchange, Strike], Held]


@contextmanager
def _signalled(how: signal.Signals, exchange: Exchange, strike: Strike) -> Iterator[None]:
    """The supervisor sees it end and starts it again. One that is down already stays so."""
    with suppress(PlatformError, ProcessLookupError):
        exchange.platform.kill(strike.target, how)
    yield


@contextmanager
def _paused(exchange: Exchange, strike: Strike) -> Iterator[None]:
    """All its threads stand still; its sockets stay open, and nobody answers."""
    leader = exchange.pid(strike.target)
    try:
        _to_group(leader, signal.SIGSTOP)
        yield
    finally:
        _to_group(leader, signal.SIGCONT)


@contextmanager
def _slowed(exchange: Exchange, strike: Strike) -> Iterator[None]:
    leader = exchange.pid(strike.target)
    with _turn_by_turn(
        lambda: _to_group(leader, signal.SIGSTOP), lambda: _to_group(leader, signal.SIGCONT)
    ):
        yield


@contextmanager
def _database_paused(exchange: Exchange, strike: Strike) -> Iterator[None]:
    """The sessions of one role hang in the middle of whatever they do, with their locks."""
    backends = _backends(exchange, strike.target)
    try:
        _to_all(backends, signal.SIGSTOP)
        yield
    finally:
        _to_all(backends, signal.SIGCONT)


@contextmanager
def _database_slowed(exchange: Exchange, strike: Strike) -> Iterator[None]:
    backends = _backends(exchange, strike.target)
    with _turn_by_turn(
        lambda: _to_all(backends, signal.SIGSTOP), lambda: _to_all(backends, signal.SIGCONT)
    ):
        yield


@contextmanager
def _database_cut_off(exchange: Exchange, strike: Strike) -> Iterator[None]:
    """One role's sessions end and it gets no new ones, as behind a cut network."""
    exchange.execute(f"ALTER ROLE {strike.target} NOLOGIN")
    try:
        _end_sessions(exchange, strike.target)
        yield
    finally:
        exchange.execute(f"ALTER ROLE {strike.target} LOGIN")


@contextmanager
def _sessions_ended(exchange: Exchange, strike: Strike) -> Iterator[None]:
    _end_sessions(exchange, strike.target)
    yield


@contextmanager
def _horizon_held(exchange: Exchange, _strike: Strike) -> Iterator[None]:
    """A writer's open transaction hides all that is newer from every reader."""
    url = exchange.here.database_url("documents")
    try:
        writer = psycopg2.connect(url, connect_timeout=5)
    except psycopg2.Error:
        yield  # the database is away already
        return
    with writer.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")
    try:
        yield
    finally:
        with suppress(psycopg2.Error):
            writer.close()


@contextmanager
def _broker_cut_off(exchange: Exchange, _strike: Strike) -> Iterator[None]:
    """Every connection is closed by the broker; clients come back by themselves."""
    for connection in exchange.broker("GET", "connections"):
        with suppress(AssertionError):
            exchange.broker("DELETE", f"connections/{connection['name'].replace(' ', '%20')}")
    yield


@contextmanager
def _broker_forgets(exchange: Exchange, _strike: Strike) -> Iterator[None]:
    """What waits in the queues is gone."""
    for queue in exchange.broker("GET", "queues/lienthong"):
        with suppress(AssertionError):
            exchange.broker("DELETE", f"queues/lienthong/{queue['name']}/contents")
    yield


@contextmanager
def _axis_fails(fault: str, exchange: Exchange, strike: Strike) -> Iterator[None]:
    exchange.axis_faults({fault: _PLANS.get(fault, {"rate": 0.5})}, strike.chance)
    try:
        yield
    finally:
        exchange.axis_faults({})


# Whoever is damaged three times out of three is taken for what it looks like, as is to be.
_TWICE = {"rate": 1.0, "times": 2}
_PLANS = {
    "late": {"rate": 0.8},
    "duplicate": {"rate": 1.0},
    "reordered": {"rate": 1.0},
    "wrong_clock": {"rate": 1.0},
    **dict.fromkeys(("truncated", "damaged", "wrong_hash"), _TWICE),
    # A packet that drips would take hours.
    "slow": {"rate": 0.5, "methods": ["getReceivedEdocList", "updateStatus"]},
}


@contextmanager
def _blobs_away(exchange: Exchange, _strike: Strike) -> Iterator[None]:
    """The store of files answers nothing but errors."""
    blobs = exchange.here.folder / "blobs"
    away = blobs.with_name("blobs.away")
    blobs.rename(away)
    blobs.touch()
    try:
        yield
    finally:
        blobs.unlink()
        away.rename(blobs)


@contextmanager
def _no_room(exchange: Exchange, strike: Strike) -> Iterator[None]:
    """The process cannot make any file longer: as on a full disk."""
    leader = exchange.pid(strike.target)
    pids = _group(leader)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        for pid in pids:
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def _doubled(exchange: Exchange, strike: Strike) -> Iterator[None]:
    """A second process of the same name beside the first, as in a careless deployment; killed."""
    (line,) = [each for each in table(exchange.here) if each.name == strike.target]
    ops, http = free_ports(2)
    ports = {"OPS_PORT": str(ops), "HTTP_PORT": str(http)}
    second = spawn(
        line.command,
        log=exchange.here.folder / "logs" / f"second.{line.name}.log",
        environment={**line.environment, **ports},
    )
    try:
        # Its start takes longer than most strikes.
        threading.Event().wait(10)
        yield
    finally:
        if identity := identify(second.pid):
            end(identity, how=signal.SIGKILL)
        second.wait(timeout=10)


@contextmanager
def _turn_by_turn(stop: Callable[[], None], go_on: Callable[[], None]) -> Iterator[None]:
    over = threading.Event()

    def turns() -> None:
        while not over.wait(_AT_WORK):
            stop()
            over.wait(_STILL)
            go_on()

    thread = threading.Thread(target=turns)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        go_on()


def _backends(exchange: Exchange, role: str) -> list[int]:
    rows = exchange.execute("SELECT pid FROM pg_stat_activity WHERE usename = %s", role)
    return [pid for (pid,) in rows]


def _end_sessions(exchange: Exchange, role: str) -> None:
    exchange.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", role
    )


def _group(leader: int | None) -> list[int]:
    """The processes of a leader's group."""
    found = []
    for entry in Path("/proc").iterdir() if leader is not None else ():
        with suppress(OSError):
            if entry.name.isdigit() and os.getpgid(int(entry.name)) == leader:
                found.append(int(entry.name))
    return found


def _to_group(leader: int | None, number: signal.Signals) -> None:
    if leader is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, number)


def _to_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


_killed = partial(_signalled, signal.SIGKILL)
_ended = partial(_signalled, signal.SIGTERM)
_restarted = partial(_signalled, signal.SIGINT)

KINDS: dict[str, Kind] = {
    "service killed": Kind(
        "What was answered is stored; what was not may be asked again under its key.",
        _SERVICES,
        _killed,
    ),
    "service ended": Kind("Whatever is under way is finished, or done again.", _SERVICES, _ended),
    "service paused": Kind("Nobody waits for a service but its own callers.", _SERVICES, _paused),
    "service slowed": Kind("Late is not lost: order comes from the store.", _SERVICES, _slowed),
    "service doubled": Kind(
        "Two consumers of one name share a position: each event has one effect.",
        ("documents.service", "interconnect.service", "workflow.service", "audit.service"),
        _doubled,
    ),
    "worker killed": Kind(
        "A job's result and its end are one transaction; its successor does it again.",
        _WORKERS,
        _killed,
    ),
    "worker paused": Kind("A job outlives its worker's silence, and ends once.", _WORKERS, _paused),
    "worker slowed": Kind("A slow worker holds its own jobs and no others.", _WORKERS, _slowed),
    "worker doubled": Kind(
        "Two workers end no job twice, and of two pollers one polls.", _WORKERS, _doubled
    ),
    "worker without room": Kind(
        "What cannot be kept is not recorded: the blob comes before the event.", _WORKERS, _no_room
    ),
    "relay killed": Kind("The cursor moves behind confirmed messages.", ("relay",), _killed),
    "relay paused": Kind("A woken relay repeats messages, and loses none.", ("relay",), _paused),
    "relay doubled": Kind(
        "One relay at a time: the others wait for its lock.", ("relay",), _doubled
    ),
    "broker killed": Kind("A message is a hint: the store has it all.", ("rabbitmq",), _killed),
    "broker paused": Kind("Nothing but delivery waits for the broker.", ("rabbitmq",), _paused),
    "broker slowed": Kind("A slow broker delays, it does not reorder.", ("rabbitmq",), _slowed),
    "broker closes connections": Kind(
        "Unacknowledged messages come again, and change nothing.", ("",), _broker_cut_off
    ),
    "broker forgets": Kind(
        "What no message told of is found in the store by the next one or the sweep.",
        ("",),
        _broker_forgets,
    ),
    "database killed": Kind(
        "What was acknowledged is on disk; an unanswered append can be repeated.",
        ("postgres",),
        _killed,
    ),
    "database restarted": Kind(
        "Every process waits for the database and goes on by itself.", ("postgres",), _restarted
    ),
    "database cut off": Kind(
        "One service without its database holds up nobody else.", _CLIENTS, _database_cut_off
    ),
    "database sessions ended": Kind(
        "A lost transaction left nothing behind, and is run again.", _CLIENTS, _sessions_ended
    ),
    "database paused": Kind(
        "A session that hangs keeps its locks: whoever waits for them gives up and comes again.",
        _CLIENTS,
        _database_paused,
    ),
    "database slowed": Kind(
        "However late a transaction commits, readers miss nothing.", _CLIENTS, _database_slowed
    ),
    "horizon held": Kind("Nobody reads past what may still come before.", ("",), _horizon_held),
    "edge killed": Kind("An unanswered command is asked again under its key.", ("edge",), _killed),
    "issuer killed": Kind("Tokens are checked without their issuer.", ("issuer",), _killed),
    "PKI killed": Kind(
        "Without time stamps and OCSP documents go out and come in; the verdict says so.",
        ("pki",),
        _killed,
    ),
    "axis killed": Kind(
        "A packet leaves the axis' list only when it is ours; ours are sent until it has them.",
        ("axis",),
        _killed,
    ),
    "axis paused": Kind("What is inside does not wait for the axis.", ("axis",), _paused),
    **{
        f"axis: {fault}": Kind(rule, ("",), partial(_axis_fails, fault))
        for fault, rule in {
            "server_error": "An axis out of order is asked again later.",
            "rate_limit": "The axis says how long it wants to be left alone.",
            "late": "Order among packets is not the axis' to keep: a status may come first.",
            "duplicate": "A DocId that came before changes nothing.",
            "reordered": "Statuses are shown by their own time, not by their arrival.",
            "truncated": "What is no whole packet is not taken, and not acknowledged.",
            "damaged": "What differs from its envelope is fetched again; else signatures tell.",
            "wrong_hash": "A body damaged on its way is refused, never taken.",
            "cut": "What got no answer may have been done: the same bytes again change nothing.",
            "slow": "A reply that drips is cut off in time.",
            "wrong_clock": "A refused signature is our clock's matter or theirs: tried again.",
        }.items()
    },
    "files away": Kind(
        "What cannot be kept is refused or tried again; no event names a file that is not there.",
        ("",),
        _blobs_away,
    ),
}
