"""edXML, the packets of Viet Nam's document axis (QCVN 102:2016/BTTTT): liberal in, exact out."""

from libs.edxml.address import addressees, narrowed
from libs.edxml.codes import BusinessKind, ProcessingStatus
from libs.edxml.element import NAMESPACE, Element
from libs.edxml.errors import MalformedPacket
from libs.edxml.limits import Limits
from libs.edxml.output import legible
from libs.edxml.packets import (
    Agency,
    Attachment,
    Business,
    BusinessDocumentInfo,
    Claims,
    Code,
    DocumentHeader,
    DocumentPacket,
    DocumentType,
    ErrorList,
    Extension,
    OtherInfo,
    PacketError,
    PromulgationInfo,
    Receiver,
    ReplacementInfo,
    ResponseFor,
    SignerInfo,
    StaffInfo,
    StatusHeader,
    StatusPacket,
    Trace,
    TraceHeader,
)
from libs.edxml.reader import examine, parse, read
from libs.edxml.writer import serialize, write

__all__ = [
    "NAMESPACE",
    "Agency",
    "Attachment",
    "Business",
    "BusinessDocumentInfo",
    "BusinessKind",
    "Claims",
    "Code",
    "DocumentHeader",
    "DocumentPacket",
    "DocumentType",
    "Element",
    "ErrorList",
    "Extension",
    "Limits",
    "MalformedPacket",
    "OtherInfo",
    "PacketError",
    "ProcessingStatus",
    "PromulgationInfo",
    "Receiver",
    "ReplacementInfo",
    "ResponseFor",
    "SignerInfo",
    "StaffInfo",
    "StatusHeader",
    "StatusPacket",
    "Trace",
    "TraceHeader",
    "addressees",
    "examine",
    "legible",
    "narrowed",
    "parse",
    "read",
    "serialize",
    "write",
]
