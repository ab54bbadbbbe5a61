"""The trail of a running platform, asked for as an auditor asks: by its public HTTP API."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from tools.platform import Installation, Platform

MOST_STEPS = 1000
_PAGE = 200
_SECONDS = 30


class TrailError(Exception):
    """The trail cannot be read; the message says why and what to do."""


class Trail:
    """One log-in of the auditor on the platform of `folder`. Raises `TrailError`."""

    def __init__(self, folder: Path) -> None:
        if not Platform(folder).running():
            raise TrailError("The platform does not run. Start it with: lienthong up")
        here = Installation.open(folder)
        self._url = here.url
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {_token(here)}"

    def trace(self, trace_id: str, at: str | None) -> dict[str, Any]:
        """A trace's timeline, as known at `at` or now."""
        return self._get(f"/v1/traces/{quote(trace_id, safe='')}", {"at": at})

    def steps(self, wanted: dict[str, str | None]) -> dict[str, Any]:
        """The wanted steps across documents, `MOST_STEPS` at most; `more` tells of others."""
        page = self._get("/v1/steps", {**wanted, "limit": str(_PAGE)})
        lines = page["lines"]
        while "next" in page and len(lines) < MOST_STEPS:
            page = self._get("/v1/steps", {**wanted, "limit": str(_PAGE), "cursor": page["next"]})
            lines += page["lines"]
        return {"lines": lines, "as_of": page["as_of"], "more": "next" in page}

    def _get(self, path: str, args: dict[str, str | None]) -> dict[str, Any]:
        try:
            answer = self._session.get(self._url + path, params=args, timeout=_SECONDS)
            body: dict[str, Any] = answer.json()
        except requests.RequestException as error:
            raise TrailError(f"The platform does not answer: {error}") from error
        if not answer.ok:
            raise TrailError(_refused(body))
        return body


def _token(here: Installation) -> str:
    """Log in with the auditor's account of the development issuer."""
    file = here.folder / "issuer" / "accounts.json"
    try:
        accounts = json.loads(file.read_text(encoding="utf-8"))
        auditor = next(account for account in accounts if "auditor" in account["roles"])
        answer = requests.post(
            f"{here.issuer_url}/token",
            data={"username": auditor["username"], "password": auditor["password"]},
            timeout=_SECONDS,
        )
        return str(answer.json()["access_token"])
    except (OSError, StopIteration, KeyError, ValueError, TypeError) as error:
        raise TrailError(f"Cannot log in with an auditor's account of {file}: {error!r}") from error


def _refused(problem: dict[str, Any]) -> str:
    """A problem document as one line, with the argument that it is about."""
    wrong = "; ".join(f"{item['where']}: {item['what']}" for item in problem.get("errors", ()))
    return " ".join(
        part for part in (problem.get("detail_vi"), problem.get("detail"), wrong) if part
    )
