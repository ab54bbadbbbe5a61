"""Documents come, are handled and answered, step by step, by the services' real commands.

After each step the serving routes are asked as officials ask them; what they answered is kept with
the instant, for a replay to be held against.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from werkzeug.test import Client

from libs.contracts import topology
from libs.db import Database, database_of, engine_for
from libs.messaging.applier import Applier
from libs.web.access import AccessTable
from libs.web.api import Api
from libs.web.inside import Known, ask
from libs.web.issuer import TokenIssuer
from libs.web.principal import Principal
from services.audit.projections import PROJECTIONS as AUDIT
from services.documents import api as documents
from services.documents import handlers
from services.workflow import api as workflow
from services.workflow.domain import process_of
from services.workflow.settings import Settings
from tests.support.documents_world import (
    LEADER,
    POST,
    PROVINCE,
    World,
    arrived,
    drafted,
    issue,
    open_world,
    order,
    signed,
    verify,
)
from tests.support.servers import PostgresForTests
from tests.support.workflow_office import Office, Person
from tools.platform.handle import ROOT

CHIEF = Person(("leader",), LEADER, POST, PROVINCE)
OFFICER = Person(("officer",), UUID(int=13), UUID(int=23), PROVINCE)
PATHS = {
    "/v1/documents": {"limit": "200"},
    "/v1/tasks": {"limit": "200", "mine": "true"},
    "/v1/processes": {"limit": "200"},
}
Answers = dict[tuple[UUID, str], list[dict[str, Any]]]


class ReplayWorld:
    """One installation's documents and workflow, and what was answered when."""

    def __init__(self, world: World, url: Callable[[str], str], client: Client, issuer: Any):
        self.world = world
        self.url = url
        self.blobs = world.blobs
        self._workflow = database_of(url("workflow"), "workflow")
        databases = {
            "directory": world.others["directory"],
            "documents": world.database,
            "workflow": self._workflow,
        }
        self.office = Office(url, databases, client, issuer)
        self.audit = Database(engine_for(url("audit")), "audit")
        self.answered: list[tuple[datetime, Answers]] = []

    def settle(self) -> None:
        """Every consumer applies all that has happened."""
        self.world.catch_up()
        self.office.settle()
        audit = Applier("audit.projections", self.audit, AUDIT)
        for category in topology().consumers["audit.projections"].categories:
            audit.catch_up(category)

    def keep(self) -> None:
        """Keep what the serving routes answer now, and when that was by the store's clock."""
        self.settle()
        answers: Answers = {}
        for person in (CHIEF, OFFICER):
            for path, args in PATHS.items():
                status, body = ask(self._serving(person, path), path, args)
                assert status == 200, body
                answers[person.id, path] = body[path.split("/")[-1]]
        with self.audit.engine.connect() as connection:
            at = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        self.answered.append((at, answers))

    def _serving(self, person: Person, path: str) -> Api:
        who = Principal(
            str(person.id), str(person.agency), frozenset(person.roles), str(person.position),
            None, "person",
        )  # fmt: skip
        access = AccessTable.read(ROOT / "proto" / "access.toml")
        if path == "/v1/documents":
            api = Api("documents", Known(who), access)
            documents.add_look_ups(api, self.world.database, self.blobs)
        else:
            api = Api("workflow", Known(who), access)
            workflow.add_look_ups(api, self._workflow)
        return api

    def walk(self) -> None:
        """An arrival is accepted, assigned and worked on; an answer is drafted and issued."""
        self.office.register(OFFICER)
        self.keep()
        document_id = arrived(self.world)
        self.keep()
        verify(self.world, document_id, "TOTAL_PASSED")
        self.keep()
        self.world.do(lambda unit: handlers.accept(unit, order(), document_id))
        self.keep()
        process = process_of(document_id)
        wish = {
            "unit": "Phòng Tổng hợp",
            "assignee_id": str(OFFICER.id),
            "assignee_position_id": str(OFFICER.position),
        }
        given = self.office.post(CHIEF, f"/v1/processes/{process}/tasks", wish)
        assert given.status_code == 201, given.json
        self.keep()
        task = given.json["task_id"]
        assert self.office.post(OFFICER, f"/v1/tasks/{task}/start").status_code == 200
        drafted(self.world)
        self.keep()
        issue(self.world, signed(self.world, answers=document_id))
        self.keep()
        assert self.office.post(OFFICER, f"/v1/tasks/{task}/finish").status_code == 200
        self.keep()


@contextmanager
def open_replay_world(
    postgres: PostgresForTests, folder: Path, issuer: TokenIssuer
) -> Iterator[ReplayWorld]:
    """A fresh installation."""
    with open_world(postgres, folder / "blobs") as world:
        name = world.database.engine.url.database
        assert name is not None

        def url(role: str) -> str:
            return postgres.url(name, role)

        settings = Settings(
            database_url=url("workflow"),
            amqp_url="amqp://unused",
            oidc_issuer=(issuer.discovery()["issuer"],),
            blob_url=f"file://{folder / 'blobs'}",
        )
        made = ReplayWorld(world, url, Client(workflow.build_api(settings)), issuer)
        yield made
        made.audit.engine.dispose()
