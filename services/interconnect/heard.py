"""Processing statuses that others tell us: from packets to what may be recorded."""

from collections.abc import Collection
from datetime import datetime

from libs import edxml
from libs.blobs import BlobStore
from libs.envelope import Step
from services.interconnect.commands import RecordStatus
from services.interconnect.compose import VIETNAM
from services.interconnect.domain import LABELS
from services.interconnect.errors import PacketRejected
from services.interconnect.opening import Opened
from services.interconnect.texts import put_text

_LONGEST_UNIT = 500
_YEARS = range(1970, 2201)


def status_of(
    header: edxml.StatusHeader,
    blobs: BlobStore,
    packet: str,
    channel: str,
    opened: Opened,
    codes: Collection[str],
) -> RecordStatus:
    """What a status packet tells the agency of these codes; names and notes go into blobs.

    A good envelope's step record says it, to the instant. Whoever altered one could have named
    anybody: with a bad envelope no handler is kept. Raises `PacketRejected`.
    """
    require_fit(header)
    told_at = instant_of(header.timestamp)
    about = header.response_for.organ_id
    mark = opened.mark(about if about in codes else "")
    told = None if mark.bad else opened.step
    step = told or Step(
        status=header.status_code,
        agency=header.sender.organ_id,
        at=told_at,
        unit=header.staff.department,
        handler="" if mark.bad else header.staff.staff,
        note=header.description,
    )
    named = {"full_name": step.handler} if step.handler else {}
    if opened.verdict is None:
        reached = {"email": header.staff.email, "mobile": header.staff.mobile}
        named |= {name: value for name, value in reached.items() if value}
    return RecordStatus(
        status_code=header.status_code,
        told_at=told_at,
        unit=step.unit or "",
        staff=put_text(blobs, named) if named else None,
        note=put_text(blobs, {"note": step.note}) if step.note else None,
        status_packet=packet,
        channel=channel,
        done_at=told.at if told else None,
        **vars(mark),
    )


def require_fit(header: edxml.StatusHeader) -> None:
    """Refuse what is out of the bounds of the field. Raises `PacketRejected`."""
    if header.status_code not in LABELS:
        raise PacketRejected("status_code_unknown")
    instant_of(header.timestamp)
    if len(header.staff.department) > _LONGEST_UNIT:
        raise PacketRejected("text_too_long")


def instant_of(timestamp: datetime) -> datetime:
    """The instant of a packet's clock time. Raises `PacketRejected` for what is out of bounds."""
    if timestamp.year not in _YEARS:
        raise PacketRejected("bad_timestamp")
    return timestamp.replace(tzinfo=VIETNAM)
