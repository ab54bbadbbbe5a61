"""The signatures service without HTTP and broker, for tests: real store, keys, TSA and OCSP."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from werkzeug.test import Client, TestResponse

from libs.blobs import BlobStore, open_store
from libs.contracts import message, topology
from libs.db import CommandRunner, Database, engine_for
from libs.eventstore import ANY, Context, NewEvent
from libs.jobs.worker import Worker
from libs.messaging.applier import Applier
from libs.messaging.read_after import ReadAfter
from libs.web.access import AccessTable
from libs.web.api import Api
from libs.web.issuer import TokenIssuer
from libs.web.tokens import TokenVerifier
from services.signatures.acts import Acts
from services.signatures.api import add_routes
from services.signatures.errors import SignaturesError
from services.signatures.pdf.engine import Setup
from services.signatures.pdf.isolate import Isolated
from services.signatures.policies import POLICIES
from services.signatures.projections import PROJECTIONS
from services.signatures.refused import refused_acts
from services.signatures.report_key import ReportKey
from tests.support import pki as people
from tests.support.servers import PostgresForTests

CATEGORIES = topology().consumers["signatures.projections"].categories
AT = datetime(2026, 11, 22, 7, 5, tzinfo=UTC)


@dataclass
class Office:
    """The service without HTTP and broker: its consumers are called by hand."""

    store: dict[str, Database]
    blobs: BlobStore
    worker: Worker
    url: Callable[[str], str]

    def publish(self, owner: str, stream: str, kind: str, payload: str) -> None:
        """Append another service's event, as that service."""
        context = Context("a1", f"system:{owner}", AT, UUID(int=9))
        event = NewEvent(uuid4(), kind, 1, payload.encode())
        with self.store[owner].unit() as unit:
            unit.store.append(stream, ANY, [event], context)

    def follow(self) -> None:
        """Let both consumers come up to date."""
        for consumer, handlers, categories in (
            ("signatures.policies", POLICIES, ("document",)),
            ("signatures.projections", PROJECTIONS, CATEGORIES),
        ):
            applier = Applier(consumer, self.store["signatures"], handlers)
            for category in categories:
                applier.catch_up(category)

    def work(self) -> None:
        """Let the worker do all jobs that are due."""
        self.follow()
        while self.worker.work_one():
            self.follow()

    def jobs(self, kind: str) -> list[tuple[str, str]]:
        """State and cause of the jobs of a kind."""
        query = text("SELECT state, cause FROM signatures.job WHERE kind = :kind")
        with self.store["signatures"].unit() as unit:
            return [tuple(row) for row in unit.connection.execute(query, {"kind": kind})]

    def events(self, stream: str) -> list[tuple[str, Any]]:
        """What the service recorded, as the contract reads it."""
        with self.store["signatures"].unit() as unit:
            return [(event.type, message(event)) for event in unit.store.read(stream)]

    def know(self, owner: str, kind: str, fingerprint: str) -> str:
        """Enter a certificate in the directory; returns its id."""
        name = str(uuid4())
        self.publish(
            "directory",
            f"certificate-{owner}",
            "CertificateRegistered",
            f'{{"certificate_id":"{name}","fingerprint":"{fingerprint}","kind":"{kind}",'
            f'"owner_id":"{owner}"}}',
        )
        return name


@contextmanager
def open_office(postgres: PostgresForTests, setup: Setup, folder: Path) -> Iterator[Office]:
    """A fresh installation with one worker."""
    url = postgres.fresh_database()
    engines = {name: engine_for(url(name)) for name in ("documents", "directory", "signatures")}
    stores = {name: Database(engine, name) for name, engine in engines.items()}
    blobs = open_store(f"file://{folder}")
    # A busy machine's time-stamp authority may need longer than a clerk would wait.
    with Isolated(replace(setup, fetch_seconds=20), seconds=60) as engine:
        key = ReportKey.open(folder / "report-key.pem", datetime.now(UTC))
        acts = Acts(stores["signatures"], blobs, engine, key).table()
        worker = Worker("test", stores["signatures"], {**acts, **refused_acts(blobs, key)})
        yield Office(stores, blobs, worker, url)
    for each in engines.values():
        each.dispose()


BOX = '{"page":0,"x1":330,"y1":150,"x2":500,"y2":225}'


def leader_order(
    file: str, signer: str = people.LEADER, own_device: bool = False
) -> tuple[str, str]:
    """An order for a leader's signature: its id, and its payload."""
    signing = str(uuid4())
    device = ',"own_device":true' if own_device else ""
    return signing, (
        f'{{"signing_id":"{signing}","document_id":"{uuid4()}","agency_id":"{people.AGENCY}",'
        f'"file":"{file}","signer_id":"{signer}","box":{BOX},"urgency":1{device}}}'
    )


ISSUER = "http://issuer.test"


@dataclass
class Front:
    """The service's HTTP interface, and tokens for whoever calls it."""

    client: Client
    issuer: TokenIssuer

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        person: str = people.LEADER,
        agency: str = people.AGENCY,
        role: str = "leader",
        **headers: str,
    ) -> TestResponse:
        """One request by a person of an agency."""
        token = self.issuer.issue(person, agency, [role], position=str(UUID(int=1)))
        given = {
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": str(uuid4()),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        content = {"json": body} if body is not None else {}
        return self.client.open(path, method=method, headers=given, **content)


def front_of(office: Office, folder: Path) -> Front:
    """The API of the office's installation."""
    issuer = TokenIssuer(ISSUER, folder / "key.pem")

    def fetch(url: str) -> dict[str, Any]:
        return issuer.jwks() if url.endswith("/jwks") else issuer.discovery()

    database = office.store["signatures"]
    api = Api(
        "signatures",
        TokenVerifier((ISSUER,), fetch),
        AccessTable.read(Path("proto/access.toml")),
        CommandRunner(database),
        ReadAfter(database, "signatures.projections"),
        refusal=SignaturesError,
    )
    add_routes(api, database, office.blobs)
    return Front(Client(api), issuer)
