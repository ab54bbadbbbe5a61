"""From bytes to a packet: what it claims, with its files in the blob store."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO, TypeVar

from libs.blobs import Blob, BlobStore
from libs.edxml.binding import bind, children_of
from libs.edxml.element import WHITE, Element
from libs.edxml.errors import MalformedPacket
from libs.edxml.limits import Limits
from libs.edxml.packets import (
    CID,
    SIGNATURES,
    Attachment,
    DocumentHeader,
    DocumentPacket,
    EncodedAttachment,
    Extension,
    Group,
    Reference,
    StatusHeader,
    StatusPacket,
    Trace,
)
from libs.edxml.rules import check_recipients, check_unique
from libs.edxml.tree import TreeReader

_ENVELOPE = "edXML/edXMLEnvelope"
_HEADER = _ENVELOPE + "/edXMLHeader"
_MESSAGE = _HEADER + "/MessageHeader"
_TRACE = _HEADER + "/TraceHeaderList"
_BODY = _ENVELOPE + "/edXMLBody"
_MANIFEST = _BODY + "/edXMLManifest"
_FILES = "edXML/AttachmentEncoded"

G = TypeVar("G", bound=Group)


def read(
    stream: BinaryIO, blobs: BlobStore, limits: Limits | None = None
) -> DocumentPacket | StatusPacket:
    """Read one packet in constant memory and store its attachments.

    Judges the form, not whether the content makes sense. Raises `MalformedPacket`; nothing is
    stored then. An `OSError` of the stream or the store passes.
    """
    tree = TreeReader(blobs, limits or Limits())
    try:
        root = tree.read(stream)
        return _Packet(lambda number: tree.contents[number].commit()).read(root)
    finally:
        for content in tree.contents:
            content.abort()


def parse(
    data: bytes, blobs: BlobStore, limits: Limits | None = None
) -> DocumentPacket | StatusPacket:
    """Do as `read` does with a small packet at hand."""
    return read(io.BytesIO(data), blobs, limits)


class _Packet:
    """One packet's tree on its way to a value; collects what nobody knows.

    Files are stored last, when nothing can be refused any more.
    """

    def __init__(self, store: Callable[[int], Blob]) -> None:
        self._store = store
        self._extensions: list[Extension] = []

    def read(self, root: Element) -> DocumentPacket | StatusPacket:
        if root.own_name != "edXML":
            raise MalformedPacket("not_edxml", root.name)
        envelope, encoded = self._parts(root, "edXML", "edXMLEnvelope", "AttachmentEncoded")
        if _has_status_code(envelope):
            return self._status(envelope, encoded)
        return self._document(envelope, encoded)

    def _document(self, envelope: Element, encoded: Element) -> DocumentPacket:
        header, body = self._parts(envelope, _ENVELOPE, "edXMLHeader", "edXMLBody")
        header, signatures = _without_signatures(header)
        message, trace = self._parts(header, _HEADER, "MessageHeader", "TraceHeaderList")
        (manifest,) = self._parts(body, _BODY, "edXMLManifest")
        packet = DocumentPacket(
            header=bind(DocumentHeader, message, _MESSAGE),
            trace=replace(bind(Trace, trace, _TRACE), attributes=trace.attributes),
            signatures=signatures,
        )
        check_recipients(packet.header)
        references = self._items(Reference, manifest, _MANIFEST, "Reference")
        files = self._files(encoded)
        listed = [_bare(each.content_id) for each in references]
        check_unique(listed, "duplicate_reference", _MANIFEST)
        if not set(listed) <= files.keys():
            raise MalformedPacket("attachment_missing", _FILES)
        if len(listed) < len(files):
            raise MalformedPacket("attachment_unlisted", _MANIFEST)
        attachments = tuple(
            self._attachment(files[content_id], reference)
            for content_id, reference in zip(listed, references, strict=True)
        )
        return replace(packet, attachments=attachments, extensions=tuple(self._extensions))

    def _status(self, envelope: Element, encoded: Element) -> StatusPacket:
        (header,) = self._parts(envelope, _ENVELOPE, "edXMLHeader")
        header, signatures = _without_signatures(header)
        (message,) = self._parts(header, _HEADER, "MessageHeader")
        packet = StatusPacket(header=bind(StatusHeader, message, _MESSAGE), signatures=signatures)
        files = self._files(encoded)
        attachments = tuple(self._attachment(each, each) for each in files.values())
        return replace(packet, attachments=attachments, extensions=tuple(self._extensions))

    def _parts(self, element: Element, where: str, *names: str) -> tuple[Element, ...]:
        """Return the children of these names, an empty one for each that is absent."""
        found: dict[str, Element] = {}
        for child in children_of(element, where):
            name = child.own_name
            if name in found:
                raise MalformedPacket("duplicate_element", f"{where}/{name}")
            if name in names:
                found[name] = child
            else:
                self._extensions.append(Extension(inside=element.name, element=child))
        return tuple(found.get(name, Element(name)) for name in names)

    def _items(self, cls: type[G], element: Element, where: str, name: str) -> list[G]:
        items: list[G] = []
        for child in children_of(element, where):
            if child.own_name == name:
                items.append(bind(cls, child, f"{where}/{name}[{len(items) + 1}]"))
            else:
                self._extensions.append(Extension(inside=element.name, element=child))
        return items

    def _files(self, encoded: Element) -> dict[str, EncodedAttachment]:
        files = self._items(EncodedAttachment, encoded, _FILES, "Attachment")
        names = [_bare(each.content_id) for each in files]
        check_unique(names, "duplicate_attachment", _FILES)
        return dict(zip(names, files, strict=True))

    def _attachment(
        self, file: EncodedAttachment, claim: Reference | EncodedAttachment
    ) -> Attachment:
        blob = self._store(int(file.content))
        return Attachment(
            content_id=_bare(file.content_id),
            content_type=claim.content_type or file.content_type,
            name=claim.name or file.name,
            description=claim.description or file.description,
            digest=blob.digest,
            size=blob.size,
            extensions=file.extensions if claim is file else claim.extensions + file.extensions,
        )


def _has_status_code(envelope: Element) -> bool:
    level: tuple[Element, ...] = (envelope,)
    for name in ("edXMLHeader", "MessageHeader", "StatusCode"):
        level = tuple(
            child for element in level for child in element.children if child.own_name == name
        )
    return bool(level)


def _without_signatures(header: Element) -> tuple[Element, tuple[Element, ...]]:
    signatures = tuple(each for each in header.children if each.name in SIGNATURES)
    others = tuple(each for each in header.children if each.name not in SIGNATURES)
    return replace(header, children=others), signatures


def _bare(content_id: str) -> str:
    """Some producers write `cid:` before the id on one side only."""
    bare = content_id.removeprefix(CID).strip(WHITE)
    if not bare:
        raise MalformedPacket("missing_element", _FILES + "/Attachment/ContentId")
    return bare
