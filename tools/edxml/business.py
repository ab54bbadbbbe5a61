"""Rules over what a packet is for: the four kinds of business, the nine statuses."""

from collections.abc import Iterator

from libs.edxml import (
    BusinessDocumentInfo,
    BusinessKind,
    DocumentPacket,
    ProcessingStatus,
    StatusPacket,
    Trace,
)
from tools.edxml.header import MESSAGE, TRACE
from tools.edxml.rules import Finding, finding

_BUSINESS = f"{TRACE}/Bussiness"
_INFO = f"{_BUSINESS}/BussinessDocumentInfo"
_REPLACED = f"{_BUSINESS}/ReplacementInfoList"
_WITH_REASON = (ProcessingStatus.REFUSED, ProcessingStatus.TAKE_BACK, ProcessingStatus.NOT_AGREED)


def judge(packet: DocumentPacket | StatusPacket) -> Iterator[Finding]:
    """Judge the business of a document packet, or the status of a status packet."""
    if isinstance(packet, StatusPacket):
        yield from _status(packet)
        return
    yield from _kind(packet.trace)
    yield from _update(packet.trace)
    if not packet.trace.headers:
        yield finding("expected_missing", f"{TRACE}/TraceHeader")
    if packet.trace.business.kind is BusinessKind.NEW and not packet.attachments:
        yield finding("no_attachment", "edXML/AttachmentEncoded")


def _kind(trace: Trace) -> Iterator[Finding]:
    business = trace.business
    kind = business.kind
    if kind is None and business.doc_type:
        yield finding("business_unknown", f"{_BUSINESS}/BussinessDocType", business.doc_type)
    if kind not in (None, BusinessKind.NEW) and not business.doc_reason:
        yield finding("reason_missing", f"{_BUSINESS}/BussinessDocReason")
    if kind in (BusinessKind.RECALL, BusinessKind.UPDATE) and not business.document_id:
        yield finding("business_document_missing", f"{_BUSINESS}/DocumentId")
    if kind is BusinessKind.REPLACEMENT and not business.replacements:
        yield finding("replacement_empty", _REPLACED)
    if kind is not BusinessKind.REPLACEMENT and business.replacements:
        yield finding("business_part_misplaced", _REPLACED)


def _update(trace: Trace) -> Iterator[Finding]:
    info = trace.business.document_info
    empty = info == BusinessDocumentInfo()
    if trace.business.kind is not BusinessKind.UPDATE:
        if not empty:
            yield finding("business_part_misplaced", _INFO)
        return
    if empty:
        yield finding("update_empty", _INFO)
    flags = {"DocumentInfo": info.document_info, "DocumentReceiver": info.document_receiver}
    flags |= {
        f"ReceiverList/Receiver[{number}]/ReceiverType": receiver.receiver_type
        for number, receiver in enumerate(info.receivers, start=1)
    }
    for name, flag in flags.items():
        if flag not in ("", "0", "1"):
            yield finding("flag_unknown", f"{_INFO}/{name}", flag)


def _status(packet: StatusPacket) -> Iterator[Finding]:
    header = packet.header
    if header.status is None and header.status_code:
        yield finding("status_unknown", f"{MESSAGE}/StatusCode", header.status_code)
    if header.status in _WITH_REASON and not header.description:
        yield finding("reason_missing", f"{MESSAGE}/Description")
    parts = [f"edXML/edXMLEnvelope/{each.element.name}" for each in packet.extensions]
    parts += ["edXML/AttachmentEncoded"] * bool(packet.attachments)
    for where in parts:
        if where.endswith(("/edXMLBody", "/TraceHeaderList", "/AttachmentEncoded")):
            yield finding("status_with_parts", where.replace("/TraceH", "/edXMLHeader/TraceH"))
