"""A document on its way out, as a packet. The same facts give the same bytes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from unicodedata import normalize
from uuid import UUID
from zoneinfo import ZoneInfo

from libs import edxml
from services.interconnect.doctypes import wire_type
from services.interconnect.lookups import Party

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_LONGEST_TEXT = 500
_LONGEST_NAME = 50
_PDF = "application/pdf"


@dataclass(frozen=True)
class Attached:
    """A file that goes along with the document (văn bản kèm theo); `size` in bytes."""

    name: str
    content_type: str
    digest: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Issued:
    """An issued document, as `DocumentIssued` told of it."""

    document_id: UUID
    agency_id: UUID
    file: str
    number: int
    notation: str
    issued_on: date
    type_code: str
    text: str
    urgency: int
    signer_id: UUID
    signer_position_id: UUID | None
    recipients: tuple[UUID, ...]
    answers: UUID | None
    pages: int
    attachments: tuple[Attached, ...]
    updates: UUID | None = None
    replaces: UUID | None = None

    @property
    def number_text(self) -> str:
        """The number as it is printed: below 10 with a leading 0 (Decree 30/2020, Annex I)."""
        return f"{self.number:02}"

    @property
    def code(self) -> str:
        """Number and notation (số, ký hiệu) in one."""
        return f"{self.number_text}/{self.notation}"


@dataclass(frozen=True)
class Signer:
    """Who signed (người ký)."""

    full_name: str
    title: str
    authority: str


@dataclass(frozen=True)
class Answered:
    """The incoming document that this one answers, by its sender's names for it."""

    sender_code: str
    code: str
    issued_on: date | None
    foreign_id: str


@dataclass(frozen=True)
class Earlier:
    """Our document that this one updates or replaces: its DocumentId, its code, its recipients."""

    foreign_id: str
    code: str
    recipients: tuple[Party, ...]


def foreign_id_of(issued: Issued, sender: Party) -> str:
    """The document's DocumentId, by which statuses will call it."""
    return f"{sender.code},{issued.issued_on:%Y/%m/%d},{issued.code}"


@dataclass(frozen=True)
class SentAs:
    """The parts of which `foreign_id_of` makes a DocumentId."""

    foreign_id: str
    sender_code: str
    issued_on: date
    code: str


def sent_as(foreign_id: str) -> SentAs:
    """What a DocumentId of ours is made of; codes of agencies have no comma."""
    sender_code, day, code = foreign_id.split(",", 2)
    issued_on = date.fromisoformat(day.replace("/", "-"))
    return SentAs(foreign_id, sender_code, issued_on, code)


def document_packet(
    issued: Issued,
    text: dict[str, Any],
    size: int,
    *,
    sender: Party,
    recipients: Sequence[Party],
    signer: Signer,
    answered: Answered | None,
    earlier: Earlier | None,
    at: datetime,
) -> edxml.DocumentPacket:
    """The packet of an issued document; `size` is its file's length, `at` the time of sending."""
    type_number, type_name = wire_type(issued.type_code)
    header = edxml.DocumentHeader(
        sender=wire_agency(sender),
        recipients=tuple(wire_agency(recipient) for recipient in recipients),
        document_id=foreign_id_of(issued, sender),
        code=edxml.Code(number=issued.number_text, notation=issued.notation),
        promulgation=edxml.PromulgationInfo(place=sender.place, promulgation_date=issued.issued_on),
        document_type=edxml.DocumentType(type=type_number, detail="0", name=type_name),
        subject=_short(text, "subject") or type_name,
        content=_short(text, "summary"),
        signer=edxml.SignerInfo(
            competence=signer.authority, position=signer.title, full_name=signer.full_name
        ),
        other_info=edxml.OtherInfo(priority=str(issued.urgency), page_amount=str(issued.pages)),
        responses=_responses(answered),
        steering_type="1",
    )
    trace = edxml.Trace(
        headers=(edxml.TraceHeader(organ_id=sender.code, timestamp=vietnam_time(at)),),
        business=_business(issued, earlier, recipients),
    )
    main = edxml.Attachment(
        content_id=str(issued.document_id),
        content_type=_PDF,
        name=file_name(issued.code),
        description=f"{type_name} {issued.code}",
        digest=issued.file,
        size=size,
    )
    # Receivers take the first PDF for the document itself.
    files = (main, *_attachments(issued))
    return edxml.DocumentPacket(header=header, trace=trace, attachments=files)


