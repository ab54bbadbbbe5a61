"""From bytes to a packet: what it claims, with its files in the blob store."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO, TypeVar

from libs.blobs import Blob, BlobStore
from libs.edxml.binding import bind, children_of
from libs.edxml.element import WHITE, Element
from libs.edxml.errors import MalformedPacket, Refuse, at_once
from libs.edxml.limits import Limits
from libs.edxml.packets import (
    CID,
    SIGNATURES,
    Attachment,
    Claims,
    DocumentHeader,
    DocumentPacket,
    EncodedAttachment,
    ErrorList,
    Extension,
    Group,
    Reference,
    StatusHeader,
    StatusPacket,
    Trace,
)
from libs.edxml.rules import check_recipients
from libs.edxml.tree import TreeReader

_ENVELOPE = "edXML/edXMLEnvelope"
_HEADER = _ENVELOPE + "/edXMLHeader"
_MESSAGE = _HEADER + "/MessageHeader"
_TRACE = _HEADER + "/TraceHeaderList"
_ERRORS = _HEADER + "/ErrorList"
_BODY = _ENVELOPE + "/edXMLBody"
_MANIFEST = _BODY + "/edXMLManifest"
_FILES = "edXML/AttachmentEncoded"

G = TypeVar("G", bound=Group)
L = TypeVar("L", Reference, EncodedAttachment)


def read(
    stream: BinaryIO, blobs: BlobStore, limits: Limits | None = None
) -> DocumentPacket | StatusPacket:
    """Read one packet in constant memory and store its attachments.

    Judges the form, not whether the content makes sense. Raises `MalformedPacket`; nothing is
    stored then. An `OSError` of the stream or the store passes.
    """
    return _read(stream, blobs, limits or Limits(), at_once)


def parse(
    data: bytes, blobs: BlobStore, limits: Limits | None = None
) -> DocumentPacket | StatusPacket:
    """Do as `read` does with a small packet at hand."""
    return read(io.BytesIO(data), blobs, limits)


def examine(
    stream: BinaryIO, blobs: BlobStore, limits: Limits | None = None
) -> tuple[DocumentPacket | StatusPacket, tuple[MalformedPacket, ...]]:
    """Read a packet as far as it can be read, and return with it all that `read` would refuse.

    Whoever gets refusals must not act on the packet. What is no edXML at all, or beyond the limits,
    raises `MalformedPacket`.
    """
    refused: list[MalformedPacket] = []
    packet = _read(stream, blobs, limits or Limits(), refused.append)
    return packet, tuple(refused)


def _read(
    stream: BinaryIO, blobs: BlobStore, limits: Limits, refuse: Refuse
) -> DocumentPacket | StatusPacket:
    tree = TreeReader(blobs, limits)
    try:
        root = tree.read(stream)
        return _Packet(lambda number: tree.contents[number].commit(), refuse).read(root)
    finally:
        for content in tree.contents:
            content.abort()


class _Packet:
    """One packet's tree on its way to a value; collects what nobody knows.

    Files are stored last, when nothing can be refused any more.
    """

    def __init__(self, store: Callable[[int], Blob], refuse: Refuse) -> None:
        self._store = store
        self._refuse = refuse
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
        message, trace, errors = self._parts(
            header, _HEADER, "MessageHeader", "TraceHeaderList", "ErrorList"
        )
        (manifest,) = self._parts(body, _BODY, "edXMLManifest")
        packet = DocumentPacket(
            header=bind(DocumentHeader, message, _MESSAGE, self._refuse),
            trace=bind(Trace, trace, _TRACE, self._refuse),
            signatures=signatures,
            error_list=bind(ErrorList, errors, _ERRORS, self._refuse),
        )
        try:
            check_recipients(packet.header)
        except MalformedPacket as error:
            self._refuse(error)
        lines = self._items(Reference, manifest, _MANIFEST, "Reference")
        listed = self._named(lines, "duplicate_reference", _MANIFEST)
        files = self._files(encoded)
        if not listed.keys() <= files.keys():
            self._refuse(MalformedPacket("attachment_missing", _FILES))
        if not files.keys() <= listed.keys():
            self._refuse(MalformedPacket("attachment_unlisted", _MANIFEST))
        attachments = tuple(
            self._attachment(content_id, files[content_id], line)
            for content_id, line in listed.items()
            if content_id in files
        )
        return replace(packet, attachments=attachments, extensions=tuple(self._extensions))

    def _status(self, envelope: Element, encoded: Element) -> StatusPacket:
        (header,) = self._parts(envelope, _ENVELOPE, "edXMLHeader")
        header, signatures = _without_signatures(header)
        message, errors = self._parts(header, _HEADER, "MessageHeader", "ErrorList")
        packet = StatusPacket(
            header=bind(StatusHeader, message, _MESSAGE, self._refuse),
            signatures=signatures,
            error_list=bind(ErrorList, errors, _ERRORS, self._refuse),
        )
        files = self._files(encoded)
        attachments = tuple(self._attachment(name, each, each) for name, each in files.items())
        return replace(packet, attachments=attachments, extensions=tuple(self._extensions))

    def _parts(self, element: Element, where: str, *names: str) -> tuple[Element, ...]:
        """Return the children of these names, an empty one for each that is absent."""
        found: dict[str, Element] = {}
        for child in children_of(element, where, self._refuse):
            name = child.own_name
            if name in found:
                self._refuse(MalformedPacket("duplicate_element", f"{where}/{name}"))
            elif name in names:
                found[name] = child
            else:
                self._extensions.append(Extension(inside=element.name, element=child))
        return tuple(found.get(name, Element(name)) for name in names)

    def _items(self, cls: type[G], element: Element, where: str, name: str) -> list[G]:
        items: list[G] = []
        for child in children_of(element, where, self._refuse):
            if child.own_name == name:
                items.append(bind(cls, child, f"{where}/{name}[{len(items) + 1}]", self._refuse))
            else:
                self._extensions.append(Extension(inside=element.name, element=child))
        return items

    def _files(self, encoded: Element) -> dict[str, EncodedAttachment]:
        files = self._items(EncodedAttachment, encoded, _FILES, "Attachment")
        named = self._named(files, "duplicate_attachment", _FILES)
        return {name: file for name, file in named.items() if file.content}

    def _named(self, items: list[L], twice: str, where: str) -> dict[str, L]:
        """Return files or their lines by content id; some write `cid:` before it on one side."""
        named: dict[str, L] = {}
        for item in items:
            name = item.content_id.removeprefix(CID).strip(WHITE)
            if not name:
                self._refuse(MalformedPacket("missing_element", _FILES + "/Attachment/ContentId"))
            elif name in named:
                self._refuse(MalformedPacket(twice, where))
            else:
                named[name] = item
        return named

    def _attachment(
        self, content_id: str, file: EncodedAttachment, claim: Reference | EncodedAttachment
    ) -> Attachment:
        blob = self._store(int(file.content))
        attributes = dict(file.attributes) | dict(claim.attributes)
        claims = Claims(
            content_type=claim.content_type or file.content_type,
            name=claim.name or file.name,
            description=claim.description or file.description,
        )
        at_file = Claims(
            content_type=file.content_type, name=file.name, description=file.description
        )
        differs = any(said not in ("", vars(claims)[name]) for name, said in vars(at_file).items())
        return Attachment(
            content_id=content_id,
            **vars(claims),
            digest=blob.digest,
            size=blob.size,
            at_file=at_file if differs else None,
            attributes=tuple(attributes.items()),
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
