"""Why the documents service refuses."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID


class DocumentsError(Exception):
    """A refusal: `code` for programs, `vi` and `en` for people, `data()` to act on."""

    code = "documents_refused"
    status = 409
    vi = "Không thực hiện được."
    en = "This cannot be done."

    def __init__(self, **data: Any) -> None:
        super().__init__(self.code)
        self._data = data

    def data(self) -> dict[str, Any]:
        """JSON values that say what and where."""
        return self._data


class DocumentUnknown(DocumentsError):
    """There is no such document, or it is another agency's: the two look the same."""

    code = "not_found"
    status = 404
    vi = "Không tìm thấy."
    en = "There is nothing here."


class WrongDirection(DocumentsError):
    """An outgoing document was treated as an incoming one, or the other way round."""

    code = "document_direction_wrong"
    vi = "Thao tác này không dành cho loại văn bản đi hoặc đến này."
    en = "This is not done with documents of this direction."


class WrongState(DocumentsError):
    """The document is not at a step where this may be done."""

    code = "document_state_wrong"
    vi = "Văn bản không ở bước được phép thực hiện thao tác này."
    en = "The document is not at a step at which this may be done."

    def __init__(self, state: str, allowed: Iterable[str]) -> None:
        super().__init__(state=state, allowed=list(allowed))


class NotTheSigner(DocumentsError):
    """Only the leader whom the draft names approves it, in the position that it names."""

    code = "not_the_signer"
    status = 403
    vi = "Chỉ người ký ghi trong dự thảo mới được phê duyệt."
    en = "Only the signer named in the draft may approve it."


class NotTheSealsTurn(DocumentsError):
    """The agencies of a joint document seal it in its order, each its own."""

    code = "not_the_seals_turn"
    status = 403
    vi = "Chưa đến lượt cơ quan này đóng dấu văn bản."
    en = "It is not this agency's turn to seal the document."


class CosignersUnfit(DocumentsError):
    """A cosigner holds no such position, or is named twice."""

    code = "cosigners_invalid"
    status = 422
    vi = "Có người cùng ký không giữ chức vụ đã ghi hoặc được ghi hai lần."
    en = "A cosigner does not hold the position that is named, or is named twice."


class SourceNotCopied(DocumentsError):
    """A copy is made of what is in force: of an original, and a sao lục of a sao y."""

    code = "source_not_copied"
    status = 422
    vi = "Văn bản này không sao được theo hình thức đã chọn."
    en = "This document cannot be copied in this form."


class TrayTooLarge(DocumentsError):
    """One confirmation signs only so many documents."""

    code = "tray_too_large"
    status = 422
    vi = "Một lần ký duyệt chỉ gồm một số văn bản nhất định; hãy chia thành nhiều lô."
    en = "One confirmation signs only so many documents; make several trays."

    def __init__(self, most: int) -> None:
        super().__init__(most=most)


class TrayChanged(DocumentsError):
    """What waits for the leader's signature is no longer what he saw."""

    code = "tray_changed"
    vi = "Danh sách chờ ký đã thay đổi; hãy xem lại rồi xác nhận."
    en = "What waits for your signature has changed; look at it again, then confirm."


class TrayEmpty(DocumentsError):
    """Nothing waits for the leader's signature."""

    code = "tray_empty"
    vi = "Không có văn bản nào chờ ký."
    en = "Nothing waits for your signature."


class NoPosition(DocumentsError):
    """The token names no position, and a signature belongs to one."""

    code = "position_missing"
    status = 403
    vi = "Tài khoản không gắn với chức vụ nào."
    en = "The account stands for no position."


class VerdictPending(DocumentsError):
    """Nobody accepts before the signatures were checked (QĐ 28/2018, article 9)."""

    code = "verdict_pending"
    vi = "Chữ ký số đang được kiểm tra; hãy chờ kết quả."
    en = "The signatures are still being checked; wait for the verdict."


class VerdictFailed(DocumentsError):
    """A document whose signatures are not valid is refused, not accepted."""

    code = "verdict_failed"
    vi = "Chữ ký số không hợp lệ; hãy từ chối tiếp nhận văn bản."
    en = "The signatures are not valid; refuse the document."


class TypeUnknown(DocumentsError):
    """The type code is none of the decree's 29."""

    code = "document_type_unknown"
    status = 422
    vi = "Không có loại văn bản này trong Nghị định 30/2020/NĐ-CP."
    en = "Decree 30/2020 knows no document type with this code."


class NotationUnfit(DocumentsError):
    """No sign (ký hiệu) can be made of the type, the agency and the field."""

    code = "notation_invalid"
    status = 422
    vi = "Không lập được ký hiệu văn bản; công văn cần ký hiệu đơn vị soạn thảo hoặc lĩnh vực."
    en = "No sign can be made; a công văn needs the abbreviation of its drafting unit or field."


