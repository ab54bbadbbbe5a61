"""Who asks: a person with an account, whose name stands on what is looked at."""

import getpass
import os
import re
from pathlib import Path
from uuid import UUID, uuid4

from libs.blobs import BlobStore, open_store
from libs.db import Database
from libs.web.access import AccessTable
from libs.web.principal import Principal
from libs.web.tokens import TokenVerifier
from services.audit.consultations import record
from services.audit.events import TrailConsulted
from tools.platform.caller import Caller, CallFailed
from tools.platform.handle import ROOT
from tools.platform.installation import Installation
from tools.replay.people import person_id

ACTION = "audit.read"
DOOR = "command"


class Operator:
    """One log-in on the platform of `folder`, by `account` or by its first auditor.

    Raises `CallFailed`.
    """

    def __init__(self, folder: Path, account: str | None) -> None:
        self.caller = Caller(folder, "auditor", account)
        self._here = Installation.open(folder)

    def principal(self) -> Principal:
        """The person of the token, who must be allowed to read the trail. Raises `CallFailed`."""
        principal = TokenVerifier((self._here.issuer_url,)).verify(self.caller.token)
        table = AccessTable.read(ROOT / "proto" / "access.toml")
        if table.rule(principal, ACTION) is None:
            raise CallFailed("Tài khoản này không được xem dấu vết. This account may not read it.")
        return principal

    @property
    def database_url(self) -> str:
        """The database, as `audit`."""
        return self._here.database_url("audit")

    @property
    def blobs(self) -> BlobStore:
        """Names of people and texts of documents."""
        return open_store(self._here.environment("audit")["BLOB_URL"])

    def person(self, who: str) -> UUID:
        """The person of this id, or of this account. Raises `CallFailed`."""
        return person_id(self._here.folder, who)


def asker(folder: Path, account: str | None) -> Principal:
    """Who asks: a person with an account, or who enters the database of a cluster by himself.

    The second is known by his name on that machine alone. Raises `CallFailed`.
    """
    if "DATABASE_URL" not in os.environ:
        return Operator(folder, account).principal()
    name = re.sub(r"[^A-Za-z0-9._-]", "_", getpass.getuser())[:50]
    return Principal(f"operator.{name}", "operator", frozenset(), None, None, "machine")


def write_down(
    database: Database, by: Principal, question: str, lines: int, **asked: object
) -> None:
    """Record what is about to be shown; what it raises denies it."""
    with database.unit() as unit:
        consulted = TrailConsulted(uuid4(), question, DOOR, lines, **asked)  # type: ignore[arg-type]
        record(unit, by, consulted)
