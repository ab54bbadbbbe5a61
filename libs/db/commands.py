"""Commands run once: the answer is stored in the transaction that made it true."""

import random
import time
from collections.abc import Callable

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from libs.db.unit import Database, Unit, may_run_again
from libs.web.commands import KeyReused, StoredReply

ATTEMPTS = 5


class CommandRunner:
    """Runs a command's work in one transaction together with its idempotency row (7 days)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        schema = database.schema
        self._claim = text(
            f'INSERT INTO "{schema}".command (caller, key, request_hash)'  # noqa: S608
            " VALUES (:caller, :key, :request_hash) ON CONFLICT DO NOTHING RETURNING 1"
        )
        self._look = text(
            f'SELECT request_hash, status, body, headers, read_after FROM "{schema}".command'  # noqa: S608
            " WHERE caller = :caller AND key = :key"
        )
        self._answer = text(
            f'UPDATE "{schema}".command SET status = :status, body = :body, headers = :headers,'  # noqa: S608
            " read_after = :read_after WHERE caller = :caller AND key = :key"
        ).bindparams(bindparam("body", type_=JSONB), bindparam("headers", type_=JSONB))
        self._forget = text(
            f'DELETE FROM "{schema}".command'  # noqa: S608
            " WHERE answered_at < clock_timestamp() - interval '7 days'"
        )

    def run(
        self, caller: str, key: str, request_hash: str, work: Callable[[Unit], StoredReply]
    ) -> StoredReply:
        """Carry out `work` once for (caller, key), or give the stored answer again.

        Raises `KeyReused` when the key came with another request; whatever `work` raises rolls
        everything back, the claim on the key too. Lost races run again, at most five times.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._once(caller, key, request_hash, work)
            except Exception as error:
                if attempt == ATTEMPTS or not may_run_again(error):
                    raise
                time.sleep(random.uniform(0.005, 0.02) * attempt)  # noqa: S311
        raise AssertionError("unreachable")

    def _once(
        self, caller: str, key: str, request_hash: str, work: Callable[[Unit], StoredReply]
    ) -> StoredReply:
        place = {"caller": caller, "key": key}
        with self._database.unit() as unit:
            claimed = unit.connection.execute(self._claim, {**place, "request_hash": request_hash})
            if claimed.first() is None:
                row = unit.connection.execute(self._look, place).one()
                if row.request_hash != request_hash:
                    raise KeyReused(key)
                return StoredReply(row.status, row.body, row.headers, row.read_after)
            reply = work(unit)
            answer = {
                "status": reply.status,
                "body": reply.body,
                "headers": reply.headers,
                "read_after": reply.read_after,
            }
            unit.connection.execute(self._answer, {**place, **answer})
            return reply

    def forget_old(self) -> None:
        """Delete answers older than 7 days."""
        with self._database.unit() as unit:
            unit.connection.execute(self._forget)
