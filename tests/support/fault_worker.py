"""A job worker process: `python -m tests.support.fault_worker NAME [urgent | until FILE]`.

Its act says on which job it works, and writes one row for each job that it ends. "until FILE": an
act goes on when the file is there.
"""

import os
import sys
from pathlib import Path

from sqlalchemy import text

from libs.db import Database, Unit, engine_for
from libs.jobs.queue import Job
from libs.jobs.worker import Finish, Worker, run_workers
from tests.support.fault_world import SERVICE
from tests.support.wait import eventually


def act(job: Job) -> Finish:
    """Work as long as told, then write the job's row."""
    sys.stdout.write(f"works on {job.job_id}\n")
    sys.stdout.flush()
    if "until" in sys.argv:
        eventually(Path(sys.argv[-1]).exists, within=120)

    def finish(unit: Unit) -> None:
        unit.connection.execute(
            text(
                "INSERT INTO interconnect.effect (event_id, stream, version)"
                " VALUES (:id, 'job-1', :attempts)"
            ),
            {"id": job.job_id, "attempts": job.attempts},
        )

    return finish


if __name__ == "__main__":
    database = Database(engine_for(os.environ["DATABASE_URL"]), SERVICE)
    run_workers([Worker(sys.argv[1], database, {"act": act}, urgent_only="urgent" in sys.argv)])
