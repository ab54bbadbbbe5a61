"""The auditor's HTTP arguments."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from services.audit.shown import VIETNAM

_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def moment(text: str, *, end: bool) -> datetime:
    """An instant with its zone (RFC 3339), or a day in Việt Nam: its begin, or its end.

    Raises `ValueError`.
    """
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text) + timedelta(days=end)
            return datetime.combine(day, time(), VIETNAM).astimezone(UTC)
        if _INSTANT.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("beyond the years that can be counted") from error
    raise ValueError("neither an instant with its zone nor a day")


class Moment(fields.Field[datetime]):
    """An argument that `moment` reads; with `end`, a day means its end."""

    def __init__(self, *, end: bool = False, **options: Any) -> None:
        super().__init__(load_default=None, metadata={"type": "string"}, **options)
        self._end = end

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        try:
            # A query turns the plus sign of a zone into a space.
            return moment(value.replace(" ", "+"), end=self._end)
        except (ValueError, AttributeError) as error:
            raise ValidationError(
                "Not an instant such as 2026-11-22T09:00:00+07:00 or a day such as 2026-11-22."
            ) from error


class TraceArgs(Schema):
    """`at`: as known then."""

    at = Moment(end=True)


class PageArgs(Schema):
    """Cursor paging."""

    cursor = fields.Str(load_default=None)
    limit = fields.Int(load_default=50, validate=validate.Range(1, 200))


class Span(PageArgs):
    """From when until when, or one day in Việt Nam."""

    # "from" is a word of Python's own.
    start = Moment(data_key="from")
    end = Moment(data_key="to", end=True)
    day = fields.Str(load_default=None, validate=validate.Regexp(_DAY))

    @validates_schema
    def _one_of_both(self, values: dict[str, Any], **_: Any) -> None:
        if values.get("day") and (values.get("start") or values.get("end")):
            raise ValidationError("A day, or from and to, not both.", "day")

    @post_load
    def _of_day(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        day = values.pop("day")
        if day:
            try:
                values["start"], values["end"] = moment(day, end=False), moment(day, end=True)
            except ValueError as error:
                raise ValidationError("Not a day such as 2026-11-22.", "day") from error
        return values


class ConsultationArgs(Span):
    """Whose consultations, and when."""

    person = fields.UUID(load_default=None)


class StepArgs(Span):
    """Whose steps, of which matter and agency, in which status, when, as known when.

    `handler` did the step, `person` did it or was given it.
    """

    trace = fields.UUID(load_default=None)
    person = fields.UUID(load_default=None)
    handler = fields.UUID(load_default=None)
    agency = fields.Str(load_default=None, validate=validate.Regexp(r"[A-Za-z0-9._-]{1,64}\Z"))
    status = fields.Str(load_default=None, validate=validate.Regexp(r"[0-9]{2}\Z"))
    at = Moment(end=True)