class AgencyUnknown(DocumentsError):
    """The acting agency is not in the directory yet."""

    code = "agency_unknown"
    vi = "Cơ quan chưa có trong danh mục."
    en = "The acting agency is not known from the directory."


class SignerUnknown(DocumentsError):
    """The signer holds no such position in the agency."""

    code = "signer_unknown"
    status = 422
    vi = "Người ký không giữ chức vụ này tại cơ quan."
    en = "The signer does not hold this position in the agency."


class RecipientsUnknown(DocumentsError):
    """Some recipients are not in the directory, or are the agency itself."""

    code = "recipients_unknown"
    status = 422
    vi = "Có nơi nhận không thuộc danh mục hoặc chính là cơ quan gửi."
    en = "Some recipients are not in the directory, or are the sender itself."

    def __init__(self, recipients: Iterable[UUID]) -> None:
        super().__init__(recipients=sorted(str(each) for each in recipients))


class RecipientsClosed(DocumentsError):
    """Some recipients ended before today; each is named with its last day and its successor."""

    code = "recipients_closed"
    status = 422
    vi = "Có nơi nhận đã kết thúc hoạt động; hãy gửi đến cơ quan kế thừa."
    en = "Some recipients are closed; send to their successors."

    def __init__(self, recipients: Iterable[dict[str, Any]]) -> None:
        super().__init__(
            recipients=[
                {name: value and str(value) for name, value in each.items()} for each in recipients
            ]
        )


class SourceNotAccepted(DocumentsError):
    """What is answered or carried out must be an incoming document that the agency accepted."""

    code = "source_not_accepted"
    status = 422
    vi = "Văn bản được trả lời hoặc thực hiện phải là văn bản đến mà cơ quan đã tiếp nhận."
    en = "What is answered or carried out must be an incoming document accepted by the agency."


class NoRecall(DocumentsError):
    """Nobody asks for the document back, or that was answered."""

    code = "recall_not_open"
    vi = "Không có yêu cầu lấy lại nào đang chờ trả lời."
    en = "There is no open request to take the document back."


class EarlierNotIssued(DocumentsError):
    """What is updated or replaced must be a document that the agency issued."""

    code = "earlier_not_issued"
    status = 422
    vi = "Văn bản được cập nhật hoặc thay thế phải là văn bản mà cơ quan đã phát hành."
    en = "What is updated or replaced must be a document issued by the agency."


class WithdrawnDocument(DocumentsError):
    """The document was given back to its sender: its texts and files are not handed out."""

    code = "document_withdrawn"
    status = 410
    vi = "Văn bản đã được bên gửi lấy lại."
    en = "The document was taken back by its sender."


class FileNameUnfit(DocumentsError):
    """An attachment's name is too long, not plain, or of a format that is not exchanged."""

    code = "file_name_invalid"
    status = 422
    vi = "Tên tệp dài quá, có dấu hoặc ký tự đặc biệt, hoặc không thuộc định dạng được phép."
    en = "The file's name is too long, not plain ASCII, or of a format that is not exchanged."

    def __init__(self, longest: int, formats: Iterable[str]) -> None:
        super().__init__(longest=longest, formats=list(formats))


class FileUnlikeItsName(DocumentsError):
    """An attachment's bytes do not begin as a file with its name does, or there are none."""

    code = "file_type_wrong"
    status = 422
    vi = "Nội dung tệp trống hoặc không đúng định dạng mà tên tệp cho biết."
    en = "The file is empty, or its content is not of the format that its name says."


class AttachmentsFull(DocumentsError):
    """A document carries only so many attachments, and so many bytes of them together."""

    code = "attachments_full"
    vi = "Văn bản đã đủ số lượng hoặc dung lượng tài liệu đính kèm."
    en = "The document cannot carry more attachments, or not one of this size."

    def __init__(self, most: int, most_bytes: int) -> None:
        super().__init__(most=most, most_bytes=most_bytes)


class NoFile(DocumentsError):
    """The document has no such file yet, or never will have."""

    code = "file_missing"
    status = 404
    vi = "Văn bản không có tệp này."
    en = "The document has no such file."


class NoReport(DocumentsError):
    """There is no validation report: the verdict is pending, or the document is outgoing."""

    code = "report_missing"
    status = 404
    vi = "Văn bản chưa có báo cáo kiểm tra chữ ký số."
    en = "The document has no validation report."


class FileErased(DocumentsError):
    """The bytes were erased by order; the events still tell of them."""

    code = "file_erased"
    status = 410
    vi = "Tệp đã được xóa."
    en = "The file was erased."
