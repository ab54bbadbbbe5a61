"""Shards: one log for each year, and another one after a fork (RFC 6962 trees never shrink)."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_NAME = re.compile(r"([1-9]\d{3})(?:\.([1-9]\d{0,2}))?", re.ASCII)


@dataclass(frozen=True, order=True)
class ShardName:
    """`2026`, or `2026.1` after the first fork in that year; later shards are greater."""

    year: int
    fork: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name; raises `ValueError`."""
        found = _NAME.fullmatch(text)
        if not found:
            raise ValueError(f"not the name of a shard: {text[:50]!r}")
        return cls(int(found[1]), int(found[2] or 0))

    def __str__(self) -> str:
        return f"{self.year}.{self.fork}" if self.fork else str(self.year)

    def forked(self) -> Self:
        """The shard that follows after a fork."""
        return replace(self, fork=self.fork + 1)


def due(current: ShardName | None, now: datetime) -> ShardName | None:
    """Return the shard that a batch at this instant has to open; None to go on with `current`.

    Years are Việt Nam's. A clock that was set back opens nothing.
    """
    year = year_of(now)
    return ShardName(year) if current is None or year > current.year else None


def coming(current: ShardName, now: datetime) -> list[ShardName]:
    """The shards that may have followed: a fork, and the years up to the one after this instant.

    Whoever was set back to `current` does not know whether they were begun.
    """
    last = max(current.year, year_of(now)) + 1
    return [current.forked(), *map(ShardName, range(current.year + 1, last + 1))]


def year_of(now: datetime) -> int:
    """The year in Việt Nam."""
    return now.astimezone(VIETNAM).year


def origin_of(base: str, name: ShardName) -> str:
    """The origin of a shard's checkpoints: the log's own, and the shard's name."""
    return f"{base}/{name}"


def parts_of(origin: str) -> tuple[str, ShardName]:
    """The log's own origin and the shard's name, of `origin_of`; raises `ValueError`."""
    base, _, name = origin.rpartition("/")
    return base, ShardName.parse(name)
