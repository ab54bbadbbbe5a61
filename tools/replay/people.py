"""People by id, or by the account with which they log in on a laptop's platform."""

import json
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from tools.platform.caller import CallFailed


def person_id(folder: Path, who: str) -> UUID:
    """The person of this id or account. Raises `CallFailed`."""
    with suppress(ValueError):
        return UUID(who)
    file = folder / "issuer" / "accounts.json"
    try:
        accounts = json.loads(file.read_text(encoding="utf-8"))
        return next(UUID(each["subject"]) for each in accounts if each["username"] == who)
    except (OSError, StopIteration, KeyError, ValueError, TypeError):
        raise CallFailed(f"{who} is neither a person's id nor an account of {file}") from None
