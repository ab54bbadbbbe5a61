"""Parked jobs as dead letters."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from libs.db import Unit
from libs.desk.model import RELEASE, Decision, Settled
from libs.messaging.causes import PlainCause, plain
from libs.messaging.desk_events import ParkedJobRefused, ParkedJobReleased

_EFFECTS = {
    "release": PlainCause(
        "Việc được làm lại ngay từ đầu.", "The job is tried again at once, with all its tries."
    ),
    "refuse": PlainCause(
        "Việc không được làm nữa; hệ thống ghi nhận hệ quả, chẳng hạn không gửi được.",
        "The job is never done; what that means, such as a document not sent, is recorded.",
    ),
}


class JobKind:
    """The parked jobs of one service. `words` are the plain words for its own errors."""

    name = "job"

    def __init__(self, service: str, words: Mapping[str, PlainCause]) -> None:
        self._service = service
        self._queue = f"{service}.jobs"
        self._words = words

    def letters(self) -> str:
        """The jobs that failed at their last try."""
        return f"""
SELECT 'job' AS kind, '{self._queue}/' || j.job_id AS item, j.kind AS what, j.due_at AS since,
    j.attempts, coalesce(j.cause, '') AS cause,
    (SELECT count(*) FROM "{self._service}".job AS b WHERE b.lane = j.lane
        AND b.created > j.created AND b.state <> 'done') AS behind,
    CAST(j.context ->> 'trace' AS uuid) AS trace
FROM "{self._service}".job AS j WHERE j.state = 'parked'
"""  # noqa: S608

    def owns(self, item: str) -> bool:
        """An item names the service's jobs and the job."""
        return item.startswith(f"{self._queue}/")

    def words(self, cause: str) -> PlainCause:
        """Why its last try failed."""
        return plain(cause, self._words)

    def effect(self, action: str) -> PlainCause:
        """What happens to the job."""
        return _EFFECTS[action]

    def settle(self, unit: Unit, items: Sequence[str], decision: Decision) -> list[Settled]:
        """Put the jobs that are still parked back, to be done or to be refused."""
        ids = [UUID(item.rpartition("/")[2]) for item in items]
        act = unit.jobs.release if decision.action == RELEASE else unit.jobs.refuse
        settled = []
        for job in act(ids):
            facts: dict[str, Any] = {"service": self._service, "job_id": job.job_id}
            facts |= {"kind": job.kind, "attempts": job.attempts, **decision.named()}
            event = (
                ParkedJobReleased(**facts)
                if decision.action == RELEASE
                else ParkedJobRefused(**facts, reason=decision.reason)
            )
            item = f"{self._queue}/{job.job_id}"
            context = job.context
            settled.append(
                Settled(item, f"desk-{self._queue}", event, context.trace, context.after_tx)
            )
        return settled
