"""Evidence is asked for when a file was issued or found good, and again before it ends."""

from datetime import datetime
from uuid import UUID, uuid5

from libs.contracts.journal import caused_by
from libs.db import Database, Unit
from libs.eventstore import Context
from services.signatures import queries

KIND = "add_evidence"
AT_ONCE = 500  # files in one transaction
_FIRST = UUID("0190a000-0000-7000-8000-0000000e71de")


def stream_of(file: str) -> str:
    """The stream of a file's evidence: whoever issued or received it, it is made once."""
    return f"evidence-{file}"


def ask_for_evidence(unit: Unit, file: str, context: Context) -> None:
    """Have evidence made for a file (by digest); the same file again changes nothing."""
    unit.jobs.add(uuid5(_FIRST, file), KIND, {"file": file, "over": file}, context)


def ask_for_renewals(database: Database, now: datetime) -> int:
    """Have all evidence renewed that is due; of how many files. Asking twice changes nothing."""
    asked, after = 0, ""
    while True:
        with database.unit() as unit:
            due = queries.renewals_due(unit.connection, now, after, AT_ONCE)
            for row in due:
                _renew(unit, row["file"], row["evidence"], now)
        asked += len(due)
        if len(due) < AT_ONCE:
            return asked
        after = due[-1]["file"]


def _renew(unit: Unit, file: str, over: str, now: datetime) -> None:
    newest = unit.store.read_last(stream_of(file))
    assert newest is not None, "a row of evidence has its event"
    context = caused_by(newest, agency=newest.agency, handler="system:signatures", now=now)
    unit.jobs.add(uuid5(newest.event_id, "renewal"), KIND, {"file": file, "over": over}, context)
