"""Dates and times as the axis writes them."""

import re
from datetime import date, datetime

from libs.edxml.errors import MalformedPacket

# yyyy/MM/dd is the rule; one province axis writes dd/MM/yyyy.
_DATE = r"(?:(\d{4})/(\d{1,2})/(\d{1,2})|(\d{1,2})/(\d{1,2})/(\d{4}))"
_DATE_ONLY = re.compile(_DATE, re.ASCII)
_DATE_AND_TIME = re.compile(_DATE + r" +(\d{1,2}):(\d{2}):(\d{2})", re.ASCII)


def parse_date(text: str, where: str) -> date:
    """Read a date. Raises `MalformedPacket` (bad_date)."""
    match = _DATE_ONLY.fullmatch(text)
    if not match:
        raise MalformedPacket("bad_date", where)
    try:
        return date(*_year_month_day(match))
    except ValueError:
        raise MalformedPacket("bad_date", where) from None


def parse_timestamp(text: str, where: str) -> datetime:
    """Read a time of day on a date. Raises `MalformedPacket` (bad_timestamp)."""
    match = _DATE_AND_TIME.fullmatch(text)
    if not match:
        raise MalformedPacket("bad_timestamp", where)
    clock = (int(match[7]), int(match[8]), int(match[9]))
    try:
        return datetime(*_year_month_day(match), *clock)  # noqa: DTZ001 - the format has no zone
    except ValueError:
        raise MalformedPacket("bad_timestamp", where) from None


def date_text(day: date) -> str:
    return f"{day.year:04}/{day.month:02}/{day.day:02}"


def timestamp_text(time: datetime, where: str) -> str:
    """Write a time. One that the format cannot hold raises `MalformedPacket` (bad_timestamp)."""
    if time.tzinfo is not None or time.microsecond:
        raise MalformedPacket("bad_timestamp", where)
    return f"{date_text(time)} {time.hour:02}:{time.minute:02}:{time.second:02}"


def _year_month_day(match: re.Match[str]) -> tuple[int, int, int]:
    if match[1]:
        return int(match[1]), int(match[2]), int(match[3])
    return int(match[6]), int(match[5]), int(match[4])
