"""The two packets of QCVN 102:2016/BTTTT (amended 1:2022) as values.

An element is a field annotated with its wire name; `List/Item` is a list inside one element.
Fields stand in the order they are sent. A field without a default must be there and not empty;
an absent element, an empty one and a default are the same. Numbers and codes stay text because
their lists contradict each other between systems. Times are Viet Nam's, without zone, in whole
seconds. What a group holds beyond its fields is kept in `extensions` and `attributes` and sent
again; attributes of single texts, of list elements and of the packet's frame are not.
Names of files and all other texts are the sender's claims: never a path, never markup.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from libs.edxml.codes import BusinessKind, ProcessingStatus, known
from libs.edxml.element import Attributes, Element

CID = "cid:"
SIGNATURES = ("Signature", "DigitalSignature")


@dataclass(frozen=True, kw_only=True)
class Group:
    """An element with elements in it."""

    attributes: Attributes = ()
    extensions: tuple[Element, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Agency(Group):
    """An agency (cơ quan, tổ chức): `From` and `To`."""

    organ_id: Annotated[str, "OrganId"]
    organization_in_charge: Annotated[str, "OrganizationInCharge"] = ""
    organ_name: Annotated[str, "OrganName"] = ""
    organ_add: Annotated[str, "OrganAdd"] = ""
    email: Annotated[str, "Email"] = ""
    telephone: Annotated[str, "Telephone"] = ""
    fax: Annotated[str, "Fax"] = ""
    website: Annotated[str, "Website"] = ""


@dataclass(frozen=True, kw_only=True)
class Code(Group):
    """Number and notation (số, ký hiệu)."""

    number: Annotated[str, "CodeNumber"]
    notation: Annotated[str, "CodeNotation"]


@dataclass(frozen=True, kw_only=True)
class PromulgationInfo(Group):
    """Place and date of issue (địa danh, ngày ban hành)."""

    place: Annotated[str, "Place"] = ""
    promulgation_date: Annotated[date | None, "PromulgationDate"] = None


@dataclass(frozen=True, kw_only=True)
class DocumentType(Group):
    """Type of document (loại văn bản); `name` is the reliable one."""

    type: Annotated[str, "Type"] = ""
    detail: Annotated[str, "TypeDetail"] = ""
    name: Annotated[str, "TypeName"] = ""


@dataclass(frozen=True, kw_only=True)
class SignerInfo(Group):
    """Who signed (người ký): authority (thẩm quyền: TM., KT., ...), position, name."""

    competence: Annotated[str, "Competence"] = ""
    position: Annotated[str, "Position"] = ""
    full_name: Annotated[str, "FullName"] = ""


@dataclass(frozen=True, kw_only=True)
class OtherInfo(Group):
    """Urgency (độ khẩn), circulation (phạm vi lưu hành), amounts, appendices (phụ lục)."""

    priority: Annotated[str, "Priority"] = ""
    sphere_of_promulgation: Annotated[str, "SphereOfPromulgation"] = ""
    typer_notation: Annotated[str, "TyperNotation"] = ""
    promulgation_amount: Annotated[str, "PromulgationAmount"] = ""
    page_amount: Annotated[str, "PageAmount"] = ""
    direction: Annotated[str, "Direction"] = ""
    appendixes: Annotated[tuple[str, ...], "Appendixes/Appendix"] = ()
    reply_fors: Annotated[str, "ReplyFors"] = ""
    reference_codes: Annotated[str, "ReferenceCodes"] = ""


@dataclass(frozen=True, kw_only=True)
class ResponseFor(Group):
    """The document answered or reported on (hồi đáp); `code` is number/notation joined."""

    organ_id: Annotated[str, "OrganId"]
    code: Annotated[str, "Code"]
    promulgation_date: Annotated[date | None, "PromulgationDate"] = None
    document_id: Annotated[str, "DocumentId"]


@dataclass(frozen=True, kw_only=True)
class StaffInfo(Group):
    """The official in charge (cán bộ xử lý)."""

    department: Annotated[str, "Department"] = ""
    staff: Annotated[str, "Staff"] = ""
    email: Annotated[str, "Email"] = ""
    mobile: Annotated[str, "Mobile"] = ""
    department_id: Annotated[str, "DepartmentId"] = ""
    staff_id: Annotated[str, "StaffId"] = ""


@dataclass(frozen=True, kw_only=True)
class DocumentHeader(Group):
    """`MessageHeader` of a document packet."""

    sender: Annotated[Agency, "From"]
    recipients: Annotated[tuple[Agency, ...], "To"]
    document_id: Annotated[str, "DocumentId"]
    code: Annotated[Code, "Code"]
    promulgation: Annotated[PromulgationInfo, "PromulgationInfo"] = PromulgationInfo()
    document_type: Annotated[DocumentType, "DocumentType"] = DocumentType()
    subject: Annotated[str, "Subject"]
    content: Annotated[str, "Content"] = ""
    signer: Annotated[SignerInfo, "SignerInfo"] = SignerInfo()
    due_date: Annotated[date | None, "DueDate"] = None
    other_info: Annotated[OtherInfo, "OtherInfo"] = OtherInfo()
    responses: Annotated[tuple[ResponseFor, ...], "ResponseFor"] = ()
    steering_type: Annotated[str, "SteeringType"] = ""
    to_places: Annotated[tuple[str, ...], "ToPlaces/Place"] = ()
    task_codes: Annotated[tuple[str, ...], "ResponseForTask/TaskCode"] = ()
    application_type: Annotated[str, "ApplicationType"] = ""


@dataclass(frozen=True, kw_only=True)
class StatusHeader(Group):
    """`MessageHeader` of a status packet (gói tin trạng thái)."""

    sender: Annotated[Agency, "From"]
    response_for: Annotated[ResponseFor, "ResponseFor"]
    staff: Annotated[StaffInfo, "StaffInfo"] = StaffInfo()
    status_code: Annotated[str, "StatusCode"]
    description: Annotated[str, "Description"] = ""
    timestamp: Annotated[datetime, "Timestamp"]

    @property
    def status(self) -> ProcessingStatus | None:
        """What `status_code` means; None for a local one."""
        return known(ProcessingStatus, self.status_code)


@dataclass(frozen=True, kw_only=True)
class TraceHeader(Group):
    """One system the packet passed."""

    organ_id: Annotated[str, "OrganId"]
    timestamp: Annotated[datetime | None, "Timestamp"] = None


@dataclass(frozen=True, kw_only=True)
class Receiver(Group):
    """A recipient added (`1`) or removed (`0`) by an update."""

    organ_id: Annotated[str, "OrganId"]
    receiver_type: Annotated[str, "ReceiverType"] = ""


@dataclass(frozen=True, kw_only=True)
class BusinessDocumentInfo(Group):
    """What an update (cập nhật) changes: content (`1`), recipients (`1`)."""

    document_info: Annotated[str, "DocumentInfo"] = ""
    document_receiver: Annotated[str, "DocumentReceiver"] = ""
    receivers: Annotated[tuple[Receiver, ...], "ReceiverList/Receiver"] = ()


@dataclass(frozen=True, kw_only=True)
class ReplacementInfo(Group):
    """An old document replaced (thay thế), and for whom."""

    document_id: Annotated[str, "DocumentId"]
    organ_ids: Annotated[tuple[str, ...], "OrganIdList/OrganId"] = ()


@dataclass(frozen=True, kw_only=True)
class Business(Group):
    """What the packet is for: `doc_type` is one of `BusinessKind`, or nobody knows it."""

    document_id: Annotated[str, "DocumentId"] = ""
    doc_type: Annotated[str, "BussinessDocType"]
    doc_reason: Annotated[str, "BussinessDocReason"] = ""
    paper: Annotated[str, "Paper"] = ""
    document_info: Annotated[BusinessDocumentInfo, "BussinessDocumentInfo"] = BusinessDocumentInfo()
    replacements: Annotated[tuple[ReplacementInfo, ...], "ReplacementInfoList/ReplacementInfo"] = ()
    staff: Annotated[tuple[StaffInfo, ...], "StaffInfo"] = ()

    @property
    def kind(self) -> BusinessKind | None:
        """What `doc_type` means; None for an unknown one."""
        return known(BusinessKind, self.doc_type)


@dataclass(frozen=True, kw_only=True)
class Trace(Group):
    """`TraceHeaderList`: the systems passed and the business of the packet."""

    headers: Annotated[tuple[TraceHeader, ...], "TraceHeader"] = ()
    business: Annotated[Business, "Bussiness"]


@dataclass(frozen=True, kw_only=True)
class PacketError(Group):
    """What an intermediary found wrong, e.g. code `N.MessageHeader.To`."""

    code: Annotated[str, "Code"] = ""
    description: Annotated[str, "Description"] = ""


@dataclass(frozen=True, kw_only=True)
class ErrorList(Group):
    """The answer of an intermediary of the older form."""

    errors: Annotated[tuple[PacketError, ...], "Error"] = ()


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What one place of a packet says of a file."""

    content_type: str = ""
    name: str = ""
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file; its bytes are the blob `digest`. `content_id` goes without its `cid:`.

    Name, type and description are claims. Where manifest and file disagree the manifest counts,
    and `at_file` has what the file says. What else stands at either is kept; a document packet
    sends it in the manifest's line (attributes) and at the file (elements).
    """

    content_id: str
    content_type: str = ""
    name: str = ""
    description: str = ""
    digest: str
    size: int
    at_file: Claims | None = None
    attributes: Attributes = ()
    extensions: tuple[Element, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reference(Group):
    """A line of the manifest; on the wire only, `Attachment` is what users see."""

    content_id: Annotated[str, "ContentId"]
    content_type: Annotated[str, "ContentType"] = ""
    description: Annotated[str, "Description"] = ""
    name: Annotated[str, "AttachmentName"] = ""


@dataclass(frozen=True, kw_only=True)
class EncodedAttachment(Group):
    """A file's description beside its base64; on the wire only."""

    content_id: Annotated[str, "ContentId"]
    name: Annotated[str, "AttachmentName"] = ""
    description: Annotated[str, "Description"] = ""
    content_type: Annotated[str, "ContentType"] = ""
    content: Annotated[str, "ContentTransferEncoded"]


