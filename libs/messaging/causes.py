"""Why an event or a job was given up, in words for the people who mend it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class PlainCause:
    """What went wrong and what helps, in Vietnamese and English."""

    vi: str
    en: str


ENDED_PROCESS = "the handler ended its process"

# By the beginning of the cause that the applier kept: the kind of the error, or its own words.
_PLAIN = {
    "UnknownEvent": PlainCause(
        "Phần mềm chưa biết loại hoặc phiên bản của sự kiện này: hãy cập nhật dịch vụ rồi cho"
        " xử lý lại.",
        "The service does not know this type, version or content of an event: bring it up to"
        " date, then release.",
    ),
    "IntegrityError": PlainCause(
        "Sự kiện trái với dữ liệu mà dịch vụ đang có.",
        "The event contradicts rows that the service has.",
    ),
    "DataError": PlainCause(
        "Sự kiện có giá trị mà bảng dữ liệu không chứa được.",
        "The event holds a value that does not fit the service's tables.",
    ),
    "LookupError": PlainCause(
        "Không tìm thấy điều mà sự kiện nhắc đến.",
        "Something that the event names was not found.",
    ),
    "WrongVersion": PlainCause(
        "Luồng sự kiện được ghi liên tục từ nơi khác: hãy cho xử lý lại.",
        "Someone else kept writing the same stream: release it.",
    ),
    "BlobMissing": PlainCause(
        "Thiếu tệp trong kho lưu trữ: hãy khôi phục tệp rồi cho xử lý lại.",
        "A file is missing from the blob store: bring it back, then release.",
    ),
    "ReplicasBehind": PlainCause(
        "Dữ liệu từ dịch vụ khác chưa đến kịp: hãy cho xử lý lại.",
        "What another service tells had not come yet: release it.",
    ),
    ENDED_PROCESS: PlainCause(
        "Xử lý sự kiện này làm tiến trình dừng đột ngột: hãy xem bộ nhớ và nhật ký của dịch vụ.",
        "Handling the event ended the process each time: look at the service's memory and log.",
    ),
}
_OTHER = PlainCause(
    "Dịch vụ gặp lỗi khi xử lý: hãy sửa lỗi rồi cho xử lý lại.",
    "The service failed on it: mend the fault, then release.",
)
_SAME_AS = {"KeyError": "LookupError", "NoResultFound": "LookupError"}


def plain(cause: str, more: Mapping[str, PlainCause] = MappingProxyType({})) -> PlainCause:
    """The plain words for a cause as it was kept; `more` are those of a service's own errors."""
    kind = cause.partition(":")[0]
    return more.get(kind) or _PLAIN.get(_SAME_AS.get(kind, kind), _OTHER)


def describe(error: Exception) -> str:
    """The cause as it may be kept and shown: the kind and its first line, no values of rows."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:300]
