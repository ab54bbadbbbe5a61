"""What a handler gets and what it gives back."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.web.access import Rule
from libs.web.body import BodyReader
from libs.web.commands import StoredReply
from libs.web.principal import Principal
from libs.web.problems import not_found, stale_version

NIL = UUID(int=0)


@dataclass(frozen=True)
class Reply:
    """An answer: a JSON object, or `content` (bytes in pieces) with its own Content-Type.

    `etag` is the version of what is shown; `read_after` the token of the positions that a command
    wrote, which a later GET may wait for. `once` are members of a command's answer that are never
    stored, such as a secret: a repeat gets the answer without them.
    """

    status: int = 200
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: int | None = None
    read_after: str | None = None
    content: Iterable[bytes] | None = None
    once: Mapping[str, Any] = field(default_factory=dict)


Work = Callable[["Call"], Reply]


@dataclass(frozen=True)
class Call:
    """One request, checked: who, what, when, and for a command the open transaction.

    `params` are the parts of the path, `args` the query's, `body` the JSON or form members, each
    as its schema loaded them. `prepared` is what the route's `prepare` made before the transaction,
    `unit` what the `CommandRunner` hands over. `command_id` is the
    same for every repeat of a command: derive all new ids from it. In a query `key` is empty and
    `command_id` is the nil UUID.
    """

    principal: Principal
    rule: Rule
    now: datetime
    headers: Mapping[str, str]
    params: Mapping[str, Any]
    args: Mapping[str, Any]
    body: Mapping[str, Any]
    key: str = ""
    command_id: UUID = NIL
    expected_version: int | None = None
    prepared: Any = None
    unit: Any = None
    upload: "Upload | None" = None

    @property
    def reaches_all(self) -> bool:
        """Whether the caller may do this to objects of every agency."""
        return self.rule.agency == "any"

    def require_agency(self, *agencies: object) -> None:
        """Refuse what belongs to none but other agencies, unless the action reaches any agency.

        The answer is the same 404 as for an object that does not exist.
        """
        if not self.reaches_all and self.principal.agency not in map(str, agencies):
            raise not_found()

    def require_version(self, actual: int) -> None:
        """Refuse (412) when `If-Match` names another version than `actual`."""
        if self.expected_version is not None and self.expected_version != actual:
            raise stale_version(self.expected_version, actual)


def _nothing(_what: Any, _work: Work) -> StoredReply:
    raise RuntimeError("there is no command here")


@dataclass(frozen=True)
class Upload:
    """The body of an upload, read outside any transaction, then committed.

    For what is handed in without a token there is nothing to commit: its handler makes sure
    itself that it happens once.

    A handler drains `stream`, and returns `commit(what, work)`: `what` (JSON values, such as the
    digest) tells a repeat from another file under the same key, `work` gets the call with its
    `unit`. Committing before the end of the stream is an error of the handler.
    """

    stream: BodyReader
    content_type: str
    commit: Callable[[Any, Work], StoredReply] = _nothing
