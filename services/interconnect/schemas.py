"""HTTP arguments."""

from marshmallow import Schema, fields, validate


class PageArgs(Schema):
    """Cursor paging."""

    cursor = fields.Str(load_default=None)
    limit = fields.Int(load_default=50, validate=validate.Range(1, 200))
