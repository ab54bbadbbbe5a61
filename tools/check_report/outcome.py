"""What one comparison found."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """A comparison: what was compared, how many, and every difference in words."""

    what: str
    compared: int
    differences: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Something was compared, and nothing differed."""
        return bool(self.compared) and not self.differences


def difference(reported: Counter[Any], found: Counter[Any]) -> list[str]:
    """What stands on one side alone."""
    return [
        *_alone("only in the report", reported - found),
        *_alone("only in the evidence", found - reported),
    ]


def _alone(where: str, rows: Counter[Any]) -> Iterator[str]:
    for row in rows.elements():
        yield f"{where}: {' | '.join(str(value) for value in row)}"
