"""What every service process is made of: settings, database, API, readiness.

A service's `service.py` only names its parts:

    class DirectoryService:
        name = "directory"
        http = HttpServer(build_api)
        ops = OpsServer(checks_of("directory"))
        projections = EventConsumer("directory.projections", PROJECTIONS)
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from libs.db import CommandRunner, connection_lost, database_of
from libs.messaging.read_after import ReadAfter
from libs.web.access import AccessTable
from libs.web.api import Api
from libs.web.ops import Checks
from libs.web.settings import ServerSettings
from libs.web.tokens import TokenVerifier


@dataclass(frozen=True, kw_only=True)
class ServiceSettings(ServerSettings):
    """What every service reads from its environment."""

    database_url: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """What every worker process reads from its environment."""

    database_url: str = field(repr=False)
    blob_url: str
    ops_host: str = "127.0.0.1"
    ops_port: int = 0


def api_of(service: str, settings: ServiceSettings, refusal: type[Exception]) -> Api:
    """An API with the service's tokens, access table, command runner and read-after."""
    database = database_of(settings.database_url, service)
    return Api(
        service,
        verifier=TokenVerifier(settings.oidc_issuer),
        access=AccessTable.read(settings.access_table),
        commands=CommandRunner(database),
        positions=ReadAfter(database, f"{service}.projections"),
        refusal=refusal,
        passing=connection_lost,
    )


def checks_of(service: str) -> Callable[[Any], Checks]:
    """Readiness: the database answers under the service's own role."""

    def build(settings: Any) -> Checks:
        database = database_of(settings.database_url, service)

        def database_answers() -> bool:
            with database.engine.connect() as connection:
                return bool(connection.execute(text("SELECT 1")).scalar())

        return {"database": database_answers}

    return build
