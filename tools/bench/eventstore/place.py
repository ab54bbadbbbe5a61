"""Where a bench runs: a private cluster, how long and how often."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from tests.support.servers import PostgresForTests
from tools.bench.crew import Crew


@dataclass(frozen=True)
class Place:
    """A cluster with durability on, a folder for peers, and the sizes of this run."""

    postgres: PostgresForTests
    peers: Path
    scratch: Path
    quick: bool

    @property
    def repeats(self) -> int:
        """How often each arm runs."""
        return 1 if self.quick else 5

    @property
    def seconds(self) -> float:
        """How long each arm runs in a round."""
        return 0.3 if self.quick else 2.0

    def admin(self, url: str, *scripts: str) -> None:
        """Run scripts as the administrator in the database of `url`."""
        connection = psycopg2.connect(self.admin_url(url))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                for script in scripts:
                    cursor.execute(script)
        finally:
            connection.close()

    def ask(self, url: str, statement: str) -> list[tuple[Any, ...]]:
        """Run one question as the administrator in the database of `url`."""
        connection = psycopg2.connect(self.admin_url(url))
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall()
        finally:
            connection.close()

    def admin_url(self, url: str) -> str:
        """The administrator's way into the database of `url`."""
        admin = self.postgres.server.database.admin_url
        return f"{admin.rsplit('/', 1)[0]}/{url.rsplit('/', 1)[1]}"

    def writers(self, arm: str, size: int, url: Callable[[str], str]) -> Crew:
        """`size` processes of an arm of `tools.bench.eventstore.writer`."""
        command = [sys.executable, "-m", "tools.bench.eventstore.writer", arm]
        return Crew(command, size, os.environ | {"BENCH_URL": url("documents")})
