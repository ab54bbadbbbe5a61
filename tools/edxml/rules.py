# ruff: noqa: E501 - a rule is a line
"""Every rule by its id, with what it says to people; and a finding, which is a rule broken."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Rule:
    """An `error` gets a packet refused somewhere, a `warning` misread; a `note` harms nobody."""

    id: str
    severity: Severity
    vi: str
    en: str


@dataclass(frozen=True)
class Finding:
    """A rule broken at `where` (path in the packet, or line and column), on `line` if known.

    `detail` is a measure or a code, printable and short.
    """

    rule: Rule
    where: str
    detail: str = ""
    line: int | None = None


_FORM = """
xml_invalid|Tệp không phải XML hợp lệ.|The file is not well-formed XML.
doctype_forbidden|Tệp chứa DOCTYPE hoặc thực thể; không được phép.|The file has a DOCTYPE or entities; these are forbidden.
not_edxml|Tệp là XML nhưng không phải gói tin edXML (QCVN 102:2016).|The file is XML, but no edXML packet (QCVN 102:2016).
too_deep|Các phần tử lồng nhau quá sâu.|Elements are nested too deep.
too_many_elements|Gói tin có quá nhiều phần tử.|The packet has too many elements.
too_many_attachments|Gói tin có quá nhiều tệp đính kèm.|The packet has too many attachments.
text_too_long|Nội dung một phần tử quá dài.|The text of an element is too long.
token_too_long|Một thẻ hoặc chú thích quá dài.|A tag or comment is too long.
header_too_large|Phần đầu gói tin quá lớn.|The header is too large.
attachment_too_large|Một tệp đính kèm quá lớn.|An attachment is too large.
packet_too_large|Gói tin quá lớn.|The packet is too large.
bad_base64|Nội dung tệp đính kèm không phải base64 đúng.|The content of an attachment is not valid base64.
bad_date|Ngày không đúng dạng yyyy/MM/dd.|A date is not of the form yyyy/MM/dd.
bad_timestamp|Thời điểm không đúng dạng yyyy/MM/dd HH:mm:ss.|A time is not of the form yyyy/MM/dd HH:mm:ss.
missing_element|Thiếu phần tử bắt buộc, hoặc phần tử bị bỏ trống.|A required element is missing or empty.
duplicate_element|Phần tử chỉ được có một lần nhưng xuất hiện nhiều lần.|An element that may occur once occurs again.
unexpected_element|Có phần tử con ở nơi chỉ được có chữ.|There is an element where only text may be.
unexpected_text|Có chữ ở nơi chỉ được có phần tử.|There is text where only elements may be.
duplicate_recipient|Một cơ quan nhận được ghi hai lần.|A receiving agency is named twice.
duplicate_reference|Hai dòng trong danh mục tệp có cùng ContentId.|Two lines of the manifest have the same ContentId.
duplicate_attachment|Hai tệp đính kèm có cùng ContentId.|Two attachments have the same ContentId.
attachment_missing|Danh mục nêu một tệp không có trong gói tin.|The manifest names a file that is not in the packet.
attachment_unlisted|Gói tin có tệp không nêu trong danh mục.|The packet has a file that the manifest does not name.
"""

_CONTENT = """
old_form|error|Tệp theo dạng cũ (công văn 2803, SOAP và MIME); hãy gửi dạng QCVN 102:2016.|The file has the older form (SOAP and MIME); send the form of QCVN 102:2016.
value_too_long|error|Nội dung dài hơn mức trục của tỉnh chấp nhận.|A text is longer than a province's axis accepts.
value_long|warning|Nội dung dài hơn mức nhiều hệ thống lưu được.|A text is longer than many systems can keep.
organ_id_groups|error|Mã cơ quan có hơn bốn nhóm.|An agency code has more than four groups.
organ_id_form|warning|Mã cơ quan không theo dạng cũ (000.00.15.H26) hay dạng mới (H26.15).|An agency code has neither the old form (000.00.15.H26) nor the new one (H26.15).
date_in_future|error|Ngày ban hành ở tương lai.|The date of issue is in the future.
time_in_future|warning|Thời điểm ở tương lai.|A time is in the future.
type_not_allowed|error|Loại tệp đính kèm không được trục của tỉnh chấp nhận.|The type of an attachment is not one that a province's axis accepts.
type_mismatch|error|Loại tệp (ContentType) không khớp với đuôi tên tệp.|The type of an attachment (ContentType) does not agree with its name's ending.
content_mismatch|warning|Nội dung tệp không đúng với đuôi tên tệp.|The content of an attachment is not what its name's ending says.
file_large|warning|Tệp đính kèm lớn hơn 50 MB.|An attachment is larger than 50 MB.
file_name_form|warning|Tên tệp dài hơn 50 ký tự, có dấu hoặc ký tự đặc biệt.|A file name is longer than 50 characters, or has accents or special characters.
no_attachment|warning|Văn bản mới không có tệp nào.|A new document has no file.
document_known|warning|Đã có gói tin khác của văn bản mới này; trục bỏ qua bản gửi lặp.|Another packet has this new document already; an axis ignores the repetition.
expected_missing|warning|Thiếu phần tử mà hầu hết hệ thống chờ đợi.|An element that most systems expect is missing.
not_a_number|warning|Giá trị phải là số.|A value should be a number.
priority_unknown|warning|Độ khẩn ngoài 0..4.|The urgency is none of 0..4.
email_form|warning|Địa chỉ thư điện tử không đúng dạng.|A mail address has no valid form.
business_unknown|error|Loại nghiệp vụ (BussinessDocType) không phải 0, 1, 2 hay 3.|The business kind (BussinessDocType) is none of 0, 1, 2, 3.
reason_missing|error|Thiếu lý do.|The reason is missing.
business_document_missing|error|Thu hồi, cập nhật phải nêu DocumentId của văn bản cũ.|A recall or update must name the DocumentId of the old document.
update_empty|warning|Gói cập nhật không nói cập nhật gì (BussinessDocumentInfo).|An update does not say what it changes (BussinessDocumentInfo).
replacement_empty|error|Gói thay thế không nêu văn bản nào bị thay thế.|A replacement names no document that it replaces.
business_part_misplaced|warning|Phần này chỉ thuộc nghiệp vụ khác, sẽ bị bỏ qua.|This part belongs to another kind of business and will be ignored.
flag_unknown|warning|Giá trị phải là 0 hoặc 1.|A value should be 0 or 1.
status_unknown|error|Mã trạng thái không thuộc chín mã 01 02 03 04 05 06 13 15 16.|The status code is none of the nine: 01 02 03 04 05 06 13 15 16.
status_with_parts|warning|Gói trạng thái chỉ có phần đầu; phần này sẽ bị bỏ qua.|A status packet has a header only; this part will be ignored.
error_list|warning|Gói tin mang danh sách lỗi của hệ thống trung gian.|The packet carries an intermediary's list of errors.
code_form|warning|Số, ký hiệu viết sai kiểu: phần đầu văn bản tách hai phần, hồi đáp thì nối bằng dấu "/".|A number and notation is in the wrong form: two parts in a document's header, joined by "/" in ResponseFor.
prefix_missing|warning|Phần tử trong phong bì thiếu tiền tố edXML; một số hệ thống sẽ không đọc.|Elements in the envelope lack the prefix edXML; some systems will not read them.
business_spelling|note|Viết "Business"; quy chuẩn viết "Bussiness".|Written "Business"; the standard writes "Bussiness".
date_form|note|Ngày viết theo dạng dd/MM/yyyy; quy chuẩn là yyyy/MM/dd.|A date is written dd/MM/yyyy; the standard is yyyy/MM/dd.
cid_missing|note|ContentId thiếu "cid:".|A ContentId lacks "cid:".
more_findings|note|Còn nhiều lỗi khác; chỉ nêu những lỗi nặng nhất.|There are more findings; only the gravest are told.
signature_is_no_proof|note|Chữ ký của gói tin không chứng minh điều gì; hãy kiểm tra chữ ký trong tệp PDF.|The packet's signature proves nothing; check the one inside the PDF.
"""


def _rules() -> dict[str, Rule]:
    rows = [row.split("|") for row in _CONTENT.strip().splitlines()]
    rows += [
        [name, "error", vi, en]
        for name, vi, en in (row.split("|") for row in _FORM.strip().splitlines())
    ]
    return {row[0]: Rule(*row) for row in rows}  # type: ignore[arg-type]


RULES = _rules()
"""By id; a refusal of the reader is the rule of the same name."""


def finding(rule: str, where: str, detail: object = "") -> Finding:
    """Return a finding; `detail` is made safe for a terminal."""
    text = "".join(letter for letter in str(detail)[:80] if letter.isprintable())
    return Finding(RULES[rule], where, text)
