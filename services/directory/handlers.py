"""Carrying out commands: read the stream, decide, append."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from libs.contracts.journal import Journal
from libs.db import Unit
from libs.eventstore import Appended, Context
from services.directory.commands import (
    AssignPosition,
    CloseAgency,
    FileRequest,
    HandOverDevice,
    RegisterAgency,
    RegisterClient,
    RegisterPerson,
)
from services.directory.domain import entries, lifecycle, subscriber
from services.directory.domain.entries import Entry
from services.directory.domain.subscriber import Subscriber
from services.directory.errors import (
    AgencyEnded,
    AgencyUnknown,
    CodeTaken,
    DeviceTaken,
    PersonUnknown,
    ReceiverUnfit,
    SubscriberUnfit,
)
from services.directory.events import EVENTS, DeviceHandedOver, DeviceReturned
from services.directory.tables import client_secret, code_owner, device_holder

JOURNAL = Journal(EVENTS)
Command = entries.Command | lifecycle.Command
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def stream_of(command: Command) -> str:
    """The stream in which the command's entry stands."""
    match command:
        case RegisterAgency() | CloseAgency():
            return f"agency-{command.agency_id}"
        case RegisterPerson() | AssignPosition():
            return f"person-{command.person_id}"
        case RegisterClient():
            return f"client-{command.client_id}"
        case _:
            return f"certificate-{command.owner_id}"


def handle(command: Command, unit: Unit, context: Context, seed: Any) -> list[Appended]:
    """Carry out `command`; nothing is appended when the same entry stands already."""
    _check(command, unit, context.occurred_at.astimezone(VIETNAM).date())
    stream = stream_of(command)
    history, version = JOURNAL.load(unit.store, stream)
    if isinstance(command, lifecycle.Command):
        held = reduce(subscriber.evolve, history, Subscriber())
        events: list[Any] = list(lifecycle.decide(held, command))
    else:
        events = list(entries.decide(reduce(entries.evolve, history, Entry()), command))
    if not events:
        return []
    _hold_devices(unit, events)
    return [JOURNAL.append(unit.store, stream, version, events, context, seed)]


def works_in(unit: Unit, person_id: UUID) -> frozenset[UUID]:
    """The agencies in which a person has a position. Raises `PersonUnknown`."""
    history, _ = JOURNAL.load(unit.store, f"person-{person_id}")
    entry = reduce(entries.evolve, history, Entry())
    if entry.made is None:
        raise PersonUnknown(person_id=str(person_id))
    return frozenset(position.agency_id for position in entry.positions)


def _check(command: Command, unit: Unit, today: date) -> None:
    """What a command needs beyond its own stream."""
    match command:
        case AssignPosition():
            _require_agency(unit, command.agency_id, command.valid_from)
        case RegisterClient():
            _require_agency(unit, command.agency_id, today)
        case CloseAgency():
            _check_successor(unit, command)
        case RegisterAgency():
            _claim_codes(unit, command)
        case FileRequest():
            _check_subscriber(command, unit, today)
        case HandOverDevice() if command.kind != "leader":
            if command.owner_id not in works_in(unit, command.receiver_id):
                raise ReceiverUnfit


def _check_successor(unit: Unit, command: CloseAgency) -> None:
    """Whoever takes over must be there on the last day; both are held, always in one order."""
    ends, successor = command.agency_id, command.successor_id
    for each in sorted({ends, successor or ends}):
        _hold_agency(unit, each)
    if successor:
        _require_agency(unit, successor, command.closed_on)


def _check_subscriber(command: FileRequest, unit: Unit, today: date) -> None:
    """A leader's certificate is asked for where he works, an agency's own by itself.

    An agency that has ended asks for nothing new, but what it had is revoked.
    """
    if command.act in lifecycle.ISSUING:
        _require_agency(unit, command.agency_id, today)
    if command.kind == "leader":
        if command.agency_id not in works_in(unit, command.owner_id):
            raise SubscriberUnfit
    elif command.owner_id != command.agency_id:
        raise SubscriberUnfit


def keep_secret(unit: Unit, client_id: str, hashed: Mapping[str, bytes]) -> None:
    """Keep a client's hashed secret beside its event, in the same transaction."""
    row = {"client_id": client_id, **hashed}
    unit.connection.execute(
        upsert(client_secret).values(**row).on_conflict_do_nothing(index_elements=["client_id"])
    )


def _require_agency(unit: Unit, agency_id: Any, on: date) -> None:
    """Refuse what would begin on that day at an agency that is not there, or not any more.

    It stays as it is until the transaction ends: what begins there stands in another stream.
    """
    _hold_agency(unit, agency_id)
    history, _ = JOURNAL.load(unit.store, f"agency-{agency_id}")
    entry = reduce(entries.evolve, history, Entry())
    if entry.made is None:
        raise AgencyUnknown(agency_id=str(agency_id))
    if entry.closed and entry.closed.closed_on < on:
        raise AgencyEnded(agency_id=str(agency_id), closed_on=entry.closed.closed_on.isoformat())


def _hold_agency(unit: Unit, agency_id: UUID) -> None:
    unit.hold(f"agency-{agency_id}")


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


def _hold_devices(unit: Unit, events: Sequence[Any]) -> None:
    """Hold each device for one subscriber: a unique row, written and taken away with the event.

    That of a lost device stays.
    """
    for event in events:
        if isinstance(event, DeviceReturned):
            unit.connection.execute(
                delete(device_holder).where(device_holder.c.device == event.device)
            )
        if isinstance(event, DeviceHandedOver):
            row = {"device": event.device, "owner_id": event.owner_id}
            unit.connection.execute(upsert(device_holder).values(**row).on_conflict_do_nothing())
            holder = unit.connection.execute(
                select(device_holder.c.owner_id).where(device_holder.c.device == event.device)
            ).scalar_one()
            if holder != event.owner_id:
                raise DeviceTaken(device=event.device)
