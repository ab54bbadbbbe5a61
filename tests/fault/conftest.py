"""How often a fault strikes, the report's rows, and servers that may be killed."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fault_report import Fault
from tests.support.fault_servers import OwnPostgres, OwnRabbitMQ
from tests.support.fault_world import World, world
from tests.support.servers import PostgresForTests, RabbitMQForTests, fresh_vhost
from tools.faults.report import Row, write_rows

_ROWS = pytest.StashKey[list[Row]]()
_FAULT = pytest.StashKey[Fault]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long`: strike as often as `make faults` does, and write its report."""
    parser.addoption("--long", action="store_true", help="strike often, and write the report")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is too long for `make test` is struck by `make faults` alone."""
    left_out = [item for item in items if item.get_closest_marker("long") and not _long(config)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _long(config: pytest.Config) -> bool:
    # Unknown when pytest came to this folder by way of another.
    return bool(config.getoption("long", default=False))


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> Fault:
    """The test's row in the report."""
    return _fault_of(request.node)


def _fault_of(item: pytest.Item) -> Fault:
    return item.stash.setdefault(_FAULT, Fault(_long(item.config)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Every test of this folder is a row: its name, its docstring's first paragraph, its end."""
    report = yield
    fault = _fault_of(item)
    fault.judge(report)
    if report.failed and "tmp_path" in getattr(item, "funcargs", {}):
        logs = sorted(item.funcargs["tmp_path"].glob("*.log"))  # type: ignore[attr-defined]
        report.sections += [(log.name, log.read_text(errors="replace")[-3000:]) for log in logs]
    if report.when == "teardown":
        docstring = item.function.__doc__ or ""  # type: ignore[attr-defined]
        row = fault.row(item.name, docstring)
        item.config.stash.setdefault(_ROWS, []).append(row)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the report of a long run."""
    rows = session.config.stash.get(_ROWS, [])
    if rows and _long(session.config):
        write_rows(rows)


@pytest.fixture(scope="session")
def own_postgres(server_folder: Path) -> Iterator[OwnPostgres]:
    """A cluster that a test may kill; it starts it again before it ends."""
    with OwnPostgres(server_folder / "own").running() as server:
        yield server


@pytest.fixture(scope="session")
def own_rabbitmq(server_folder: Path) -> Iterator[OwnRabbitMQ]:
    """A node that a test may kill or block; it makes it well again before it ends."""
    with OwnRabbitMQ(server_folder / "own").running() as node:
        yield node


@pytest.fixture
def here(postgres: PostgresForTests, rabbitmq: RabbitMQForTests, tmp_path: Path) -> Iterator[World]:
    """An installation's database and vhost, for faults that leave the servers alone."""
    with world(postgres.fresh_database(), rabbitmq.url, tmp_path) as installation:
        yield installation


@pytest.fixture
def breakable_broker(
    postgres: PostgresForTests, own_rabbitmq: OwnRabbitMQ, tmp_path: Path
) -> Iterator[World]:
    """As `here`, on the node that may be killed."""
    with (
        fresh_vhost(own_rabbitmq.node) as vhost,
        world(postgres.fresh_database(), vhost.url, tmp_path) as installation,
    ):
        yield installation


@pytest.fixture
def breakable_store(
    own_postgres: OwnPostgres, rabbitmq: RabbitMQForTests, tmp_path: Path
) -> Iterator[World]:
    """As `here`, on the cluster that may be killed."""
    with world(own_postgres.fresh_database(), rabbitmq.url, tmp_path) as installation:
        yield installation
