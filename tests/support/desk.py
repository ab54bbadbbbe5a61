"""A service's desk over HTTP for tests: real tokens, the checked-in access table, two persons."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from werkzeug.test import Client, TestResponse

from libs.db import CommandRunner, Database
from libs.web.access import AccessTable
from libs.web.api import Api
from libs.web.issuer import TokenIssuer
from libs.web.tokens import TokenVerifier

ISSUER = "http://issuer.test"
LAN, MINH, POST, AGENCY = (UUID(int=number) for number in range(901, 905))
WHY = "Đã sửa nguyên nhân"


def api_for(service: str, database: Database, folder: Path) -> tuple[Api, TokenIssuer]:
    """An API of the service without routes, and who gives tokens for it."""
    issuer = TokenIssuer(ISSUER, folder / "key.pem")
    documents = {
        f"{ISSUER}/.well-known/openid-configuration": issuer.discovery(),
        f"{ISSUER}/jwks": issuer.jwks(),
    }
    api = Api(
        service,
        TokenVerifier((ISSUER,), fetch=documents.__getitem__),
        AccessTable.read(Path("proto/access.toml")),
        CommandRunner(database),
    )
    return api, issuer


@dataclass
class Desk:
    """The desk below `path`, and tokens for whoever calls it."""

    client: Client
    issuer: TokenIssuer
    path: str

    def call(
        self,
        method: str,
        more: str = "",
        body: Any = None,
        who: UUID = LAN,
        role: str = "admin",
        key: str = "",
        kind: Any = "person",
    ) -> TestResponse:
        """One request by a person (or machine) with a role."""
        position = str(POST) if kind == "person" else None
        token = self.issuer.issue(str(who), str(AGENCY), [role], position=position, kind=kind)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key or str(uuid4())}
        return self.client.open(f"{self.path}{more}", method=method, headers=headers, json=body)

    def show(self, more: str = "") -> Any:
        """What a GET shows."""
        answer = self.call("GET", more)
        assert answer.status_code == 200, answer.json
        return answer.json

    def ask(self, action: str, **chosen: Any) -> str:
        """Lan asks; the request's id."""
        body = {"action": action, "reason": WHY, **chosen}
        answer = self.call("POST", "/requests", body)
        assert answer.status_code == 201, answer.json
        assert answer.json is not None
        return str(answer.json["request_id"])

    def confirm(self, request: str, who: UUID = MINH, key: str = "") -> Any:
        """Minh confirms; what was done."""
        answer = self.call("POST", f"/requests/{request}/confirm", who=who, key=key)
        assert answer.status_code == 200, answer.json
        return answer.json

    def settle(self, action: str, **chosen: Any) -> Any:
        """Lan asks and Minh confirms."""
        return self.confirm(self.ask(action, **chosen))


def refusal(answer: TestResponse) -> tuple[int, str]:
    """Status and code of a refused call."""
    assert answer.json is not None
    return answer.status_code, answer.json.get("code", "")
