"""An office for tests of the workflow service: its API, its people, and what others tell it."""

import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from wsgiref.simple_server import WSGIRequestHandler, make_server
from zoneinfo import ZoneInfo

from werkzeug.test import Client

from libs.contracts.journal import Journal
from libs.db import Database, database_of, engine_for
from libs.eventstore import ANY, Context
from libs.messaging.applier import Applier
from libs.web.api import Api
from libs.web.call import Call, Reply
from libs.web.issuer import TokenIssuer
from services.directory.events import EVENTS as DIRECTORY_EVENTS
from services.directory.events import AgencyCode, AgencyRegistered, PositionAssigned
from services.documents.events import EVENTS as DOCUMENT_EVENTS
from services.documents.events import DocumentAccepted, DocumentArrived
from services.workflow.api import build_api
from services.workflow.domain import process_of
from services.workflow.policies import POLICIES
from services.workflow.projections import PROJECTIONS
from services.workflow.settings import Settings
from tests.support.servers import PostgresForTests

AGENCY, SENDER, ELSEWHERE = UUID(int=1), UUID(int=2), UUID(int=3)
PACKET = UUID(int=77)
TODAY = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")).date()
DIRECTORY, DOCUMENTS = Journal(DIRECTORY_EVENTS), Journal(DOCUMENT_EVENTS)
CONTEXT = Context(str(AGENCY), "person:x", datetime(2026, 3, 2, tzinfo=UTC), UUID(int=9))


@dataclass(frozen=True)
class Person:
    """Somebody in a position, with the roles that a token would carry."""

    roles: tuple[str, ...]
    id: UUID
    position: UUID
    agency: UUID = AGENCY


LEADER = Person(("leader",), UUID(int=11), UUID(int=21))
CLERK = Person(("clerk",), UUID(int=12), UUID(int=22))
LAN = Person(("officer",), UUID(int=13), UUID(int=23))
MINH = Person(("officer",), UUID(int=14), UUID(int=24))
STRANGER = Person(("leader", "officer"), UUID(int=15), UUID(int=25), ELSEWHERE)


class Quiet(WSGIRequestHandler):
    """Says nothing of its requests."""

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


@contextmanager
def serving_issuer(folder: Path) -> Iterator[TokenIssuer]:
    """An issuer of tokens whose keys are found over HTTP."""
    api = Api("issuer")
    with make_server("127.0.0.1", 0, api, handler_class=Quiet) as server:
        found = TokenIssuer(f"http://127.0.0.1:{server.server_port}", folder / "key.pem")

        @api.open("/.well-known/openid-configuration")
        def discovery(_call: Call) -> Reply:
            return Reply(body=found.discovery())

        @api.open("/jwks")
        def keys(_call: Call) -> Reply:
            return Reply(body=found.jwks())

        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield found
        server.shutdown()


class Office:
    """The service under test, and what other services tell it."""

    def __init__(
        self,
        url: Callable[[str], str],
        databases: Mapping[str, Database],
        client: Client,
        issuer: TokenIssuer,
    ) -> None:
        self.url = url
        self.databases = databases
        self.issuer = issuer
        self.client: Any = client
        workflow = databases["workflow"]
        self._projections = Applier("workflow.projections", workflow, PROJECTIONS)
        self._policies = Applier("workflow.policies", workflow, POLICIES)

    def settle(self) -> None:
        """Apply all that has happened."""
        self._policies.catch_up("document")
        for category in ("agency", "person", "document", "process"):
            self._projections.catch_up(category)

    def register(self, *people: Person) -> None:
        for person in people:
            event = PositionAssigned(
                person.position, person.id, person.agency, "u", "t", "", person.roles, TODAY
            )
            self.tell("directory", DIRECTORY, f"person-{person.id}", [event])
        code = AgencyCode("H40", "qd20", TODAY)
        sender = AgencyRegistered(SENDER, 2, "Văn phòng", "Huế", "inside", (code,), "VP")
        self.tell("directory", DIRECTORY, f"agency-{SENDER}", [sender])
        self.settle()

    def accept(self, urgency: int = 0, agency: UUID = AGENCY) -> UUID:
        """An incoming document is accepted; returns its process."""
        document_id = uuid4()
        events = [
            DocumentArrived(
                document_id=document_id,
                agency_id=agency,
                packet_id=PACKET,
                sender_id=SENDER,
                foreign_id="x",
                code="12/CT-UBND",
                issued_on=TODAY,
                type_name="Chỉ thị",
                text="0" * 64,
                urgency=urgency,
                files=(),
            ),
            DocumentAccepted(
                document_id=document_id,
                agency_id=agency,
                packet_id=PACKET,
                register_id="r",
                arrival_number=1,
                accepted_on=TODAY,
                urgency=urgency,
            ),
        ]
        self.tell("documents", DOCUMENTS, f"document-{document_id}", events)
        self.settle()
        return process_of(document_id)

    def tell(self, role: str, journal: Journal, stream: str, events: list[Any]) -> None:
        """Append another service's events."""
        with self.databases[role].unit() as unit:
            journal.append(unit.store, stream, ANY, events, CONTEXT, uuid4())

    def get(self, who: Person, path: str, **headers: str) -> Any:
        return self.client.get(path, headers=self._headers(who) | headers)

    def post(self, who: Person, path: str, body: Any = None, key: str = "", **headers: str) -> Any:
        sent = {"Idempotency-Key": key or str(uuid4()), **headers}
        return self.client.post(path, json=body or {}, headers=self._headers(who) | sent)

    def assign(self, process: UUID, to: Person = LAN, **changes: Any) -> Any:
        return self.post(LEADER, f"/v1/processes/{process}/tasks", wish(to, **changes))

    def _headers(self, who: Person) -> dict[str, str]:
        token = self.issuer.issue(str(who.id), str(who.agency), who.roles, str(who.position))
        return {"Authorization": f"Bearer {token}"}


def wish(to: Person, **changes: Any) -> dict[str, Any]:
    return {
        "unit": "Phòng Tổng hợp",
        "assignee_id": str(to.id),
        "assignee_position_id": str(to.position),
        **changes,
    }


@contextmanager
def open_office(postgres: PostgresForTests, issuer: TokenIssuer) -> Iterator[Office]:
    """An office on a new database, its people registered."""
    url = postgres.fresh_database()
    folder = tempfile.TemporaryDirectory(prefix="workflow-office-")
    settings = Settings(
        database_url=url("workflow"),
        amqp_url="amqp://unused",
        oidc_issuer=(issuer.discovery()["issuer"],),
        blob_url=f"file://{folder.name}",
    )
    databases = {role: Database(engine_for(url(role)), role) for role in ("directory", "documents")}
    databases["workflow"] = database_of(settings.database_url, "workflow")
    office = Office(url, databases, Client(build_api(settings)), issuer)
    office.register(LEADER, CLERK, LAN, MINH, STRANGER)
    with folder:
        yield office
    for database in databases.values():
        database.engine.dispose()
