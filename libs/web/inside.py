"""Asking an API from inside its own process: the same routes, rights and JSON, without a socket."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.test import Client

from libs.web.api import Api
from libs.web.principal import Principal


@dataclass(frozen=True)
class Known:
    """A verifier for callers of this process: whatever the token, it is this person."""

    principal: Principal

    def verify(self, token: str) -> Principal:
        """The one caller."""
        del token
        return self.principal


def ask(api: Api, path: str, args: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Status and JSON of a GET on an API whose verifier is `Known`."""
    headers = {"Authorization": "Bearer inside"}
    answer = Client(api).get(path, query_string=args, headers=headers)
    return answer.status_code, answer.get_json()
