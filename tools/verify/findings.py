"""What a verification finds: what is wrong, where, and in which columns."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from libs.eventstore.entries import Row, fields_of

KINDS = {
    "changed": ("bản ghi khác với lúc niêm phong", "the row is not what was sealed"),
    "missing": ("sự kiện đã niêm phong không còn", "a sealed event is gone"),
    "added": ("sự kiện chen vào sau, chưa từng niêm phong", "an event that was never sealed"),
    "gap": ("thiếu phiên bản trước đó", "a version is missing before it"),
    "altered": ("nội dung không khớp mã băm của chính nó", "the columns do not make the leaf"),
    "head": ("đầu chuỗi không khớp sự kiện cuối", "the stream's row is not its last event's"),
    "log": ("tệp nhật ký không khớp", "a file of the log is wrong"),
    "checkpoint": ("điểm kiểm tra không được chấp nhận", "a checkpoint is not accepted"),
    "rollback": ("nhật ký lùi so với điều đã chứng kiến", "the log is not what was seen before"),
}
"""Kinds of findings, in Vietnamese and English."""


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong. The order is the log's: shard, entry, then the rest.

    `index` is the entry's in its shard, -1 where no entry is meant. `columns` are those of es.event
    (es.stream for `head`); "the event before" means the stream's chain.
    """

    shard: str
    index: int
    kind: str
    stream: str = ""
    version: int = 0
    columns: tuple[str, ...] = ()
    event_id: str = ""
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "columns": list(self.columns)}

    def line(self) -> str:
        """For people, in one line."""
        vietnamese, english = KINDS[self.kind]
        where = f"{self.stream} version {self.version}" if self.stream else self.shard
        columns = f": {', '.join(self.columns)}" if self.columns else ""
        entry = (
            f" (entry {self.index:,} of {self.shard})" if self.stream and self.index >= 0 else ""
        )
        detail = f" [{self.detail}]" if self.detail else ""
        return f"{where}{columns}{entry}: {english} · {vietnamese}{detail}"


def of_entry(shard: str, index: int, kind: str, entry: bytes, columns: Sequence[str]) -> Finding:
    """A finding about the event that was sealed at an index."""
    fields = fields_of(entry)
    return Finding(
        shard, index, kind, str(fields["stream"]), int(fields["version"] or 0), tuple(columns),
        str(fields["id"]),
    )  # fmt: skip


def of_row(shard: str, index: int, kind: str, row: Row, columns: Sequence[str] = ()) -> Finding:
    """A finding about a row of the store."""
    return Finding(shard, index, kind, row.stream, row.version, tuple(columns), row.event_id)
