"""The documents service over HTTP for tests: real tokens, the checked-in access table and store."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from werkzeug.test import Client, TestResponse

from libs.db import CommandRunner
from libs.messaging.read_after import ReadAfter
from libs.web.access import AccessTable
from libs.web.api import Api
from libs.web.issuer import TokenIssuer
from libs.web.tokens import TokenVerifier
from services.documents.api import add_routes
from services.documents.errors import DocumentsError
from tests.support.documents_world import DEPARTMENT, LEADER, POST, PROVINCE, World, open_world
from tests.support.servers import PostgresForTests

ISSUER = "http://issuer.test"
DRAFT = {
    "type_code": "CT",
    "subject": "Về việc phòng chống lụt bão",
    "paragraphs": ["Yêu cầu các sở thực hiện."],
    "recipients": [str(DEPARTMENT)],
    "signer_id": str(LEADER),
    "signer_position_id": str(POST),
}


@dataclass
class Office:
    """The API, and tokens for whoever calls it."""

    client: Client
    issuer: TokenIssuer
    world: World

    def call(
        self,
        method: str,
        path: str,
        *roles: str,
        agency: UUID = PROVINCE,
        person: UUID = LEADER,
        position: UUID = POST,
        body: Any = None,
        sent: Mapping[str, Any] | None = None,
        **headers: str,
    ) -> TestResponse:
        """One request by a person of the agency with these roles.

        `body` goes as JSON; `sent` is what the test client takes for any other body.
        """
        token = self.issuer.issue(str(person), str(agency), roles, position=str(position))
        given = {
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": str(uuid4()),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        content = sent or ({"json": body} if body is not None else {})
        return self.client.open(path, method=method, headers=given, **content)

    def draft(self, **changes: Any) -> str:
        """A new draft's address."""
        answer = self.call("POST", "/v1/documents", "officer", body={**DRAFT, **changes})
        assert answer.status_code == 201, answer.json
        self.world.catch_up()
        return f"/v1/documents/{answer.json['document_id']}"  # type: ignore[index]


@contextmanager
def open_office(postgres: PostgresForTests, folder: Path) -> Iterator[Office]:
    """The API of a fresh installation."""
    issuer = TokenIssuer(ISSUER, folder / "key.pem")
    fetch: Callable[[str], dict[str, Any]] = lambda url: (  # noqa: E731
        issuer.jwks() if url.endswith("/jwks") else issuer.discovery()
    )
    with open_world(postgres, folder / "blobs") as world:
        api = Api(
            "documents",
            TokenVerifier((ISSUER,), fetch),
            AccessTable.read(Path("proto/access.toml")),
            CommandRunner(world.database),
            ReadAfter(world.database, "documents.projections"),
            refusal=DocumentsError,
        )
        add_routes(api, world.database, world.blobs)
        yield Office(Client(api), issuer, world)


def code_of(answer: TestResponse) -> tuple[int, str]:
    assert answer.json is not None
    return answer.status_code, answer.json["code"]
