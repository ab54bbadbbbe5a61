"""Agencies, people, positions, clients: what makes an entry fit, and that an entry is made once."""

import re
from dataclasses import dataclass, replace

from services.directory.commands import (
    AssignPosition,
    RegisterAgency,
    RegisterClient,
    RegisterPerson,
)
from services.directory.errors import AlreadyRegistered, PersonUnknown, RoleUnknown, UnfitAgency
from services.directory.events import (
    AgencyRegistered,
    ClientRegistered,
    PersonRegistered,
    PositionAssigned,
)

ROLES = frozenset({"leader", "clerk", "officer", "head", "admin", "auditor", "machine"})
CHANNELS = frozenset({"inside", "axis"})
# Domain facts: QCVN 102:2016, QD 20/2020/QD-TTg, and hybrids seen on the axis, up to 35 characters.
CODE = re.compile(r"[A-Z0-9]{1,10}(\.[A-Z0-9]{1,10}){0,6}")
LONGEST_CODE = 35

Event = AgencyRegistered | PersonRegistered | PositionAssigned | ClientRegistered
Command = RegisterAgency | RegisterPerson | AssignPosition | RegisterClient


@dataclass(frozen=True)
class Entry:
    """One stream's state: the fact that made it, and the positions of a person."""

    made: Event | None = None
    positions: tuple[PositionAssigned, ...] = ()


def decide(entry: Entry, command: Command) -> list[Event]:
    """Make the entry, do nothing when the same stands there, refuse when something else does."""
    match command:
        case RegisterAgency():
            return _make(entry, _agency(command))
        case RegisterPerson():
            return _make(entry, PersonRegistered(command.person_id, command.card))
        case AssignPosition():
            return _assign(entry, command)
        case RegisterClient():
            _known_roles(command.roles)
            return _make(entry, ClientRegistered(**vars(command)))


def evolve(entry: Entry, event: Event) -> Entry:
    """Apply a fact."""
    if isinstance(event, PositionAssigned):
        return replace(entry, positions=(*entry.positions, event))
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
