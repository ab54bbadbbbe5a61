"""Whom a document can be sent to on a day, and why not."""

from datetime import date
from uuid import UUID

from services.interconnect.domain import AXIS
from services.interconnect.lookups import Party

UNKNOWN = "recipient_unknown"
CLOSED = "recipient_closed"
NO_CODE = "recipient_has_no_code"


def why_unreachable(recipient: Party, sent_on: date) -> str:
    """The code of the reason for which nothing can be sent to it on that day; "" for none."""
    if not recipient.name:
        return UNKNOWN
    if not recipient.open_on(sent_on):
        return CLOSED
    return "" if recipient.code else NO_CODE


def stranger(agency_id: UUID) -> Party:
    """A recipient of whom the directory knows nothing."""
    return Party(agency_id, code="", name="", superior="", place="", channel=AXIS)
