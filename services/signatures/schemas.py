"""The signatures service's HTTP bodies."""

import base64
import binascii
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.signatures.domain.orders import DIGEST, FILE, MEANS

LONGEST_PEM = 200_000
LONGEST_NOTE = 1000
LARGEST_CERTIFICATE = 16 * 1024


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


def _is_base64(text: str) -> None:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValidationError("is not base64") from error


class PrepareBody(Schema):
    """What will come back: a whole signed file, or a signature by the key of `certificate`."""

    means = fields.Str(load_default=FILE, validate=validate.OneOf(MEANS))
    certificate = fields.Str(
        load_default="", validate=[validate.Length(0, LARGEST_CERTIFICATE), _is_base64]
    )

    @validates_schema
    def _certificate_for_digest(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if (data["means"] == DIGEST) != bool(data["certificate"]):
            raise ValidationError("is needed for a digest, and for nothing else", "certificate")
