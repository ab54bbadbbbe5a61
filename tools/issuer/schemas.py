"""What the development issuer takes in."""

from marshmallow import EXCLUDE, Schema, fields, validate


class LoginSchema(Schema):
    """The form of `POST /token`; members of OAuth's password grant beside these are ignored."""

    class Meta:
        """Other members of the grant mean nothing here."""

        unknown = EXCLUDE

    username = fields.String(required=True, validate=validate.Length(1, 200))
    password = fields.String(required=True, validate=validate.Length(1, 200))
