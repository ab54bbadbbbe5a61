"""The trail of a running platform, asked for as an auditor asks: by its public HTTP API."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from tools.platform.caller import Caller, CallFailed

MOST_STEPS = 1000
_PAGE = 200
TrailError = CallFailed


class Trail:
    """One log-in of the auditor on the platform of `folder`. Raises `TrailError`."""

    def __init__(self, folder: Path) -> None:
        self._auditor = Caller(folder, "auditor")

    def trace(self, trace_id: str, at: str | None) -> dict[str, Any]:
        """A trace's timeline, as known at `at` or now."""
        return self._auditor.get(f"/v1/traces/{quote(trace_id, safe='')}", {"at": at})

    def steps(self, wanted: dict[str, str | None]) -> dict[str, Any]:
        """The wanted steps across documents, `MOST_STEPS` at most; `more` tells of others."""
        page = self._steps(wanted)
        lines = page["lines"]
        while "next" in page and len(lines) < MOST_STEPS:
            page = self._steps({**wanted, "cursor": page["next"]})
            lines += page["lines"]
        return {"lines": lines, "as_of": page["as_of"], "more": "next" in page}

    def _steps(self, wanted: dict[str, str | None]) -> dict[str, Any]:
        return self._auditor.get("/v1/steps", {**wanted, "limit": str(_PAGE)})
