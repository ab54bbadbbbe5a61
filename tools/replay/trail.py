"""The trail of a running platform, asked for as an auditor asks: by its public HTTP API."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from tools.platform.caller import Caller
from tools.replay.people import person_id

MOST = 1000
_PAGE = "200"

Args = dict[str, str | None]


class Trail:
    """One log-in, of `account` or of the first auditor. All raises `CallFailed`."""

    def __init__(self, folder: Path, account: str | None = None) -> None:
        self._folder = folder
        self._caller = Caller(folder, "auditor", account)

    def person(self, who: str | None) -> str | None:
        """The id of a person who is named by id or account."""
        return str(person_id(self._folder, who)) if who else None

    def trace(self, trace_id: str, at: str | None) -> dict[str, Any]:
        """A trace's timeline, as known at `at` or now."""
        return self._caller.get(f"/v1/traces/{quote(trace_id, safe='')}", {"at": at})

    def steps(self, wanted: Args) -> dict[str, Any]:
        """The wanted steps across documents, `MOST` at most; `more` tells of others."""
        return self._pages("/v1/steps", "lines", wanted)

    def consultations(self, wanted: Args) -> dict[str, Any]:
        """Who looked into the trail, newest first, `MOST` at most; `more` tells of others."""
        return self._pages("/v1/consultations", "consultations", wanted)

    def _pages(self, path: str, name: str, wanted: Args) -> dict[str, Any]:
        page = self._caller.get(path, {**wanted, "limit": _PAGE})
        found = page.pop(name)
        while "next" in page and len(found) < MOST:
            page = self._caller.get(path, {**wanted, "limit": _PAGE, "cursor": page["next"]})
            found += page.pop(name)
        more = page.pop("next", None) is not None
        return {name: found, **page, "more": more}
