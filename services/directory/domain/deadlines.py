"""Days by which something must be done, in working days.

Saturdays and Sundays are left out, public holidays are not known here: an answer may be due later.
"""

from datetime import date, timedelta

# From the day on which the authority has the whole dossier (Decree 68/2024/NĐ-CP, article 11).
ANSWER_DAYS = 3
# A device whose certificate ended is given back (Decision 165/2025 of Ninh Bình).
RETURN_DAYS = 5
# A renewal asked for later may come too late; Decree 130/2018/NĐ-CP asked for so many days.
RENEW_BEFORE = timedelta(days=60)
_SATURDAY = 5


def working_days_after(day: date, number: int) -> date:
    """The last of `number` working days that follow `day`."""
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < _SATURDAY
    return day
