"""The workflow service's HTTP bodies and arguments."""

from marshmallow import Schema, fields, validate


class AssignmentBody(Schema):
    """Who must act, by which day."""

    unit = fields.Str(required=True, validate=validate.Length(1, 200))
    assignee_id = fields.UUID(required=True)
    assignee_position_id = fields.UUID(required=True)
    due_on = fields.Date(load_default=None, allow_none=True)


class PageArgs(Schema):
    """Cursor paging."""

    cursor = fields.Str(load_default=None)
    limit = fields.Int(load_default=50, validate=validate.Range(1, 200))


class ProcessArgs(PageArgs):
    """Which processes."""

    document_id = fields.UUID(load_default=None)
    state = fields.Str(
        load_default=None,
        validate=validate.OneOf(["opened", "assigned", "started", "finished", "cancelled"]),
    )


class TaskArgs(PageArgs):
    """Which tasks; without a state, those on which somebody must act."""

    mine = fields.Bool(load_default=False)
    state = fields.Str(
        load_default=None,
        validate=validate.OneOf(["assigned", "started", "finished", "closed"]),
    )
