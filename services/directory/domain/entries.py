"""Agencies, people, positions, clients: what makes an entry fit, and that an entry is made once."""

import re
from dataclasses import dataclass, replace

from services.directory.commands import (
    AssignPosition,
    CloseAgency,
    RegisterAgency,
    RegisterClient,
    RegisterPerson,
)
from services.directory.errors import (
    AgencyUnknown,
    AlreadyRegistered,
    ClosedOtherwise,
    PersonUnknown,
    RoleUnknown,
    SuccessorUnfit,
    UnfitAgency,
)
from services.directory.events import (
    AgencyClosed,
    AgencyRegistered,
    ClientRegistered,
    PersonRegistered,
    PositionAssigned,
)

ROLES = frozenset({"leader", "clerk", "officer", "head", "admin", "auditor", "monitor", "machine"})
CHANNELS = frozenset({"inside", "axis"})
# Domain facts: QCVN 102:2016, QD 20/2020/QD-TTg, and hybrids seen on the axis, up to 35 characters.
CODE = re.compile(r"[A-Z0-9]{1,10}(\.[A-Z0-9]{1,10}){0,6}")
LONGEST_CODE = 35

Event = AgencyRegistered | AgencyClosed | PersonRegistered | PositionAssigned | ClientRegistered
Command = RegisterAgency | CloseAgency | RegisterPerson | AssignPosition | RegisterClient


@dataclass(frozen=True)
class Entry:
    """One stream's state: the fact that made it, what closed it, the positions of a person."""

    made: Event | None = None
    positions: tuple[PositionAssigned, ...] = ()
    closed: AgencyClosed | None = None


def decide(entry: Entry, command: Command) -> list[Event]:
    """Make the entry, do nothing when the same stands there, refuse when something else does."""
    match command:
        case RegisterAgency():
            return _make(entry, _agency(command))
        case CloseAgency():
            return _close(entry, command)
        case RegisterPerson():
            return _make(entry, PersonRegistered(command.person_id, command.card))
        case AssignPosition():
            return _assign(entry, command)
        case RegisterClient():
            _known_roles(command.roles)
            return _make(entry, ClientRegistered(**vars(command)))


def evolve(entry: Entry, event: Event) -> Entry:
    """Apply a fact."""
    match event:
        case PositionAssigned():
            return replace(entry, positions=(*entry.positions, event))
        case AgencyClosed():
            return replace(entry, closed=event)
        case _:
            return replace(entry, made=event)


def _make(entry: Entry, event: Event) -> list[Event]:
    if entry.made is None:
        return [event]
    if entry.made == event:
        return []
    raise AlreadyRegistered


def _agency(command: RegisterAgency) -> AgencyRegistered:
    fit = (
        1 <= command.tier <= 4
        and command.channel in CHANNELS
        and command.codes
        and all(
            CODE.fullmatch(code.code) and len(code.code) <= LONGEST_CODE for code in command.codes
        )
    )
    if not fit:
        raise UnfitAgency
    return AgencyRegistered(**vars(command))


def _close(entry: Entry, command: CloseAgency) -> list[Event]:
    if entry.made is None:
        raise AgencyUnknown(agency_id=str(command.agency_id))
    if command.successor_id == command.agency_id:
        raise SuccessorUnfit
    event = AgencyClosed(**vars(command))
    if entry.closed not in (None, event):
        raise ClosedOtherwise(closed_on=entry.closed.closed_on.isoformat())
    return [] if entry.closed else [event]


def _assign(entry: Entry, command: AssignPosition) -> list[Event]:
    if entry.made is None:
        raise PersonUnknown(person_id=str(command.person_id))
    _known_roles(command.roles)
    event = PositionAssigned(**vars(command))
    for held in entry.positions:
        if held.position_id == command.position_id:
            return _make(Entry(held), event)
    return [event]


def _known_roles(roles: tuple[str, ...]) -> None:
    strangers = set(roles) - ROLES
    if strangers:
        raise RoleUnknown(role=min(strangers))
