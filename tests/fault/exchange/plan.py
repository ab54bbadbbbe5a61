"""What strikes when: drawn from a seed, so that a run can be had again."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LONGEST = 6.0


@dataclass(frozen=True)
class Strike:
    """One fault: it comes when `after` documents have begun, and is held for `seconds`."""

    after: int
    kind: str
    target: str
    seconds: float
    chance: int
    """A seed for whatever the fault itself draws."""

    def __str__(self) -> str:
        what = f"{self.kind} {self.target}".strip()
        return f"{self.after}: {what} ({self.seconds:.1f} s)"


def draw(
    seed: int, documents: int, strikes: int, kinds: Mapping[str, Sequence[str]]
) -> list[Strike]:
    """So many strikes over so many documents; every kind comes before any comes again.

    `kinds` are names with their targets, which take turns.
    """
    chance = random.Random(seed)  # noqa: S311
    deck: list[str] = []
    targets = {name: chance.sample(list(among), len(among)) for name, among in kinds.items()}
    found = []
    for number in range(strikes):
        if not deck:
            deck = chance.sample(sorted(kinds), len(kinds))
        kind = deck.pop()
        after = (number + 1) * documents // (strikes + 1)
        targets[kind].append(target := targets[kind].pop(0))
        seconds = chance.uniform(0.5, LONGEST)
        found.append(Strike(after, kind, target, seconds, chance.randrange(2**32)))
    return found