def wire_agency(party: Party, code: str = "") -> edxml.Agency:
    """An agency as `From` or `To`, under `code` or the one that it emits."""
    return edxml.Agency(
        organ_id=code or party.code,
        organization_in_charge=party.superior,
        organ_name=party.name,
    )


def vietnam_time(at: datetime) -> datetime:
    """An instant as the format writes it: Viet Nam's clock, whole seconds, no zone."""
    return at.astimezone(VIETNAM).replace(tzinfo=None, microsecond=0)


def file_name(code: str) -> str:
    """A file's name without accents or special characters, at most 50 (QĐ 161/2025, Ninh Bình)."""
    plain = normalize("NFD", code.replace("Đ", "D").replace("đ", "d"))
    letters = "".join(letter for letter in plain if letter.isascii())
    stem = re.sub(r"[^A-Za-z0-9]+", "-", letters).strip("-")
    return f"{stem[: _LONGEST_NAME - len('.pdf')]}.pdf"


def _attachments(issued: Issued) -> Iterator[edxml.Attachment]:
    for number, file in enumerate(issued.attachments, start=1):
        yield edxml.Attachment(
            content_id=f"{issued.document_id}.{number}",
            content_type=file.content_type,
            name=file.name,
            digest=file.digest,
            size=file.size,
        )


def _responses(answered: Answered | None) -> tuple[edxml.ResponseFor, ...]:
    if answered is None:
        return ()
    response = edxml.ResponseFor(
        organ_id=answered.sender_code,
        code=answered.code,
        promulgation_date=answered.issued_on,
        document_id=answered.foreign_id,
    )
    return (response,)


def _business(
    issued: Issued, earlier: Earlier | None, recipients: Sequence[Party]
) -> edxml.Business:
    """What the packet is for: a new document, or one that updates or replaces an earlier one."""
    if earlier is None:
        return edxml.Business(doc_type=edxml.BusinessKind.NEW, paper="0")
    if issued.updates:
        return edxml.Business(
            document_id=earlier.foreign_id,
            doc_type=edxml.BusinessKind.UPDATE,
            doc_reason=f"Cập nhật văn bản {earlier.code}",
            paper="0",
            document_info=_changes(earlier.recipients, recipients),
        )
    replaced = edxml.ReplacementInfo(
        document_id=earlier.foreign_id,
        organ_ids=tuple(each.code for each in earlier.recipients),
    )
    return edxml.Business(
        doc_type=edxml.BusinessKind.REPLACEMENT,
        doc_reason=f"Thay thế văn bản {earlier.code}",
        paper="0",
        replacements=(replaced,),
    )


def _changes(before: Sequence[Party], after: Sequence[Party]) -> edxml.BusinessDocumentInfo:
    """The content is another one; recipients that went (0) and came (1)."""
    old, new = [each.code for each in before], [each.code for each in after]
    gone = [edxml.Receiver(organ_id=code, receiver_type="0") for code in old if code not in new]
    came = [edxml.Receiver(organ_id=code, receiver_type="1") for code in new if code not in old]
    receivers = (*gone, *came)
    return edxml.BusinessDocumentInfo(
        document_info="1", document_receiver="1" if receivers else "0", receivers=receivers
    )


def _short(text: dict[str, Any], name: str) -> str:
    # The axis refuses a longer one; the whole text stands in the document itself.
    value = text.get(name)
    return value[:_LONGEST_TEXT].strip() if isinstance(value, str) else ""
