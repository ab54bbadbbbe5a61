"""The end of a run: what every reader saw against what the table holds."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tests.fault.gap.reader import ARMS, KINDS, READERS

_COUNTS = text("""
WITH seen AS (
    SELECT n, tx, position, stream, version, max(version) OVER (
        PARTITION BY stream ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS newest FROM gap.seen WHERE reader = :reader
), stored AS (
    SELECT tx, position FROM es.event
    WHERE CAST(:category AS text) IS NULL OR category = :category
)
SELECT (SELECT count(*) FROM (SELECT * FROM stored EXCEPT SELECT tx, position FROM seen) AS m)
         AS missed,
       (SELECT count(*) FROM seen WHERE version < newest) AS inverted,
       (SELECT count(*) - count(DISTINCT (tx, position)) FROM seen) AS doubled
""")


@dataclass(frozen=True)
class Counts:
    """One reader's faults: events never seen, seen after a later version, seen again."""

    missed: int
    inverted: int
    doubled: int


@dataclass(frozen=True)
class Outcome:
    """A whole run. `lost` were acknowledged and are not there; `risen` were rolled back and are."""

    minutes: float
    seed: int
    written: int
    rolled_back: int
    killed: int
    restarts: int
    lost: int
    risen: int
    readers: dict[str, Counts]
    arms: dict[str, Counts]

    @property
    def missed(self) -> int:
        return sum(counts.missed for counts in self.readers.values())

    @property
    def inverted(self) -> int:
        return sum(counts.inverted for counts in self.readers.values())

    @property
    def doubled(self) -> int:
        return sum(counts.doubled for counts in self.readers.values())

    @property
    def blind_arms(self) -> list[str]:
        """The arms that missed nothing: with them the test could not see the fault."""
        return [name for name, counts in self.arms.items() if not counts.missed]

    @property
    def held(self) -> bool:
        """Whether the store kept its promises, and the run could have seen otherwise."""
        faults = self.missed + self.inverted + self.doubled + self.lost + self.risen
        return not faults and not self.blind_arms

    def as_json(self) -> dict[str, Any]:
        """All figures, with the readers' sums and the verdict."""
        sums = {name: getattr(self, name) for name in ("missed", "inverted", "doubled", "held")}
        return asdict(self) | sums


def counts(connection: Connection) -> tuple[dict[str, Counts], dict[str, Counts]]:
    """(readers, arms): each one's faults, now that all have come to the end."""
    found = {
        name: Counts(
            **connection.execute(_COUNTS, {"reader": name, "category": kind.category})
            .one()
            ._mapping
        )
        for name, kind in KINDS.items()
    }
    return {name: found[name] for name in READERS}, {name: found[name] for name in ARMS}


def stored_ids(connection: Connection) -> set[UUID]:
    """The ids of all events in the table."""
    return set(connection.execute(text("SELECT event_id FROM es.event")).scalars())
