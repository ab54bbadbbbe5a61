"""The signatures service's HTTP bodies."""

from marshmallow import Schema, fields, validate

LONGEST_PEM = 200_000
LONGEST_NOTE = 1000


class CertificatesBody(Schema):
    """Trusted authorities, PEM: all that the operator's part of the store is to hold."""

    certificates = fields.List(
        fields.Str(validate=validate.Length(1, LONGEST_PEM)),
        required=True,
        validate=validate.Length(1, 500),
    )


class RejectionBody(Schema):
    """Why a proposed version is not to be trusted."""

    note = fields.Str(required=True, validate=validate.Length(1, LONGEST_NOTE))
