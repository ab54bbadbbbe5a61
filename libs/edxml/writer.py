"""From a packet to bytes, laid out as the axis's own software does."""

import binascii
import io
from datetime import date, datetime
from typing import Any

from libs.blobs import BlobStore
from libs.edxml.element import NAMESPACE
from libs.edxml.errors import MalformedPacket
from libs.edxml.output import OWN_PREFIX, Output, Stream
from libs.edxml.packets import (
    CID,
    FRAME,
    Attachment,
    DocumentPacket,
    ErrorList,
    Group,
    Reference,
    StatusPacket,
)
from libs.edxml.rules import check_recipients, check_unique
from libs.edxml.schema import Slot, schema_of
from libs.edxml.times import date_text, timestamp_text

_CHUNK = 3 * 16 * 1024  # whole groups of three bytes: base64 pads at the end only
_DECLARED = ("xmlns:edXML", NAMESPACE)
_STATUS_FRAME = ("edXML", "edXMLEnvelope", "edXMLHeader", "AttachmentEncoded")


def write(packet: DocumentPacket | StatusPacket, blobs: BlobStore, stream: Stream) -> None:
    """Write a packet in constant memory, its attachments' bytes from `blobs`.

    `read` gives the same packet back; white space around a text is not carried. Raises
    `MalformedPacket` for a packet that `read` would refuse for its form, and the store's errors;
    what is in `stream` then is no packet.
    """
    _Writer(packet, blobs, stream).write()


def serialize(packet: DocumentPacket | StatusPacket, blobs: BlobStore) -> bytes:
    """Return a small packet's bytes."""
    stream = io.BytesIO()
    write(packet, blobs, stream)
    return stream.getvalue()


class _Writer:
    def __init__(
        self, packet: DocumentPacket | StatusPacket, blobs: BlobStore, stream: Stream
    ) -> None:
        _check(packet)
        self._packet = packet
        self._blobs = blobs
        self._out = Output(stream)

    def write(self) -> None:
        out = self._out
        out.open("edXML", (("xmlns", NAMESPACE),))
        out.prefix = OWN_PREFIX
        out.open("edXMLEnvelope", (_DECLARED,))
        self._header()
        if isinstance(self._packet, DocumentPacket):
            self._body()
        self._close("edXMLEnvelope")
        out.prefix = ""
        self._files()
        self._close("edXML")

    def _header(self) -> None:
        out = self._out
        out.open("edXMLHeader")
        write_group(out, "MessageHeader", self._packet.header)
        if isinstance(self._packet, DocumentPacket):
            write_group(out, "TraceHeaderList", self._packet.trace)
        out.prefix = ""  # as the samples have it
        for signature in self._packet.signatures:
            out.element(signature)
        out.prefix = OWN_PREFIX
        if self._packet.error_list != ErrorList():
            write_group(out, "ErrorList", self._packet.error_list)
        self._close("edXMLHeader")

    def _body(self) -> None:
        self._out.open("edXMLBody")
        self._out.open("edXMLManifest", (("version", "1.0"),))
        for attachment in self._packet.attachments:
            write_group(self._out, "Reference", _reference(attachment))
        self._close("edXMLManifest")
        self._close("edXMLBody")

    def _files(self) -> None:
        name = "AttachmentEncoded"
        if self._packet.attachments or any(e.inside == name for e in self._packet.extensions):
            self._out.open(name)
            for attachment in self._packet.attachments:
                self._file(attachment)
            self._close(name)

    def _file(self, attachment: Attachment) -> None:
        out = self._out
        listed = isinstance(self._packet, DocumentPacket)
        out.open("Attachment", () if listed else attachment.attributes)
        claims = attachment.at_file or attachment
        out.leaf("ContentId", CID + attachment.content_id)
        for name, text in (
            ("AttachmentName", claims.name),
            ("Description", claims.description),
            ("ContentType", claims.content_type),
        ):
            if text:
                out.leaf(name, text)
        self._content(attachment)
        for extension in attachment.extensions:
            out.element(extension)
        out.close()

    def _content(self, attachment: Attachment) -> None:
        size = 0
        self._out.begin_content(OWN_PREFIX + "ContentTransferEncoded", (_DECLARED,))
        with self._blobs.open(attachment.digest) as blob:
            while data := blob.read(_CHUNK):
                size += len(data)
                self._out.content(binascii.b2a_base64(data, newline=False))
        if size != attachment.size:
            raise MalformedPacket("size_mismatch", self._out.where())
        self._out.end_content()

    def _close(self, name: str) -> None:
        """Close the frame's element `name` after what else belongs into it."""
        for extension in self._packet.extensions:
            if extension.inside == name:
                self._out.element(extension.element)
        self._out.close()


def write_group(out: Output, name: str, group: Group) -> None:
    """Write a group's fields in their order, then what nobody knows."""
    out.open(name, group.attributes)
    schema = schema_of(type(group))
    for slot in schema.slots:
        _slot(out, slot, group)
    for extension in group.extensions:
        if extension.own_name not in schema.wrappers:
            out.element(extension)
    out.close()


def _slot(out: Output, slot: Slot, group: Group) -> None:
    value = getattr(group, slot.field)
    items = value if slot.many else () if value == slot.default else (value,)
    if slot.required and items in ((), ("",)):
        raise MalformedPacket("missing_element", out.where(slot.name))
    strays = [
        child
        for extension in group.extensions
        if slot.wrapper and extension.own_name == slot.wrapper
        for child in extension.children
    ]
    wrapped = slot.wrapper and (items or strays)
    if wrapped:
        out.open(slot.wrapper)
    for item in items:
        _item(out, slot, item)
    for stray in strays:
        out.element(stray)
    if wrapped:
        out.close()


def _item(out: Output, slot: Slot, item: Any) -> None:
    if slot.is_group:
        write_group(out, slot.name, item)
    elif slot.kind is datetime:
        out.leaf(slot.name, timestamp_text(item, out.where(slot.name)))
    elif slot.kind is date:
        out.leaf(slot.name, date_text(item))
    else:
        out.leaf(slot.name, item)


def _reference(attachment: Attachment) -> Reference:
    return Reference(
        attributes=attachment.attributes,
        content_id=CID + attachment.content_id,
        content_type=attachment.content_type,
        description=attachment.description,
        name=attachment.name,
    )


def _check(packet: DocumentPacket | StatusPacket) -> None:
    """Refuse what would be written, but not read again."""
    frame: tuple[str, ...] = FRAME
    if isinstance(packet, DocumentPacket):
        check_recipients(packet.header)
    else:
        frame = _STATUS_FRAME
    names = [attachment.content_id for attachment in packet.attachments]
    check_unique(names, "duplicate_attachment", "AttachmentEncoded")
    if not all(names):
        raise MalformedPacket("missing_element", "AttachmentEncoded/Attachment/ContentId")
    for extension in packet.extensions:
        if extension.inside not in frame:
            raise MalformedPacket("unexpected_element", extension.inside)
