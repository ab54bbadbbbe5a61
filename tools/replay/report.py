"""One shape for all that is printed or exported: facts on top, then tables of texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.replay import words
from tools.replay.differences import CHANGED, KEYS, Difference
from tools.replay.times import local, shown

Row = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """A table. `weights` say how wide its columns are beside one another."""

    title: str
    columns: Sequence[str]
    weights: Sequence[int]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Report:
    """What is told: a title, facts, tables."""

    title: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]


_MATTER = "Hồ sơ"
_LINE_COLUMNS = (
    "Thời gian", "Cấp", "Cơ quan", "Người xử lý", "Chức vụ", "Việc đã làm", "Liên quan",
    "Trạng thái", "Văn bản", "Ghi nhận lúc", _MATTER, "Sự kiện",
)  # fmt: skip
_LINE_WEIGHTS = (16, 4, 18, 16, 14, 22, 22, 8, 14, 16, 12, 12)


def of_lines(found: Row) -> Report:
    """A trace's timeline, or steps across documents."""
    trace = found.get("trace_id")
    facts = [("Hồ sơ", trace), ("Trích yếu", found["subject"])] if trace else []
    facts += [
        ("Biết đến", f"{shown(found['as_of'])} (giờ Việt Nam)"),
        ("Số bước", str(len(found["lines"]))),
    ]
    if found.get("more"):
        facts.append(("Lưu ý", "còn nữa: hãy thu hẹp câu hỏi"))
    # In one matter's timeline the matter stands on top.
    kept = [n for n, name in enumerate(_LINE_COLUMNS) if not (trace and name == _MATTER)]
    section = Section(
        "Các bước",
        [_LINE_COLUMNS[n] for n in kept],
        [_LINE_WEIGHTS[n] for n in kept],
        [[cells[n] for n in kept] for cells in map(_line, found["lines"])],
    )
    return Report("Diễn biến xử lý văn bản", facts, [section])


def _line(line: Row) -> tuple[str, ...]:
    related = (line["unit"], line["assignee"], line["counterpart"])
    return (
        local(line["at"]).strftime("%d/%m/%Y %H:%M:%S"),
        str(line["tier"] or ""),
        line["agency_name"],
        line["handler"],
        line["position"],
        line["action"],
        " · ".join(name for name in related if name),
        line["status_code"],
        line["document_code"],
        shown(line["recorded_at"]) if "recorded_at" in line else "",
        line["trace_id"],
        line["event_id"],
    )


def of_state(state: Row, about: Sequence[tuple[str, str]]) -> Report:
    """What was seen at an instant."""
    facts = [*about, ("Thời điểm", f"{shown(state['at'])} (giờ Việt Nam)")]
    for view in state["views"]:
        facts += _remarks(view)
    facts += [("Không dựng lại được", f"{s}: {why}") for s, why in state["not_applied"].items()]
    sections = [
        _list(view, name, columns)
        for view in state["views"]
        for name, columns in _COLUMNS.items()
        if name not in view["refused"]
    ]
    return Report("Trạng thái tại một thời điểm", facts, sections)


def _remarks(view: Row) -> list[tuple[str, str]]:
    who = _viewer(view)
    shut = ", ".join(words.LISTS[name] for name in view["refused"])
    more = ", ".join(words.LISTS[name] for name in view["more"])
    return [
        *([("Không có quyền xem", f"{who}: {shut}")] if shut else []),
        *([("Chưa liệt kê hết", f"{who}: {more}")] if more else []),
    ]


def _viewer(view: Row) -> str:
    name = view["full_name"] or view["person_id"]
    person = f"{name}, {view['position']} · " if view["person_id"] else ""
    return f"{person}{view['agency_name'] or view['agency_id']}"


