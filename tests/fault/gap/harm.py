"""What happens to the server while the writers write."""

import os
import signal
import time
from contextlib import closing
from random import Random

from tests.support.servers import PostgresForTests

KILL_EVERY_SECONDS = 2.0


class Harm:
    """Ends connections and restarts the server, at chance moments."""

    def __init__(self, postgres: PostgresForTests, chance: Random, restart_every: float) -> None:
        self.killed = self.restarts = 0
        self._postgres = postgres
        self._chance = chance
        self._restart_every = restart_every
        self._next_kill = time.monotonic() + KILL_EVERY_SECONDS
        self._next_restart = time.monotonic() + restart_every

    def step(self) -> None:
        """Do what is due."""
        if time.monotonic() >= self._next_restart:
            self._restart()
            self._next_restart = time.monotonic() + self._restart_every
        elif time.monotonic() >= self._next_kill:
            self._end_connections()
            self._next_kill = time.monotonic() + self._chance.expovariate(1 / KILL_EVERY_SECONDS)

    def _end_connections(self) -> None:
        with closing(self._postgres.server.database.connect()) as admin, admin.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity"
                " WHERE application_name LIKE 'gap-%%' ORDER BY random() LIMIT %s) AS victims",
                (self._chance.randint(1, 4),),
            )
            self.killed += (cursor.fetchone() or (0,))[0]

    def _restart(self) -> None:
        """In turn as `pg_ctl restart -m immediate` (a crash, with recovery) and `-m fast`."""
        if self.restarts % 2 == 0:
            postmaster = int((self._postgres.server.data / "postmaster.pid").open().readline())
            os.kill(postmaster, signal.SIGQUIT)
        self._postgres.restart()
        self.restarts += 1
