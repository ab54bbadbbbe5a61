"""Instants as people write and read them: Việt Nam's time."""

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from services.audit.schemas import moment

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?", re.ASCII)
_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?", re.ASCII)
HELP = (
    "TIME is an instant such as 2026-11-22T09:00:00+07:00 (without a zone: in Việt Nam), a day in"
    " Việt Nam such as 2026-11-22, or a clock time such as 14:05, of --day or of today."
)


def instant(text: str, day: date, *, end: bool = True) -> datetime:
    """The instant that a TIME names; a day means its end, or else its begin.

    A clock time is one of `day`. Raises `ValueError`.
    """
    if _CLOCK.fullmatch(text):
        return datetime.combine(day, time.fromisoformat(text), VIETNAM).astimezone(UTC)
    if _LOCAL.fullmatch(text):
        return datetime.fromisoformat(text).replace(tzinfo=VIETNAM).astimezone(UTC)
    return moment(text, end=end)


def today(now: datetime) -> date:
    """The day in Việt Nam."""
    return now.astimezone(VIETNAM).date()


def local(at: str | datetime) -> datetime:
    """An instant in Việt Nam's time."""
    given = datetime.fromisoformat(at) if isinstance(at, str) else at
    return given.astimezone(VIETNAM)


def shown(at: str | datetime) -> str:
    """An instant as people read it."""
    return local(at).strftime("%H:%M:%S %d/%m/%Y")
