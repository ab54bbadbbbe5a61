"""Reading one's own writes: a command's token, and whether a service's read models passed it."""

import base64
import binascii
import json
import time
from collections.abc import Sequence

from libs.db import Database
from libs.eventstore import Appended, EventStore, Place
from libs.messaging.positions import Positions

POLL_SECONDS = 0.01


class BadToken(ValueError):
    """A token that no command of this installation gave."""


def token(store: EventStore, appended: Sequence[Appended]) -> str:
    """The token of an append: the epoch and the last place in each category written."""
    places: dict[str, Place] = {}
    for part in appended:
        category = part.stream.partition("-")[0]
        places[category] = max(places.get(category, part.place), part.place)
    content = json.dumps([store.epoch(), places], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode()


def read_token(text: str) -> tuple[str, dict[str, Place]]:
    """(epoch, places) of a token; `BadToken` for anything else."""
    try:
        epoch, places = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
        return str(epoch), {str(c): Place(int(tx), int(p)) for c, (tx, p) in places.items()}
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise BadToken("the X-Read-After token is not one of ours") from error


class ReadAfter:
    """Waits until a consumer's read models hold what a token tells of."""

    def __init__(self, database: Database, consumer: str) -> None:
        self._database = database
        self._consumer = consumer

    def __call__(self, token: str, timeout: float = 2.0) -> bool:
        """True once passed; False after `timeout` seconds, or for a token of another epoch.

        Categories that the consumer does not follow are not waited for. Raises `BadToken`.
        """
        epoch, places = read_token(token)
        deadline = time.monotonic() + timeout
        while True:
            with self._database.unit() as unit:
                positions = Positions(unit.connection, self._consumer).all()
            followed = {name: positions[name] for name in places if name in positions}
            if any(mine.epoch != epoch for mine in followed.values()):
                return False
            if all(mine.place >= places[name] for name, mine in followed.items()):
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)
