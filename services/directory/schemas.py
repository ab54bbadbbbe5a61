"""The directory's HTTP bodies."""

from collections.abc import Callable
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.directory.domain.lifecycle import (
    ACTS,
    AUTHORITIES,
    HOLDERS,
    ISSUING,
    RETURNED_FOR,
    REVOKED_FOR,
)

DEVICE = validate.Regexp(r"[A-Za-z0-9._-]{4,64}\Z")
ID = validate.Regexp(r"[A-Za-z0-9._-]{3,64}\Z")

IDENTITY = validate.Regexp(r"(\d{9}|\d{12})\Z")
TELEPHONE = validate.Regexp(r"\+?[0-9 .-]{6,20}\Z")


def _not_blank(text: str) -> None:
    if not text.strip():
        raise ValidationError("is blank")


def _optional(rule: Callable[[str], Any]) -> Callable[[str], None]:
    """The rule, unless the text is empty."""

    def check(text: str) -> None:
        if text:
            rule(text)

    return check


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


class CloseBody(Schema):
    """The last day of an agency, and who takes over its work."""

    closed_on = fields.Date(required=True)
    successor_id = fields.UUID(load_default=None, allow_none=True)


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
    packets), an agency's. An authority's (ca, ocsp, tsa) has no owner but its name.
    """

    owner_id = fields.UUID(load_default=None, allow_none=True)
    kind = fields.Str(required=True, validate=validate.OneOf([*HOLDERS, *AUTHORITIES]))
    pem = fields.Str(required=True, validate=validate.Length(1, 20_000))
    request_id = fields.UUID(load_default=None, allow_none=True)
    device = fields.Str(load_default="", validate=_optional(DEVICE))

    @validates_schema
    def _owned(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if (data["owner_id"] is None) == (data["kind"] in HOLDERS):
            raise ValidationError("people's and agencies' have one, authorities' none", "owner_id")


class FormDetails(Schema):
    """What the form says of the subscriber; kept apart from events, where it can be erased."""

    identity_number = fields.Str(load_default="", validate=_optional(IDENTITY))
    identity_issued_on = fields.Date(load_default=None, allow_none=True)
    identity_issued_by = fields.Str(load_default="", validate=validate.Length(0, 200))
    email = fields.Str(load_default="", validate=_optional(validate.Email()))
    telephone = fields.Str(load_default="", validate=_optional(TELEPHONE))
    software = fields.Str(load_default="", validate=validate.Length(0, 200))
    changes = fields.Str(load_default="", validate=validate.Length(0, 1000))
    note = fields.Str(load_default="", validate=validate.Length(0, 1000))


class RequestBody(Schema):
    """A request to the authority.

    `issue` needs nothing more, `renew` and `change` the certificate, `revoke` the certificate and
    a reason, `recover` the device that wrong PINs have locked.
    """

    act = fields.Str(required=True, validate=validate.OneOf(ACTS))
    kind = fields.Str(required=True, validate=validate.OneOf(HOLDERS))
    agency_id = fields.UUID(required=True)
    certificate_id = fields.UUID(load_default=None, allow_none=True)
    device = fields.Str(load_default="", validate=_optional(DEVICE))
    reason_code = fields.Str(load_default="", validate=_optional(validate.OneOf(REVOKED_FOR)))
    details = fields.Nested(FormDetails, load_default=lambda: FormDetails().load({}))

    @validates_schema
    def _fits_its_act(self, data: dict[str, Any], **_kwargs: Any) -> None:
        act, details = data["act"], data["details"]
        needed = {
            "certificate_id": act in ("renew", "change", "revoke"),
            "device": act == "recover",
            "reason_code": act == "revoke",
        }
        for name, wanted in needed.items():
            if bool(data[name]) != wanted:
                raise ValidationError("is needed" if wanted else "has no meaning here", name)
        if act == "change" and not details["changes"]:
            raise ValidationError({"changes": ["is needed"]}, "details")
        if act in ISSUING and data["kind"] == "leader" and not details["identity_number"]:
            raise ValidationError({"identity_number": ["is needed"]}, "details")
        if act in ISSUING and data["kind"] == "service" and not details["software"]:
            raise ValidationError({"software": ["is needed"]}, "details")


class ForwardBody(Schema):
    """The document under which the request went to the authority, such as 15/TTr-UBND."""

    reference = fields.Str(required=True, validate=[validate.Length(1, 60), _not_blank])
    forwarded_on = fields.Date(load_default=None, allow_none=True)


class ReasonBody(Schema):
    """Why a request is refused."""

    note = fields.Str(required=True, validate=[validate.Length(1, 1000), _not_blank])


class RevokeBody(Schema):
    """What the authority revoked, and when; now, unless it says otherwise."""

    reason_code = fields.Str(required=True, validate=validate.OneOf(REVOKED_FOR))
    revoked_at = fields.AwareDateTime(load_default=None, allow_none=True)


class HandOverBody(Schema):
    """To whom a device goes, and by which document."""

    kind = fields.Str(required=True, validate=validate.OneOf(HOLDERS))
    receiver_id = fields.UUID(required=True)
    permission = fields.Str(required=True, validate=[validate.Length(1, 60), _not_blank])


class ReturnBody(Schema):
    """Why a device came back."""

    reason_code = fields.Str(required=True, validate=validate.OneOf(RETURNED_FOR))


class RequestArgs(Schema):
    """Which open requests."""

    agency = fields.UUID(load_default=None, allow_none=True)
    cursor = fields.Str(load_default=None, allow_none=True)
    limit = fields.Int(load_default=100, validate=validate.Range(1, 500))


class AtArgs(Schema):
    """The day asked about; today when it is not given."""

    at = fields.Date(load_default=None, allow_none=True)


class UntilArgs(Schema):
    """The last day asked about; a year from now when it is not given."""

    until = fields.Date(load_default=None, allow_none=True)


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
