"""A tray (lô trình ký): documents that a leader signs in one go, by one confirmation.

Each is approved on its own, urgent first; what cannot be approved is refused with its reason and
stops no other. Where each stands is told by the documents' own events.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from services.documents.commands import ConfirmTray, RefuseTrayLine
from services.documents.errors import TrayTooLarge
from services.documents.events import TrayConfirmed, TrayLineRefused

MOST = 500

Command = ConfirmTray | RefuseTrayLine
Event = TrayConfirmed | TrayLineRefused


@dataclass(frozen=True)
class Tray:
    """What was confirmed, and what of it was refused."""

    confirmed: TrayConfirmed
    refused: frozenset[UUID] = frozenset()


def decide(tray: Tray | None, command: Command) -> Sequence[Event]:
    """Confirm once, refuse each document at most once. Raises `TrayTooLarge`."""
    match command:
        case ConfirmTray():
            return [] if tray else [_confirmed(command)]
        case RefuseTrayLine():
            assert tray is not None, "a tray's stream begins with its confirmation"
            known = command.document_id in tray.confirmed.documents
            if not known or command.document_id in tray.refused:
                return []
            return [
                TrayLineRefused(
                    tray_id=tray.confirmed.tray_id,
                    agency_id=tray.confirmed.agency_id,
                    document_id=command.document_id,
                    reason_code=command.reason_code,
                )
            ]
        case _:
            assert_never(command)


def evolve(tray: Tray | None, event: Event) -> Tray:
    """Apply a fact."""
    if isinstance(event, TrayConfirmed):
        return Tray(event)
    assert tray is not None, "a tray's stream begins with its confirmation"
    return replace(tray, refused=tray.refused | {event.document_id})


def _confirmed(command: ConfirmTray) -> TrayConfirmed:
    documents = tuple(dict.fromkeys(command.documents))
    if len(documents) > MOST:
        raise TrayTooLarge(MOST)
    return TrayConfirmed(
        tray_id=command.tray_id,
        agency_id=command.agency_id,
        signer_id=command.person_id,
        signer_position_id=command.position_id,
        documents=documents,
        own_device=command.own_device,
    )
