"""Carrying out commands: read the stream, decide, append."""

from collections.abc import Mapping
from functools import reduce
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from libs.contracts.journal import Journal
from libs.db import Unit
from libs.eventstore import Appended, Context
from services.directory.commands import (
    AssignPosition,
    RegisterAgency,
    RegisterCertificate,
    RegisterClient,
    RegisterPerson,
)
from services.directory.domain import Command, Entry, decide, evolve
from services.directory.errors import AgencyUnknown, CodeTaken
from services.directory.events import EVENTS, AgencyRegistered
from services.directory.tables import client_secret, code_owner

JOURNAL = Journal(EVENTS)


def stream_of(command: Command) -> str:
    """The stream in which the command's entry stands."""
    match command:
        case RegisterAgency():
            return f"agency-{command.agency_id}"
        case RegisterPerson() | AssignPosition():
            return f"person-{command.person_id}"
        case RegisterCertificate():
            return f"certificate-{command.certificate_id}"
        case RegisterClient():
            return f"client-{command.client_id}"


def handle(command: Command, unit: Unit, context: Context, seed: Any) -> list[Appended]:
    """Carry out `command`; nothing is appended when the same entry stands already."""
    if isinstance(command, AssignPosition | RegisterClient):
        _require_agency(unit, command.agency_id)
    if isinstance(command, RegisterAgency):
        _claim_codes(unit, command)
    stream = stream_of(command)
    history, version = JOURNAL.load(unit.store, stream)
    events = decide(reduce(evolve, history, Entry()), command)
    if not events:
        return []
    return [JOURNAL.append(unit.store, stream, version, events, context, seed)]


def keep_secret(unit: Unit, client_id: str, hashed: Mapping[str, bytes]) -> None:
    """Keep a client's hashed secret beside its event, in the same transaction."""
    row = {"client_id": client_id, **hashed}
    unit.connection.execute(
        upsert(client_secret).values(**row).on_conflict_do_nothing(index_elements=["client_id"])
    )


def _require_agency(unit: Unit, agency_id: Any) -> None:
    last = unit.store.read_last(f"agency-{agency_id}")
    if last is None or not isinstance(JOURNAL.event(last), AgencyRegistered):
        raise AgencyUnknown(agency_id=str(agency_id))


def _claim_codes(unit: Unit, command: RegisterAgency) -> None:
    """Hold each code for one agency: a unique row, written with the event."""
    for code in command.codes:
        unit.connection.execute(
            upsert(code_owner)
            .values(code=code.code, agency_id=command.agency_id)
            .on_conflict_do_nothing()
        )
        owner = unit.connection.execute(
            select(code_owner.c.agency_id).where(code_owner.c.code == code.code)
        ).scalar_one()
        if owner != command.agency_id:
            raise CodeTaken(code=code.code)
