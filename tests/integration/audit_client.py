"""The auditor's front end in tests: a token is a role, pages are followed to their end."""

from pathlib import Path
from typing import Any
from uuid import UUID

from werkzeug.test import Client

from libs.blobs import BlobStore
from libs.db import Database
from libs.web.access import AccessTable
from libs.web.api import Api
from libs.web.principal import Principal
from services.audit.api import add_routes
from services.audit.names import Names
from tests.integration.audit_trail import Trail, identity
from tools.platform.handle import ROOT

TRACE = f"/v1/traces/{identity('trace')}"


class RoleIsToken:
    """A verifier that takes the token for the caller's one role."""

    def verify(self, token: str) -> Principal:
        return Principal(
            str(UUID(int=1)), str(UUID(int=2)), frozenset({token}), None, None, "person"
        )


class Auditor:
    """Asks the API, and shows the JSON of what is answered well."""

    def __init__(self, api: Api) -> None:
        self._client = Client(api)

    def ask(self, path: str, role: str = "auditor", **args: str) -> Any:
        return self._client.get(
            path, query_string=args, headers={"Authorization": f"Bearer {role}"}
        )

    def get(self, path: str, **args: str) -> dict[str, Any]:
        answer = self.ask(path, **args)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json
        return body

    def all_steps(self, **args: str) -> list[dict[str, Any]]:
        page = self.get("/v1/steps", **args)
        found: list[dict[str, Any]] = page["lines"]
        while "next" in page:
            page = self.get("/v1/steps", cursor=page["next"], **args)
            found += page["lines"]
        return found


def front_end(trail: Trail) -> Auditor:
    """The API over a trail, with the access table of the product, and without a log."""
    return Auditor(api_over(trail.audit, trail.blobs, Path("/nowhere")))


def api_over(database: Database, blobs: BlobStore, log: Path) -> Api:
    """The API over a database and a log's folder; a token is a role."""
    api = Api("audit", RoleIsToken(), AccessTable.read(ROOT / "proto" / "access.toml"))
    add_routes(api, database, Names(blobs), log)
    return api
