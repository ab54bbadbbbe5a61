"""A directory for tests: its API, callers of any role, and its read models, applied by hand."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from werkzeug.test import Client, TestResponse

from libs.db import Database, database_of, engine_for
from libs.messaging.applier import Applier
from libs.web.issuer import TokenIssuer
from services.directory.api import build_api
from services.directory.projections import PROJECTIONS
from services.directory.settings import Settings
from tests.support.servers import PostgresForTests
from tests.support.workflow_office import serving_issuer

PROVINCE = UUID(int=2)


@dataclass
class Directory:
    """The service, its caller and its projections, called by hand."""

    client: Client
    issuer: TokenIssuer
    applier: Applier
    owner: Any
    database: Database
    url: Callable[[str], str]

    def post(
        self,
        path: str,
        body: Any = None,
        roles: tuple[str, ...] = ("admin",),
        agency: UUID = PROVINCE,
    ) -> TestResponse:
        headers = self._headers(roles, agency) | {"Idempotency-Key": str(uuid4())}
        return self.client.post(path, json=body or {}, headers=headers)

    def ask(
        self, path: str, roles: tuple[str, ...] = ("officer",), agency: UUID = PROVINCE
    ) -> TestResponse:
        for category in ("agency", "person", "certificate", "client"):
            self.applier.catch_up(category)
        return self.client.get(path, headers=self._headers(roles, agency))

    def get(self, path: str, **who: Any) -> Any:
        return self.ask(path, **who).json

    def everything_stored(self) -> str:
        """All that events and kept answers say, as text."""
        with self.owner.connect() as connection:
            events = connection.execute(text("SELECT convert_from(payload, 'UTF8') FROM es.event"))
            kept = connection.execute(text("SELECT row_to_json(c)::text FROM directory.command c"))
            return "\n".join([*events.scalars(), *kept.scalars()])

    def _headers(self, roles: tuple[str, ...], agency: UUID) -> dict[str, str]:
        token = self.issuer.issue(str(UUID(int=9)), str(agency), roles, position=str(UUID(int=8)))
        return {"Authorization": f"Bearer {token}"}


@contextmanager
def open_directory(postgres: PostgresForTests, folder: Path) -> Iterator[Directory]:
    """A directory on a fresh database, with blobs and keys in `folder`."""
    url = postgres.fresh_database()
    owner = engine_for(url("migrator"))
    with serving_issuer(folder) as issuer:
        settings = Settings(
            oidc_issuer=(issuer.discovery()["issuer"],),
            amqp_url="amqp://unused",
            database_url=url("directory"),
            blob_url=f"file://{folder}/blobs",
            public_url="http://directory.test",
            token_key_file=folder / "machines.pem",
        )
        database = database_of(settings.database_url, "directory")
        applier = Applier("directory.projections", database, PROJECTIONS)
        yield Directory(Client(build_api(settings)), issuer, applier, owner, database, url)
        database.engine.dispose()
    owner.dispose()


def agency(number: int = 2, code: str = "H42") -> dict[str, Any]:
    return {
        "agency_id": str(UUID(int=number)),
        "tier": 2,
        "name": "Ủy ban nhân dân tỉnh",
        "place": "Ninh Bình",
        "channel": "inside",
        "codes": [{"code": code, "scheme": "qd20", "valid_from": "2025-07-01"}],
        "short_sign": "UBND",
    }


def position(**changes: Any) -> dict[str, Any]:
    body = {
        "position_id": str(UUID(int=31)),
        "person_id": str(UUID(int=21)),
        "agency_id": str(PROVINCE),
        "unit": "Văn thư",
        "title": "Văn thư",
        "roles": ["clerk"],
        "valid_from": "2025-07-01",
    }
    return body | changes
