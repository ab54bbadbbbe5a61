"""The directory's HTTP bodies."""

from marshmallow import Schema, fields, validate

ID = validate.Regexp(r"[A-Za-z0-9._-]{3,64}\Z")


class AgencyCodeBody(Schema):
    """A code with the days on which it holds."""

    code = fields.Str(required=True, validate=validate.Length(1, 35))
    scheme = fields.Str(required=True, validate=validate.OneOf(["qcvn102", "qd20", "other"]))
    valid_from = fields.Date(required=True)
    valid_to = fields.Date(load_default=None, allow_none=True)


class AgencyBody(Schema):
    """An agency to enter; the id is chosen by the caller, so that a repeat is the same."""

    agency_id = fields.UUID(required=True)
    parent_id = fields.UUID(load_default=None, allow_none=True)
    tier = fields.Int(required=True, strict=True)
    name = fields.Str(required=True, validate=validate.Length(1, 200))
    place = fields.Str(required=True, validate=validate.Length(1, 50))
    channel = fields.Str(required=True)
    codes = fields.List(
        fields.Nested(AgencyCodeBody), required=True, validate=validate.Length(1, 20)
    )
    short_sign = fields.Str(required=True, validate=validate.Length(1, 30))
    refuse_invalid = fields.Bool(load_default=False)


class PersonBody(Schema):
    """A person to enter."""

    person_id = fields.UUID(required=True)
    full_name = fields.Str(required=True, validate=validate.Length(1, 50))


class PositionBody(Schema):
    """A position to give."""

    position_id = fields.UUID(required=True)
    person_id = fields.UUID(required=True)
    agency_id = fields.UUID(required=True)
    unit = fields.Str(required=True, validate=validate.Length(1, 200))
    title = fields.Str(required=True, validate=validate.Length(1, 100))
    authority = fields.Str(load_default="", validate=validate.Length(0, 100))
    roles = fields.List(fields.Str(), required=True, validate=validate.Length(1, 10))
    valid_from = fields.Date(required=True)


class CertificateBody(Schema):
    """A certificate to enter, in PEM form; its facts are read from it.

    A leader's is a person's; that of a seal, or of a service key (which signs the envelopes of
    packets), an agency's.
    """

    owner_id = fields.UUID(required=True)
    kind = fields.Str(required=True, validate=validate.OneOf(["leader", "seal", "service"]))
    pem = fields.Str(required=True, validate=validate.Length(1, 20_000))


class ClientBody(Schema):
    """A machine client. The caller makes the secret (32 characters at least) and keeps it."""

    client_id = fields.Str(required=True, validate=ID)
    agency_id = fields.UUID(required=True)
    roles = fields.List(fields.Str(), required=True, validate=validate.Length(1, 10))
    client_secret = fields.Str(required=True, validate=validate.Length(32, 200))


class TokenForm(Schema):
    """Client credentials (RFC 6749 section 4.4)."""

    grant_type = fields.Str(required=True, validate=validate.Equal("client_credentials"))
    client_id = fields.Str(required=True, validate=ID)
    client_secret = fields.Str(required=True, validate=validate.Length(1, 200))


class PageArgs(Schema):
    """Cursor paging."""

    cursor = fields.Str(load_default=None, allow_none=True)
    limit = fields.Int(load_default=100, validate=validate.Range(1, 500))
