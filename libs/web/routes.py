"""Which handler answers which address, and what it asks of a request."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from marshmallow import Schema
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule

from libs.web.call import Call
from libs.web.problems import method_not_allowed, not_found

SchemaLike = Schema | type[Schema]


class Kind(Enum):
    """What a route is, which decides what a request must bring."""

    QUERY = "query"
    COMMAND = "command"
    UPLOAD = "upload"
    OPEN = "open"
    HANDING_IN = "handing in"


OPEN_TO_ALL = frozenset({Kind.OPEN, Kind.HANDING_IN})


@dataclass(frozen=True)
class Route:
    """One address and method. `action` is empty for a route that is open to all.

    The handler gives a `Reply`, that of an upload the `StoredReply` of its commit.
    """

    kind: Kind
    method: str
    path: str
    action: str
    handler: Callable[[Call], Any]
    body: Schema
    args: Schema
    answer: Schema | None
    limit: int
    content_types: tuple[str, ...] | None
    prepare: Callable[[Call], Any] | None = None


class Routes:
    """The addresses of one service."""

    def __init__(self) -> None:
        # Redirects would lose the body and the method of a command.
        self._map = Map(strict_slashes=True, merge_slashes=False, redirect_defaults=False)
        self._all: list[Route] = []

    def add(self, route: Route) -> None:
        """Take up a route; its path is written as werkzeug's rules are."""
        self._map.add(Rule(route.path, endpoint=route, methods=[route.method]))
        self._all.append(route)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._all)

    def match(self, environ: Mapping[str, Any]) -> tuple[Route, Mapping[str, Any]]:
        """The route and the parts of the path; raises `Problem`: 404 or 405."""
        path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
        adapter = self._map.bind("localhost", path_info=path)
        try:
            found: tuple[Route, Mapping[str, Any]] = adapter.match(
                method=environ["REQUEST_METHOD"], path_info=path
            )
        except MethodNotAllowed as error:
            raise method_not_allowed(sorted(error.valid_methods or ())) from error
        except HTTPException as error:
            raise not_found() from error
        return found


def schema_of(schema: SchemaLike | None) -> Schema:
    """An instance of the schema; of one without members when there is none."""
    if schema is None:
        return Schema()
    return schema() if isinstance(schema, type) else schema
