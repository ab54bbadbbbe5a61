"""The envelope on its way: one more file of an edXML packet.

Axes check a file's type against its name's ending and a list; a text file passes everywhere, and
whoever does not know the envelope sees a small file that he need not open. A status packet has no
files by the format: it gets one only towards those who understand it.
"""

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from libs.blobs import BlobStore
from libs.edxml import Attachment, DocumentPacket, StatusPacket
from libs.envelope.content import Envelope, File
from libs.envelope.errors import EnvelopeMalformed, EnvelopeTooLarge, PacketDiffers
from libs.envelope.sealing import MAX_BYTES

NAME = "lienthong-envelope.txt"
CONTENT_TYPE = "text/plain"
_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_CONTENT_ID = "lienthong-envelope"
_DESCRIPTION = "Phong bì ký số của hệ thống Liên Thông"

P = TypeVar("P", bound=DocumentPacket | StatusPacket)


def files_of(packet: DocumentPacket | StatusPacket) -> tuple[File, ...]:
    """Return the packet's files as an envelope names them, without an envelope among them."""
    return tuple(
        File(name=file.name or file.content_id, size=file.size, sha256=file.digest)
        for file in packet.attachments
        if file.name != NAME
    )


def without_envelope(packet: P) -> P:
    """Return the packet as it was before one was put into it."""
    return replace(packet, attachments=tuple(f for f in packet.attachments if f.name != NAME))


def put(packet: P, sealed: str, blobs: BlobStore) -> P:
    """Return the packet with a sealed envelope as its last file, whose bytes are put in `blobs`."""
    if any(file.name == NAME for file in packet.attachments):
        raise EnvelopeMalformed("the packet has an envelope already")
    data = sealed.encode("ascii")
    blobs.put_bytes(data)
    envelope = Attachment(
        content_id=_CONTENT_ID,
        content_type=CONTENT_TYPE,
        name=NAME,
        description=_DESCRIPTION,
        digest=hashlib.sha256(data).hexdigest(),
        size=len(data),
    )
    return replace(packet, attachments=(*packet.attachments, envelope))


def find(packet: DocumentPacket | StatusPacket, blobs: BlobStore) -> str | None:
    """Return the sealed envelope of a packet that was read; None if it has none.

    Raises `EnvelopeMalformed` for several or for what is no ASCII, and `EnvelopeTooLarge`.
    """
    found = [file for file in packet.attachments if file.name == NAME]
    if len(found) > 1:
        raise EnvelopeMalformed("the packet has several envelopes")
    if not found:
        return None
    if found[0].size > MAX_BYTES:
        raise EnvelopeTooLarge("the envelope is too large")
    try:
        return blobs.read(found[0].digest).decode("ascii")
    except UnicodeDecodeError as error:
        raise EnvelopeMalformed("not ASCII") from error


def check_packet(envelope: Envelope, packet: DocumentPacket | StatusPacket) -> None:
    """Refuse a packet that is not the one of which the (unsealed) envelope speaks.

    Raises `PacketDiffers`: sender, document, status, its second, files. The header's other texts
    are the packet's alone.
    """
    status: tuple[str, datetime | None] = ("", None)
    if isinstance(packet, StatusPacket):
        document = packet.header.response_for.document_id
        status = (packet.header.status_code, packet.header.timestamp)
    else:
        document = packet.header.document_id
    step = envelope.step
    told = (step.status, _on_the_clock(step.at)) if step else ("", None)
    for what, one, other in (
        ("sender", envelope.sender, packet.header.sender.organ_id),
        ("document", envelope.document_id, document),
        ("status", told, status),
        ("files", _sorted(envelope.files), _sorted(files_of(packet))),
    ):
        if one != other:
            raise PacketDiffers(what)


def _on_the_clock(at: datetime) -> datetime:
    """An instant as packets write it: Viet Nam's clock, in whole seconds."""
    return at.astimezone(_VIETNAM).replace(tzinfo=None, microsecond=0)


def _sorted(files: tuple[File, ...]) -> list[File]:
    """In an order of their own: producers reorder the manifest."""
    return sorted(files, key=lambda file: (file.sha256, file.name, file.size))
