"""What became of a target's mutants."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_SURVIVING = 0.15

# A mutant that never ends is noticed by whoever waits for the tests.
_NOTICED = frozenset({"killed", "timeout"})


@dataclass(frozen=True)
class Outcome:
    """Each mutant's status in mutmut's words. At least one mutant.

    Whatever is neither killed nor timed out survived: also what no test calls, what was not
    checked, and what ended in a way that mutmut cannot explain.
    """

    name: str
    statuses: Mapping[str, str]

    @property
    def survived(self) -> list[str]:
        """The mutants that no test noticed."""
        return sorted(name for name, status in self.statuses.items() if status not in _NOTICED)

    @property
    def rate(self) -> float:
        """The part that survived, from 0 to 1."""
        return len(self.survived) / len(self.statuses)

    @property
    def passed(self) -> bool:
        """Whether no more survived than may."""
        return self.rate <= MOST_SURVIVING

    def as_json(self) -> dict[str, Any]:
        """The outcome as the report holds it."""
        return {
            "name": self.name,
            "mutants": len(self.statuses),
            "killed": len(self.statuses) - len(self.survived),
            "survived": self.survived,
            "rate": round(self.rate, 4),
        }
