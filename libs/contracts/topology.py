"""The checked-in topology: who owns which category, which events it holds, who subscribes."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "proto" / "topology.toml"


@dataclass(frozen=True)
class Category:
    """One category of the store: its owner and the schema version written for each type.

    A shared category is no service's own: every service writes its own streams in it.
    """

    name: str
    owner: str
    events: dict[str, int]
    shared: bool = False

    @property
    def exchange(self) -> str:
        """The exchange to which the relay publishes this category."""
        return f"events.{self.name}"


@dataclass(frozen=True)
class Consumer:
    """A consumer with one position in each of its categories."""

    name: str
    categories: tuple[str, ...]

    @property
    def service(self) -> str:
        """The service (and database role, and broker user) that runs this consumer."""
        return self.name.partition(".")[0]


@dataclass(frozen=True)
class Topology:
    """All categories and consumers of an installation."""

    categories: dict[str, Category]
    consumers: dict[str, Consumer]

    @property
    def owners(self) -> tuple[str, ...]:
        """Every context with events of its own: the services that append, and the desk."""
        return tuple(sorted({category.owner for category in self.categories.values()}))

    @property
    def services(self) -> tuple[str, ...]:
        """Every service that appends or consumes."""
        consuming = {consumer.service for consumer in self.consumers.values()}
        owning = {category.owner for category in self.categories.values() if not category.shared}
        return tuple(sorted(consuming | owning))

    def writers(self, category: Category) -> tuple[str, ...]:
        """The services that append to the category."""
        return self.services if category.shared else (category.owner,)

    def schema_of(self, event_type: str) -> int:
        """The schema version written today for `event_type`; KeyError for a stranger."""
        for category in self.categories.values():
            if event_type in category.events:
                return category.events[event_type]
        raise KeyError(event_type)

    def own(self, consumer: Consumer) -> tuple[str, ...]:
        """The consumer's categories that its own service writes: read from the store."""
        return tuple(
            name for name in consumer.categories if self.categories[name].owner == consumer.service
        )

    def foreign(self, consumer: Consumer) -> tuple[str, ...]:
        """The consumer's categories that come by message."""
        own = self.own(consumer)
        return tuple(name for name in consumer.categories if name not in own)


@cache
def topology() -> Topology:
    """The topology of this code."""
    raw = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return Topology(
        categories={
            name: Category(name, row["owner"], dict(row["events"]), row.get("shared", False))
            for name, row in raw["categories"].items()
        },
        consumers={
            name: Consumer(name, tuple(sorted(row["categories"])))
            for name, row in raw["consumers"].items()
        },
    )
