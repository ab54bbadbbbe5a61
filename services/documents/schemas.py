"""HTTP bodies and arguments. Limits are those of QCVN 102:2016 and of the page's layout."""

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.documents.domain import copies, incoming, outgoing, tray
from services.documents.domain.register import COPIES, INCOMING, OUTGOING

LONGEST_BODY = 200_000
# The page has room for so many lines of "Nơi nhận", the last of which is the record copy.
MOST_RECIPIENTS = 199
MOST_COSIGNERS = 5
STATES = (
    *dict.fromkeys(outgoing.STATES.values()),
    incoming.ARRIVED,
    incoming.VERIFIED,
    incoming.ACCEPTED,
    incoming.REFUSED,
    incoming.WITHDRAWN,
    incoming.REPLACED,
)


def _not_blank(text: str) -> None:
    if not text.strip():
        raise ValidationError("is blank")


def _not_too_long(paragraphs: Sequence[str]) -> None:
    if sum(map(len, paragraphs)) > LONGEST_BODY:
        raise ValidationError(f"more than {LONGEST_BODY} characters in all")


class TextBody(Schema):
    """The text of a document."""

    subject = fields.Str(required=True, validate=[validate.Length(1, 500), _not_blank])
    summary = fields.Str(load_default="", validate=validate.Length(0, 500))
    paragraphs = fields.List(
        fields.Str(validate=_not_blank),
        required=True,
        validate=[validate.Length(1, 2000), _not_too_long],
    )
    addressees = fields.List(
        fields.Str(validate=[validate.Length(1, 500), _not_blank]),
        load_default=list,
        validate=validate.Length(0, 200),
    )


class SignerBody(Schema):
    """One who signs after the signer: a person in a position of an agency."""

    agency_id = fields.UUID(required=True)
    person_id = fields.UUID(required=True)
    position_id = fields.UUID(required=True)


class DraftBody(TextBody):
    """A draft. `unit_sign` is needed for a công văn: the drafting unit's or field's letters."""

    type_code = fields.Str(required=True, validate=validate.Length(1, 10))
    unit_sign = fields.Str(load_default="", validate=validate.Length(0, 20))
    urgency = fields.Int(load_default=0, strict=True, validate=validate.Range(0, 3))
    signer_id = fields.UUID(required=True)
    signer_position_id = fields.UUID(required=True)
    recipients = fields.List(
        fields.UUID(), required=True, validate=validate.Length(1, MOST_RECIPIENTS)
    )
    answers = fields.UUID(load_default=None, allow_none=True)
    carries_out = fields.UUID(load_default=None, allow_none=True)
    updates = fields.UUID(load_default=None, allow_none=True)
    replaces = fields.UUID(load_default=None, allow_none=True)
    cosigners = fields.List(
        fields.Nested(SignerBody), load_default=list, validate=validate.Length(0, MOST_COSIGNERS)
    )

    @validates_schema
    def _one_earlier(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data["updates"] and data["replaces"]:
            raise ValidationError("a document updates or replaces, not both", "replaces")


class AttachmentArgs(Schema):
    """What the attached file is called; the domain knows the rules of names."""

    name = fields.Str(required=True)


class CopyBody(Schema):
    """A copy of a document: its form, who signs it, who gets it. An extract brings its text."""

    form = fields.Str(required=True, validate=validate.OneOf(copies.FORMS))
    signer_id = fields.UUID(required=True)
    signer_position_id = fields.UUID(required=True)
    recipients = fields.List(
        fields.UUID(), required=True, validate=validate.Length(1, MOST_RECIPIENTS)
    )
    urgency = fields.Int(load_default=0, strict=True, validate=validate.Range(0, 3))
    paragraphs = fields.List(
        fields.Str(validate=_not_blank),
        load_default=list,
        validate=[validate.Length(0, 2000), _not_too_long],
    )

    @validates_schema
    def _text_of_an_extract(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if (data["form"] == copies.EXTRACT) != bool(data["paragraphs"]):
            raise ValidationError("an extract has paragraphs, a whole copy none", "paragraphs")


class ApproveBody(Schema):
    """How the leader signs: with his key on the platform, or with his own device."""

    own_device = fields.Bool(load_default=False, truthy={True}, falsy={False})


class TrayBody(ApproveBody):
    """What is signed in one go: named documents, or all that wait, by the digest of that list."""

    documents = fields.List(
        fields.UUID(), load_default=None, validate=validate.Length(1, tray.MOST)
    )
    digest = fields.Str(load_default=None, validate=validate.Length(64, 64))

    @validates_schema
    def _one_of_both(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if (data["documents"] is None) == (data["digest"] is None):
            raise ValidationError("either documents or digest", "documents")


class NoteBody(Schema):
    """Why something is sent back or abandoned."""

    note = fields.Str(
        required=True, validate=[validate.Length(1, incoming.LONGEST_NOTE), _not_blank]
    )


class RefusalBody(NoteBody):
    """Why an incoming document is refused."""

    reason_code = fields.Str(required=True, validate=validate.OneOf(incoming.REASONS))


class PageArgs(Schema):
    """Cursor paging."""

    cursor = fields.Str(load_default=None)
    limit = fields.Int(load_default=50, validate=validate.Range(1, 200))


class ListArgs(PageArgs):
    """Which documents to list."""

    direction = fields.Str(load_default=None, validate=validate.OneOf([OUTGOING, INCOMING]))
    state = fields.Str(load_default=None, validate=validate.OneOf(STATES))


class RegisterArgs(PageArgs):
    """Which register to show."""

    year = fields.Int(required=True, validate=validate.Range(1945, 9999))
    series = fields.Str(required=True, validate=validate.OneOf([OUTGOING, INCOMING, COPIES]))


class FileArgs(Schema):
    """Which of the document's files; without it the main one."""

    index = fields.Int(load_default=None, validate=validate.Range(0, 10_000))
