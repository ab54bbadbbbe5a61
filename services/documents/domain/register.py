"""The registers (sổ đăng ký văn bản): one number after the other, per agency, year and series.

Decree 30/2020, article 15: numbers run from 01 on 1 January to 31 December, consecutively. One
series counts what the agency issues, one its copies of all forms (Annex I, part III), one what
arrives on paper and electronically (article 22).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from services.documents.commands import TakeNumber, VoidNumber
from services.documents.events import NumberTaken, NumberVoided

OUTGOING = "outgoing"
COPIES = "copies"
INCOMING = "incoming"

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

Command = TakeNumber | VoidNumber
Event = NumberTaken | NumberVoided


@dataclass(frozen=True)
class Register:
    """One register and the last number taken from it."""

    agency_id: UUID
    year: int
    series: str
    last: int = 0

    @property
    def register_id(self) -> str:
        """The register's name, which is that of its stream behind `register-`."""
        return f"{self.agency_id}.{self.year}.{self.series}"

    @property
    def next_number(self) -> int:
        """The number that is taken next."""
        return self.last + 1


def decide(register: Register, command: Command) -> list[Event]:
    """Take the next number, or enter one as void. Never refuses."""
    match command:
        case TakeNumber():
            return [
                NumberTaken(
                    register_id=register.register_id,
                    agency_id=register.agency_id,
                    year=register.year,
                    series=register.series,
                    number=register.next_number,
                    document_id=command.document_id,
                )
            ]
        case VoidNumber():
            return [
                NumberVoided(
                    register_id=register.register_id,
                    agency_id=register.agency_id,
                    year=register.year,
                    series=register.series,
                    number=register.last,
                    voided=command.number,
                    document_id=command.document_id,
                )
            ]
        case _:
            assert_never(command)


def evolve(register: Register, event: Event) -> Register:
    """Each event carries the whole state, so the last one is enough."""
    return replace(register, last=event.number)


def business_day(at: datetime) -> date:
    """The day on which something is done: that of Việt Nam, not of the server."""
    return at.astimezone(_VIETNAM).date()


def number_text(number: int) -> str:
    """The number as it is written: with a leading zero below ten."""
    return f"{number:02d}"


def code_text(number: int, notation: str) -> str:
    """Number and sign (số, ký hiệu): 05/QĐ-UBND."""
    return f"{number_text(number)}/{notation}"


def date_text(day: date) -> str:
    """The date of issue as it is written: ngày 05 tháng 02 năm 2026.

    Days below 10 and the months 1 and 2 get a leading zero (Decree 30/2020, Annex I, II.4).
    """
    month = f"{day.month:02d}" if day.month <= 2 else str(day.month)
    return f"ngày {day.day:02d} tháng {month} năm {day.year}"
