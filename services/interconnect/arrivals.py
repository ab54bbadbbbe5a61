"""Packets on their way in: from bytes that strangers wrote to facts that may be recorded."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO
from uuid import UUID

from libs import edxml
from libs.blobs import BlobStore
from services.interconnect.errors import PacketDamaged, PacketRejected
from services.interconnect.events import PacketArrived, PacketFile
from services.interconnect.opening import Mark
from services.interconnect.texts import put_text

_MOST_REPLACED = 200
_BUSINESS = {
    edxml.BusinessKind.NEW: "",
    edxml.BusinessKind.UPDATE: "update",
    edxml.BusinessKind.REPLACEMENT: "replacement",
}
_LONGEST_CODE = 100
LONGEST_ID = 200
_LONGEST_NAME = 500
_MOST_ANSWERS = 20
# Hỏa tốc hẹn giờ (4) is as urgent as hỏa tốc; whatever is no urgency of the field is normal.
_URGENCY = {"1": 1, "2": 2, "3": 3, "4": 3}


@dataclass(frozen=True)
class Superseded:
    """A DocumentId that is updated or replaced, for recipients of these codes, or for all."""

    foreign_id: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a document packet claims; `text` is a digest, `answers` are DocumentIds.

    `business` is empty for a new document, else update or replacement.
    """

    sender_code: str
    foreign_id: str
    code: str
    issued_on: date | None
    type_name: str
    text: str
    urgency: int
    files: tuple[PacketFile, ...]
    answers: tuple[str, ...]
    business: str
    supersedes: tuple[Superseded, ...]

    def superseded_for(self, codes: Collection[str]) -> tuple[str, ...]:
        """What the packet updates or replaces at the recipient who has these codes."""
        return tuple(
            each.foreign_id
            for each in self.supersedes
            if not each.codes or set(each.codes) & set(codes)
        )


@dataclass(frozen=True, kw_only=True)
class Way:
    """How one packet came to one recipient."""

    packet_id: UUID
    sender_id: UUID
    recipient_id: UUID
    recipient_code: str
    channel: str
    packet: str
    axis_doc_id: str | None = None


def read_packet(
    stream: BinaryIO, blobs: BlobStore, limit: int
) -> edxml.DocumentPacket | edxml.StatusPacket:
    """Read a packet of at most `limit` bytes and keep its files. Raises `PacketDamaged`."""
    try:
        return edxml.read(stream, blobs, edxml.Limits(packet_bytes=limit))
    except edxml.MalformedPacket as error:
        raise PacketDamaged(error.code) from error


def content_of(packet: edxml.DocumentPacket, blobs: BlobStore) -> Content:
    """The packet's claims, within bounds; its texts go into a blob. Raises `PacketRejected`.

    A packet of type 1 (thu hồi) brings no document: it is not read here.
    """
    kind = packet.trace.business.kind
    if kind is None or kind not in _BUSINESS:
        raise PacketRejected("business_not_supported")
    header = packet.header
    content = Content(
        sender_code=_bounded(header.sender.organ_id, _LONGEST_CODE),
        foreign_id=_bounded(header.document_id, LONGEST_ID),
        code=_bounded(f"{header.code.number}/{header.code.notation}", LONGEST_ID),
        issued_on=header.promulgation.promulgation_date,
        type_name=_bounded(header.document_type.name, LONGEST_ID),
        text="",
        urgency=_URGENCY.get(header.other_info.priority, 0),
        files=tuple(_file(attachment) for attachment in packet.attachments),
        answers=tuple(each.document_id for each in header.responses[:_MOST_ANSWERS]),
        business=_BUSINESS[kind],
        supersedes=_superseded(packet.trace.business),
    )
    return Content(**{**vars(content), "text": put_text(blobs, _texts(header))})


def arrived(
    content: Content, way: Way, answers: UUID | None, supersedes: tuple[str, ...], mark: Mark
) -> PacketArrived:
    """The fact that the packet is one recipient's now; `answers` is a document of that one."""
    return PacketArrived(
        packet_id=way.packet_id,
        sender_id=way.sender_id,
        recipient_id=way.recipient_id,
        channel=way.channel,
        packet=way.packet,
        axis_doc_id=way.axis_doc_id,
        foreign_id=content.foreign_id,
        code=content.code,
        issued_on=content.issued_on,
        type_name=content.type_name,
        text=content.text,
        urgency=content.urgency,
        files=content.files,
        answers=answers,
        sender_code=content.sender_code,
        recipient_code=way.recipient_code,
        business=content.business,
        supersedes=supersedes,
        pair_number=mark.pair_number,
        envelope=mark.envelope,
    )


def _superseded(business: edxml.Business) -> tuple[Superseded, ...]:
    """The documents that are updated (one) or replaced; a packet that names none is no good."""
    match business.kind:
        case edxml.BusinessKind.UPDATE:
            found = [Superseded(business.document_id)] if business.document_id else []
        case edxml.BusinessKind.REPLACEMENT:
            named = business.replacements
            if len(named) > _MOST_REPLACED:
                raise PacketRejected("replaces_too_many")
            found = [Superseded(each.document_id, each.organ_ids) for each in named]
        case _:
            return ()
    if not found:
        raise PacketRejected("earlier_unnamed")
    for each in found:
        _bounded(each.foreign_id, LONGEST_ID)
    return tuple(found)


def _texts(header: edxml.DocumentHeader) -> dict[str, object]:
    signer = header.signer
    return {
        "subject": header.subject,
        "summary": header.content,
        "signer": {
            "competence": signer.competence,
            "position": signer.position,
            "full_name": signer.full_name,
        },
    }


def _file(attachment: edxml.Attachment) -> PacketFile:
    return PacketFile(
        _bounded(attachment.name, _LONGEST_NAME),
        _bounded(attachment.content_type, LONGEST_ID),
        attachment.digest,
    )


def _bounded(text: str, longest: int) -> str:
    if len(text) > longest:
        raise PacketRejected("text_too_long")
    return text
