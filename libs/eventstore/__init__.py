"""The append-only event store in PostgreSQL. See README.md for its guarantees."""

from libs.eventstore.model import (
    ANY,
    NO_STREAM,
    START,
    Appended,
    BadEvent,
    CauseInFuture,
    Context,
    EventIdReused,
    NewEvent,
    NotYourCategory,
    Place,
    Recorded,
    SecondAppend,
    StoreError,
    StoreUnreachable,
    WrongVersion,
)
from libs.eventstore.operations import RestoredNotRebased, needs_rebase, rebase
from libs.eventstore.store import EventStore, Write

__all__ = [
    "ANY",
    "NO_STREAM",
    "START",
    "Appended",
    "BadEvent",
    "CauseInFuture",
    "Context",
    "EventIdReused",
    "EventStore",
    "NewEvent",
    "NotYourCategory",
    "Place",
    "Recorded",
    "RestoredNotRebased",
    "SecondAppend",
    "StoreError",
    "StoreUnreachable",
    "Write",
    "WrongVersion",
    "needs_rebase",
    "rebase",
]
