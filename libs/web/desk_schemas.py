"""Arguments and bodies of a service's desk."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

LONGEST_REASON = 1000
LONGEST_ITEM = 400
_KIND = validate.OneOf(["event", "job", "packet"])
_ACTION = validate.OneOf(["release", "refuse"])
_CAUSE = validate.Length(1, 300)


def _not_blank(text: str) -> None:
    if not text.strip():
        raise ValidationError("is blank")


_REASON: list[Any] = [validate.Length(1, LONGEST_REASON), _not_blank]


class LettersArgs(Schema):
    """Which dead letters: of one kind, with one cause (its beginning, before the colon)."""

    kind = fields.Str(load_default=None, validate=_KIND)
    cause = fields.Str(load_default=None, validate=_CAUSE)
    cursor = fields.Str(load_default=None)
    limit = fields.Int(load_default=50, validate=validate.Range(1, 200))


class PreviewArgs(Schema):
    """What a decision would be about: one item, or those of a kind and a cause."""

    action = fields.Str(required=True, validate=_ACTION)
    kind = fields.Str(load_default=None, validate=_KIND)
    cause = fields.Str(load_default=None, validate=_CAUSE)
    item = fields.Str(load_default=None, validate=validate.Length(1, LONGEST_ITEM))


class RequestsArgs(Schema):
    """Which requests to list."""

    state = fields.Str(
        load_default=None, validate=validate.OneOf(["asked", "confirmed", "declined"])
    )
    cursor = fields.Str(load_default=None)
    limit = fields.Int(load_default=50, validate=validate.Range(1, 200))


class DeskRequestBody(Schema):
    """What is asked: for these items, or for all of a kind and a cause that nobody asked about."""

    action = fields.Str(required=True, validate=_ACTION)
    reason = fields.Str(required=True, validate=_REASON)
    items = fields.List(
        fields.Str(validate=validate.Length(1, LONGEST_ITEM)),
        load_default=None,
        validate=validate.Length(1, 1000),
    )
    kind = fields.Str(load_default=None, validate=_KIND)
    cause = fields.Str(load_default=None, validate=_CAUSE)

    @validates_schema
    def _one_way_to_choose(self, data: dict[str, Any], **_kwargs: Any) -> None:
        by_cause = data["kind"] is not None and data["cause"] is not None
        if (data["items"] is None) != by_cause or (data["items"] and data["kind"]):
            raise ValidationError("name items, or a kind and a cause", "items")


class DeskReasonBody(Schema):
    """Why a request is declined."""

    reason = fields.Str(required=True, validate=_REASON)
