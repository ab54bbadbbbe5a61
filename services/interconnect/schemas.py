"""HTTP bodies and arguments."""

from marshmallow import Schema, ValidationError, fields, validate

LONGEST_NOTE = 1000


class PageArgs(Schema):
    """Cursor paging."""

    cursor = fields.Str(load_default=None)
    limit = fields.Int(load_default=50, validate=validate.Range(1, 200))


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
