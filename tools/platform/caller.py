"""The public HTTP API of a running platform, called by an account of the development issuer."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests

from tools.platform import Installation, Platform

_SECONDS = 30


class CallFailed(Exception):
    """The platform does not run, does not answer, or refuses; the message says why."""


class Caller:
    """One log-in on the platform of `folder`, by `account` or by the first one with `role`.

    Raises `CallFailed`.
    """

    def __init__(self, folder: Path, role: str, account: str | None = None) -> None:
        if not Platform(folder).running():
            raise CallFailed("The platform does not run. Start it with: lienthong up")
        here = Installation.open(folder)
        self._url = here.url
        self._session = requests.Session()
        self.token = _token(here, role, account)
        self._session.headers["Authorization"] = f"Bearer {self.token}"

    def get(self, path: str, args: Mapping[str, str | None] | None = None) -> dict[str, Any]:
        """Ask for JSON."""
        return self._call("GET", path, params=args)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out a command, under a key of its own."""
        return self._call("POST", path, json=body, headers={"Idempotency-Key": str(uuid4())})

    def _call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer = self._session.request(method, self._url + path, timeout=_SECONDS, **arguments)
            body: dict[str, Any] = answer.json()
        except requests.RequestException as error:
            raise CallFailed(f"The platform does not answer: {error}") from error
        if not answer.ok:
            raise CallFailed(_refused(body))
        return body


def _token(here: Installation, role: str, name: str | None) -> str:
    file = here.folder / "issuer" / "accounts.json"
    try:
        accounts = json.loads(file.read_text(encoding="utf-8"))
        one = next(
            account
            for account in accounts
            if (account["username"] == name if name else role in account["roles"])
        )
        answer = requests.post(
            f"{here.issuer_url}/token",
            data={"username": one["username"], "password": one["password"]},
            timeout=_SECONDS,
        )
        return str(answer.json()["access_token"])
    except (OSError, StopIteration, KeyError, ValueError, TypeError) as error:
        raise CallFailed(
            f"Cannot log in with an account ({name or role}) of {file}: {error!r}"
        ) from error


def _refused(problem: dict[str, Any]) -> str:
    """A problem document as one line, with the argument that it is about."""
    wrong = "; ".join(f"{item['where']}: {item['what']}" for item in problem.get("errors", ()))
    return " ".join(
        part for part in (problem.get("detail_vi"), problem.get("detail"), wrong) if part
    )
