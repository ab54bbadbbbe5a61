"""Slow work as rows: added in the transaction that wants it, taken by a lease, ended with it.

A job's act is repeatable: the same job id gives the same outcome. Jobs in one lane run one after
the other in the order in which they were added.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from libs.eventstore.model import Context

# After the last, a job is parked and shown.
BACK_OFF_SECONDS = (1, 10, 60, 600, 3600)
# Behind the kind of a job that two people refused: its act records that it will never be done.
REFUSED = ".refused"
REFUSED_AT_DESK = "refused_at_desk"
# The argument of a job that names whose one thing it needs, such as a key in a token.
OWNER = "owner"
_OWNER = f"coalesce(arguments ->> '{OWNER}', '')"
# The mark of a job that was begun before its own first try: released, or what another job left.
_BEGUN = "released"
# What became of earlier tries. The row keeps these beside the job's own arguments, which never show
# them: an act may take its arguments for all that there is.
_FAILURES, _DOUBTS = "failures", "doubts"
_HISTORY = (_BEGUN, _FAILURES, _DOUBTS)
# The longest wait of what is tried for as long as it takes.
LONGEST_WAIT = 600


@dataclass(frozen=True)
class Job:
    """One piece of slow work, as its worker sees it.

    `begun`: before its first try, by people who released it or as part of another job. `failures`
    are the tries that failed by themselves, and not because something outside was away; `doubts`
    are those of them that may have been these tries' alone.
    """

    job_id: UUID
    kind: str
    arguments: dict[str, Any]
    context: Context
    attempts: int
    begun: bool = False
    failures: int = 0
    doubts: int = 0

    @property
    def first_try(self) -> bool:
        """Whether nobody has begun to do it before."""
        return self.attempts == 1 and not self.begun


@dataclass(frozen=True)
class Share:
    """The part of a queue that one worker takes: some kinds of job, some owners' alone.

    A job names the owner of the one thing that it needs in its argument `OWNER`; one that does not
    has the empty text. The owners are those of `owners`, or all but these where `others` says so.
    """

    kinds: Collection[str]
    owners: Collection[str] = ()
    others: bool = True

    def has(self, kind: str, owner: str) -> bool:
        """Whether a job is of this share."""
        return kind in self.kinds and (owner in self.owners) != self.others


@dataclass(frozen=True)
class Due:
    """Jobs that could be taken now, as far as it matters to who may take them."""

    kind: str
    urgent: bool
    owner: str


class JobQueue:
    """The job table of one schema, inside the caller's transaction."""

    def __init__(self, connection: Connection, schema: str) -> None:
        self._connection = connection
        self._table = f'"{schema}".job'
        self._ready = f"""
            state = 'open' AND due_at <= clock_timestamp()
            AND (lease_end IS NULL OR lease_end < clock_timestamp())
            AND NOT EXISTS (
                SELECT 1 FROM {self._table} AS earlier
                WHERE earlier.lane = j.lane AND earlier.created < j.created
                  AND earlier.state <> 'done')"""  # noqa: S608

    def add(
        self,
        job_id: UUID,
        kind: str,
        arguments: dict[str, Any],
        context: Context,
        *,
        urgent: bool = False,
        lane: str | None = None,
        due_at: datetime | None = None,
    ) -> None:
        """Add a job, due now or at an instant; the same id again changes nothing."""
        self._connection.execute(
            text(
                f"INSERT INTO {self._table}"  # noqa: S608
                " (job_id, kind, lane, urgent, arguments, context, due_at)"
                " VALUES (:job_id, :kind, :lane, :urgent, :arguments, :context,"
                " coalesce(:due_at, clock_timestamp()))"
                " ON CONFLICT DO NOTHING"
            ).bindparams(bindparam("arguments", type_=JSONB), bindparam("context", type_=JSONB)),
            {
                "job_id": job_id,
                "kind": kind,
                "lane": lane,
                "urgent": urgent,
                "arguments": arguments,
                "context": _context_row(context),
                "due_at": due_at,
            },
        )

    def take(
        self, worker: str, share: Share, *, urgent_only: bool, lease_seconds: float
    ) -> Job | None:
        """Lease the next due job of a share, urgent first; None when there is none.

        Counts the attempt.
        """
        row = self._connection.execute(
            text(f"""
                UPDATE {self._table} SET worker = :worker, attempts = attempts + 1,
                    lease_end = clock_timestamp() + :lease * interval '1 second'
                WHERE job_id = (
                    SELECT job_id FROM {self._table} AS j
                    WHERE {self._ready} AND (urgent OR NOT :urgent_only) AND kind = ANY (:kinds)
                      AND ({_OWNER} = ANY (:owners)) <> :others
                    ORDER BY urgent DESC, created LIMIT 1 FOR UPDATE SKIP LOCKED)
                RETURNING job_id, kind, arguments, context, attempts"""),  # noqa: S608
            {
                "worker": worker,
                "urgent_only": urgent_only,
                "lease": lease_seconds,
                "kinds": list(share.kinds),
                "owners": list(share.owners),
                "others": share.others,
            },
        ).first()
        if row is None:
            return None
        return _job(row)

    def due(self) -> set[Due]:
        """What could be taken now."""
        found = self._connection.exec_driver_sql(
            f"SELECT DISTINCT kind, urgent, {_OWNER} AS owner"  # noqa: S608
            f" FROM {self._table} AS j WHERE {self._ready}"
        )
        return {Due(row.kind, row.urgent, row.owner) for row in found}

    def finish(self, job: Job, worker: str) -> bool:
        """End the job; False when its lease was lost to another worker, who will end it."""
        ended = self._connection.execute(
            text(
                f"UPDATE {self._table} SET state = 'done', lease_end = NULL"  # noqa: S608
                " WHERE job_id = :job_id AND state = 'open' AND worker = :worker RETURNING 1"
            ),
            {"job_id": job.job_id, "worker": worker},
        )
        return ended.first() is not None

    def renew(self, job: Job, worker: str, lease_seconds: float) -> None:
        """Keep the job for longer; a lease that has ended already is not renewed."""
        self._connection.execute(
            text(
                f"UPDATE {self._table}"  # noqa: S608
                " SET lease_end = clock_timestamp() + :lease * interval '1 second'"
                " WHERE job_id = :job_id AND state = 'open' AND worker = :worker"
                " AND lease_end > clock_timestamp()"
            ),
            {"job_id": job.job_id, "worker": worker, "lease": lease_seconds},
        )

    def fail(
        self, job: Job, worker: str, cause: str, chance: float, *, doubtful: bool = False
    ) -> None:
        """Put the job back for a later try, or park it after the last.

        `chance` (0 to 1) spreads those that failed together over half of their wait more; a
        `doubtful` failure may be this try's alone.
        """
        last = job.failures >= len(BACK_OFF_SECONDS)
        wait = 0 if last else BACK_OFF_SECONDS[job.failures]
        counts = {_FAILURES: job.failures + 1, _DOUBTS: job.doubts + doubtful}
        state = "parked" if last else "open"
        self._put_back(job, worker, cause, state, wait * (1 + chance / 2), counts)

    def postpone(
        self, job: Job, worker: str, cause: str, chance: float, at_least: float = 0
    ) -> None:
        """Put the job back until `at_least` seconds have passed; it is never parked for this.

        Nor does it take one of the tries after which it would be.
        """
        away = min(max(job.attempts - job.failures, 1), len(BACK_OFF_SECONDS))
        wait = min(BACK_OFF_SECONDS[away - 1], LONGEST_WAIT)
        self._put_back(job, worker, cause, "open", max(wait * (1 + chance / 2), at_least), {})

    def _put_back(
        self,
        job: Job,
        worker: str,
        cause: str,
        state: str,
        wait: float,
        counts: Mapping[str, int],
    ) -> None:
        self._connection.execute(
            text(
                f"UPDATE {self._table} SET lease_end = NULL, cause = :cause,"  # noqa: S608
                " state = :state, due_at = clock_timestamp() + :wait * interval '1 second',"
                " arguments = arguments || :counts"
                " WHERE job_id = :job_id AND state = 'open' AND worker = :worker"
            ).bindparams(bindparam("counts", type_=JSONB)),
            {
                "counts": dict(counts),
                "job_id": job.job_id,
                "worker": worker,
                "cause": cause[:500],
                "state": state,
                "wait": wait,
            },
        )

    def leave(
        self, job: Job, job_id: UUID, changes: Mapping[str, Any], *, begun: bool = True
    ) -> None:
        """Let another job do what is left of one, due now, with all its tries; again, nothing.

        It differs from the first by its id and by `changes` in the arguments; `begun` says whether
        this part of the work was tried.
        """
        mark = {_BEGUN: True} if begun else {}
        self._connection.execute(
            text(
                f"INSERT INTO {self._table} (job_id, kind, lane, urgent, arguments, context)"  # noqa: S608
                f" SELECT :job_id, kind, lane, urgent,"
                f" arguments - '{_FAILURES}' - '{_DOUBTS}' || :changes, context"
                f" FROM {self._table} WHERE job_id = :of ON CONFLICT DO NOTHING"
            ).bindparams(bindparam("changes", type_=JSONB)),
            {"job_id": job_id, "of": job.job_id, "changes": {**changes, **mark}},
        )

    def hurry(self, kinds: Collection[str], most: int | None = None) -> int:
        """Make due what waits after a try, any `most` of these kinds; how many were made due."""
        found = self._connection.execute(
            text(f"""
                UPDATE {self._table} SET due_at = clock_timestamp() WHERE job_id IN (
                    SELECT job_id FROM {self._table}
                    WHERE state = 'open' AND kind = ANY (:kinds) AND attempts > 0
                      AND due_at > clock_timestamp() AND lease_end IS NULL
                    ORDER BY random() LIMIT :most FOR UPDATE SKIP LOCKED)"""),  # noqa: S608
            {"kinds": list(kinds), "most": most},
        )
        return found.rowcount

    def release(self, job_ids: Sequence[UUID]) -> list[Job]:
        """Open these again, with all their tries; those that were parked, as they were."""
        return self._reopen(job_ids, "kind")

    def refuse(self, job_ids: Sequence[UUID]) -> list[Job]:
        """Let the worker record what it means that these are never done; those that were parked.

        A refused job is done by the act of its kind with `REFUSED` behind it, in its lane.
        """
        twice = f"CASE WHEN right(kind, {len(REFUSED)}) = '{REFUSED}' THEN kind"
        return self._reopen(job_ids, f"{twice} ELSE kind || '{REFUSED}' END")

    def _reopen(self, job_ids: Sequence[UUID], kind: str) -> list[Job]:
        rows = self._connection.execute(
            text(f"""
                WITH parked AS (
                    SELECT job_id, kind, arguments, context, attempts FROM {self._table}
                    WHERE job_id = ANY (CAST(:ids AS uuid[])) AND state = 'parked'
                    ORDER BY job_id FOR UPDATE),
                opened AS (
                    UPDATE {self._table} SET state = 'open', attempts = 0, cause = NULL,
                        worker = NULL, lease_end = NULL, due_at = clock_timestamp(), kind = {kind},
                        arguments = arguments - '{_FAILURES}' - '{_DOUBTS}'
                            || '{{"{_BEGUN}": true}}'
                    WHERE job_id IN (SELECT job_id FROM parked))
                SELECT * FROM parked ORDER BY job_id"""),  # noqa: S608
            {"ids": list(job_ids)},
        )
        return [_job(row) for row in rows]

    def free(self, worker: str) -> None:
        """Free what this worker held before it was killed, so that nobody waits for the lease."""
        self._connection.execute(
            text(
                f"UPDATE {self._table} SET lease_end = NULL WHERE state = 'open' AND worker = :w"  # noqa: S608
            ),
            {"w": worker},
        )

    def counts(self) -> dict[tuple[str, str], int]:
        """Open and parked jobs by kind, for the metrics."""
        rows = self._connection.execute(
            text(
                f"SELECT kind, state, count(*) AS n FROM {self._table}"  # noqa: S608
                " WHERE state <> 'done' GROUP BY kind, state"
            )
        )
        return {(row.kind, row.state): row.n for row in rows}


def _job(row: Any) -> Job:
    own = {name: value for name, value in row.arguments.items() if name not in _HISTORY}
    return Job(
        row.job_id,
        row.kind,
        own,
        _context(row.context),
        row.attempts,
        begun=bool(row.arguments.get(_BEGUN)),
        failures=row.arguments.get(_FAILURES, 0),
        doubts=row.arguments.get(_DOUBTS, 0),
    )


def _context_row(context: Context) -> dict[str, Any]:
    return {
        name: value if value is None or isinstance(value, int) else str(value)
        for name, value in asdict(context).items()
    }


def _context(row: dict[str, Any]) -> Context:
    def uuid(name: str) -> UUID | None:
        return UUID(row[name]) if row[name] else None

    return Context(
        agency=row["agency"],
        handler=row["handler"],
        occurred_at=datetime.fromisoformat(row["occurred_at"]),
        trace=UUID(row["trace"]),
        behalf=row["behalf"],
        correlation=uuid("correlation"),
        causation=uuid("causation"),
        after_tx=row["after_tx"],
    )
