"""HTTP bodies and arguments."""

from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

LONGEST_NOTE = 1000
MOST_DAYS = 366
_YEARS = validate.Range(date(2000, 1, 1), date(2199, 12, 31))


class PageArgs(Schema):
    """Cursor paging."""

    cursor = fields.Str(load_default=None)
    limit = fields.Int(load_default=50, validate=validate.Range(1, 200))


class BalanceArgs(PageArgs):
    """Which days (in Viet Nam, both within; 30 without one of them) and which pairs."""

    # "from" is a word of Python's own.
    start = fields.Date(data_key="from", load_default=None, validate=_YEARS)
    end = fields.Date(data_key="to", load_default=None, validate=_YEARS)
    sender = fields.UUID(load_default=None)
    recipient = fields.UUID(load_default=None)
    difference_only = fields.Bool(load_default=False)

    @validates_schema
    def _some_days(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data["start"] and data["end"]:
            days = (data["end"] - data["start"]).days
            if not 0 <= days < MOST_DAYS:
                raise ValidationError(f"at most {MOST_DAYS} days, the first one first", "from")


class PairArgs(PageArgs):
    """Which pairs of agencies."""

    sender = fields.UUID(load_default=None)
    recipient = fields.UUID(load_default=None)
    incomplete_only = fields.Bool(load_default=False)


def _not_blank(text: str) -> None:
    if not text.strip():
        raise ValidationError("is blank")


class DisclosureBody(Schema):
    """What senders see of the agency's steps from now on."""

    level = fields.Str(required=True, validate=validate.OneOf(["all", "unit", "receipt"]))


class RecallBody(Schema):
    """Why the document is asked back, and from whom; without recipients, from all."""

    note = fields.Str(required=True, validate=[validate.Length(1, LONGEST_NOTE), _not_blank])
    recipients = fields.List(
        fields.UUID(), load_default=None, allow_none=True, validate=validate.Length(1)
    )