# Of each list the columns: title, weight, and the field (see `_cell`).
_COLUMNS: Mapping[str, Sequence[tuple[str, int, str]]] = {
    "tasks": (
        ("Văn bản", 14, "code"), ("Đơn vị", 18, "unit"), ("Người xử lý", 18, "assignee"),
        ("Hạn", 10, "due_on"), ("Trạng thái", 14, "state"), ("Giao lúc", 16, "assigned_at"),
    ),
    "documents": (
        ("Số, ký hiệu", 14, "code"), ("Loại", 12, "type_name"), ("Trích yếu", 34, "subject"),
        ("Chiều", 8, "direction"), ("Trạng thái", 16, "state"), ("Chữ ký số", 12, "verdict"),
        ("Số đến", 7, "arrival_number"), ("Thay đổi lúc", 16, "changed_at"),
    ),
    "processes": (
        ("Văn bản", 14, "code"), ("Bên gửi", 24, "sender_name"), ("Trạng thái", 14, "state"),
        ("Mở lúc", 16, "opened_at"), ("Xong lúc", 16, "finished_at"),
    ),
    "dispatches": (
        ("Mã gói", 24, "foreign_id"), ("Mở lúc", 16, "opened_at"), ("Nơi nhận", 40, "deliveries"),
    ),
}  # fmt: skip


def _list(view: Row, name: str, columns: Sequence[tuple[str, int, str]]) -> Section:
    rows = [tuple(_cell(row, field) for _, _, field in columns) for row in view[name]]
    titles, weights, _ = zip(*columns, strict=True)
    return Section(f"{words.LISTS[name]} ({len(rows)}) · {_viewer(view)}", titles, weights, rows)


def _cell(row: Row, field: str) -> str:
    content = row.get(field)
    if content is None or content == "":
        return ""
    if field == "direction":
        return "đi" if content == "outgoing" else "đến"
    return words.value(field, content)


def of_differences(
    before: Row, after: Row, found: Sequence[Difference], about: Sequence[tuple[str, str]]
) -> Report:
    """What lies between two instants, in plain words."""
    facts = [
        *about,
        ("Từ", f"{shown(before['at'])} (giờ Việt Nam)"),
        ("Đến", f"{shown(after['at'])} (giờ Việt Nam)"),
        ("Số khác biệt", str(len(found))),
    ]
    columns = ("Cơ quan", "Mục", "Văn bản", "", "Khác nhau")
    rows = [row for each in found for row in _difference(each)]
    section = Section("Khác nhau", columns, (20, 12, 22, 10, 50), rows)
    return Report("Khác nhau giữa hai thời điểm", facts, [section])


def _difference(each: Difference) -> list[tuple[str, ...]]:
    label = each.row.get("code") or each.row.get("subject") or each.row.get("foreign_id")
    name = str(label or each.row.get("document_id") or each.row[KEYS[each.list]])
    head = (each.agency_name, words.LISTS[each.list], name, words.KINDS[each.kind])
    if each.kind != CHANGED:
        what = "state" if "state" in each.row else "deliveries"
        return [(*head, _cell(each.row, what))]
    told = [words.change(name, *values) for name, values in each.fields.items()]
    return [(*head, "\n".join(told))]


def of_consultations(found: Row) -> Report:
    """Who looked into the trail."""
    rows = [
        (
            shown(each["at"]),
            each["handler"],
            each["position"],
            words.QUESTIONS.get(each["question"], each["question"]),
            "; ".join(
                f"{words.field(name)}: {words.value(name, asked)}"
                for name, asked in _asked(each).items()
            ),
            str(each["lines"]),
            words.DOORS.get(each["door"], each["door"]),
        )
        for each in found["consultations"]
    ]
    facts = [("Số lần tra cứu", str(len(rows)))]
    if found.get("more"):
        facts.append(("Lưu ý", "còn nữa: hãy thu hẹp câu hỏi"))
    columns = ("Lúc", "Người tra cứu", "Chức vụ", "Tra cứu", "Điều kiện", "Số dòng", "Bằng")
    section = Section("Tra cứu", columns, (16, 18, 14, 20, 40, 8, 12), rows)
    return Report("Ai đã tra cứu", facts, [section])


def _asked(consultation: Row) -> Row:
    """What was asked for, a person by name."""
    asked: Row = consultation["asked"]
    return {**asked, "person_id": consultation["person"]} if consultation["person"] else asked
