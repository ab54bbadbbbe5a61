"""People's orders about the trust store: propose, approve, reject; bring a published list."""

from functools import reduce
from uuid import UUID

from libs.db import Unit
from libs.eventstore import Appended, Context
from services.signatures.commands import ApproveTrust, ProposeTrust, RejectTrust
from services.signatures.domain import trust
from services.signatures.recording import JOURNAL

STREAM = "trust-store"
READ_LIST = "read_trust_list"


def handle(
    command: ProposeTrust | ApproveTrust | RejectTrust, unit: Unit, context: Context, seed: UUID
) -> list[Appended]:
    """Carry out `command`; nothing is appended when it was done already."""
    history, version = JOURNAL.load(unit.store, STREAM)
    events = trust.decide(reduce(trust.evolve, history, trust.NEW), command)
    if not events:
        return []
    return [JOURNAL.append(unit.store, STREAM, version, events, context, seed)]


def bring_list(unit: Unit, list_id: UUID, file: str, person: UUID, context: Context) -> None:
    """Have a published list read by a worker: its signature is checked there."""
    order = {"list_id": str(list_id), "file": file, "brought_by": str(person)}
    unit.jobs.add(list_id, READ_LIST, order, context)