@dataclass(frozen=True, kw_only=True)
class Extension:
    """An unknown element of the packet's frame, `inside` named by one of `FRAME`."""

    inside: str
    element: Element


FRAME = (
    "edXML",
    "edXMLEnvelope",
    "edXMLHeader",
    "edXMLBody",
    "edXMLManifest",
    "AttachmentEncoded",
)


@dataclass(frozen=True, kw_only=True)
class DocumentPacket:
    """A document with its files (gói tin văn bản, message type `edoc`).

    `signatures` are `Signature` and `DigitalSignature` as found: in the field they are decoration
    and prove nothing. A real one covers the packet's bytes and does not outlive a rewriting.
    """

    header: DocumentHeader
    trace: Trace
    signatures: tuple[Element, ...] = ()
    error_list: ErrorList = ErrorList()
    attachments: tuple[Attachment, ...] = ()
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StatusPacket:
    """What an office did with a document (gói tin trạng thái, message type `status`).

    The format knows no files here; `attachments` are for those who agreed on them. A body or
    trace list that came all the same is among `extensions`.
    """

    header: StatusHeader
    signatures: tuple[Element, ...] = ()
    error_list: ErrorList = ErrorList()
    attachments: tuple[Attachment, ...] = ()
    extensions: tuple[Extension, ...] = ()
