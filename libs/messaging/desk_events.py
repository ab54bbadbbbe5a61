"""What was decided at the desk: the events that every service writes about what it gave up.

Fields are named as in `proto/lienthong/desk/v1`, which says what each of them means.
"""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class DecisionAsked:
    """Somebody asked for parked items to be released or refused."""

    request_id: UUID
    service: str
    action: str
    items: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class DecisionConfirmed:
    """A second person confirmed it."""

    request_id: UUID
    service: str
    asked_by: str
    done: int
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True)
class DecisionDeclined:
    """A second person declined it, or who asked took it back."""

    request_id: UUID
    service: str
    asked_by: str
    reason: str


@dataclass(frozen=True)
class ParkedEventReleased:
    """A parked event is tried again."""

    consumer: str
    event_id: UUID
    stream: str
    version: int
    event_type: str
    attempts: int
    request_id: UUID | None = None
    asked_by: str = ""
    confirmed_by: str = ""


@dataclass(frozen=True)
class ParkedEventRefused:
    """A parked event is left out by its consumer."""

    consumer: str
    event_id: UUID
    stream: str
    version: int
    event_type: str
    attempts: int
    reason: str
    request_id: UUID | None = None
    asked_by: str = ""
    confirmed_by: str = ""


@dataclass(frozen=True, kw_only=True)
class ParkedJobReleased:
    """A parked job is tried again."""

    service: str
    job_id: UUID
    kind: str
    attempts: int
    request_id: UUID
    asked_by: str
    confirmed_by: str


@dataclass(frozen=True, kw_only=True)
class ParkedJobRefused:
    """A parked job will never be done."""

    service: str
    job_id: UUID
    kind: str
    attempts: int
    reason: str
    request_id: UUID
    asked_by: str
    confirmed_by: str


@dataclass(frozen=True, kw_only=True)
class ParkedPacketReleased:
    """A packet is read again."""

    packet_id: UUID
    axis_doc_id: str
    reason_code: str
    request_id: UUID
    asked_by: str
    confirmed_by: str


@dataclass(frozen=True, kw_only=True)
class ParkedPacketRefused:
    """A packet is nobody's for good."""

    packet_id: UUID
    axis_doc_id: str
    reason_code: str
    reason: str
    request_id: UUID
    asked_by: str
    confirmed_by: str


EVENTS: dict[str, type] = {
    "DecisionAsked": DecisionAsked,
    "DecisionConfirmed": DecisionConfirmed,
    "DecisionDeclined": DecisionDeclined,
    "ParkedEventReleased": ParkedEventReleased,
    "ParkedEventRefused": ParkedEventRefused,
    "ParkedJobReleased": ParkedJobReleased,
    "ParkedJobRefused": ParkedJobRefused,
    "ParkedPacketReleased": ParkedPacketReleased,
    "ParkedPacketRefused": ParkedPacketRefused,
}
