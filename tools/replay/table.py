"""The trail as a table for people: in Vietnamese, in Việt Nam's time, a colour for each tier."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
TIERS = {
    1: ("Trung ương", "magenta"),
    2: ("Tỉnh", "cyan"),
    3: ("Sở, huyện", "green"),
    4: ("Xã", "yellow"),
}
_UNKNOWN_TIER = ("", "white")
_STATUS = {"02": "bold red", "06": "bold green"}

Line = dict[str, Any]


def timeline(trace: Line) -> RenderableType:
    """A trace: what it is about, the tiers it reaches, and all its lines."""
    tiers = " · ".join(TIERS.get(tier, _UNKNOWN_TIER)[0] for tier in trace["tiers"])
    head = Text()
    head.append(f"{trace['subject'] or '(chưa có trích yếu)'}\n", style="bold")
    head.append(f"Hồ sơ {trace['trace_id']} · {tiers}\n", style="dim")
    return Group(head, _table(trace["lines"]), _foot(trace))


def steps(found: Line) -> RenderableType:
    """Steps across documents."""
    return Group(_table(found["lines"]), _foot(found))


def _table(lines: list[Line]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("Giờ", no_wrap=True)
    table.add_column("Cấp", no_wrap=True)
    for heading in ("Cơ quan", "Người xử lý", "Việc"):
        table.add_column(heading, overflow="fold")
    table.add_column("TT", no_wrap=True)
    table.add_column("Văn bản", no_wrap=True)
    day = agency = None
    for line in lines:
        if (new_day := _local(line["at"]).strftime("%d/%m/%Y")) != day:
            table.add_row(Text(new_day, style="bold"))
            day, agency = new_day, None
        table.add_row(*_cells(line, same_agency=line["agency_id"] == agency))
        agency = line["agency_id"]
    return table


def _cells(line: Line, *, same_agency: bool) -> list[Text]:
    """One row; the agency is named when another one comes to act."""
    tier, colour = TIERS.get(line["tier"], _UNKNOWN_TIER)
    status = line["status_code"]
    agency = Text() if same_agency else Text(line["agency_name"], style=colour)
    if not same_agency and line["agency_code"]:
        agency.append(f" {line['agency_code']}", style="dim")
    handler = Text(line["handler"])
    if line["position"]:
        handler.append(f", {line['position']}", style="dim")
    return [
        _time(line),
        Text("" if same_agency else tier, style=colour),
        agency,
        handler,
        _action(line),
        Text(status, style=_STATUS.get(status, "bold")),
        Text(line["document_code"], style="dim"),
    ]


def _time(line: Line) -> Text:
    text = Text(_local(line["at"]).strftime("%H:%M:%S"))
    if "recorded_at" in line:
        recorded = _local(line["recorded_at"]).strftime("%d/%m %H:%M:%S")
        text.append(f"\nghi nhận {recorded}", style="dim")
    return text


def _action(line: Line) -> Text:
    """What was done, and to whom it went, or from whom it came."""
    text = Text(line["action"])
    names = (line["unit"], line["assignee"], line["counterpart"])
    if told := " · ".join(name for name in names if name):
        text.append(f" ({told})", style="dim")
    return text


def _foot(found: Line) -> Text:
    as_of = _local(found["as_of"]).strftime("%H:%M:%S %d/%m/%Y")
    text = Text(f"\n{len(found['lines'])} bước, biết đến {as_of} (giờ Việt Nam)", style="dim")
    if found.get("more"):
        text.append("\nCòn nữa: hãy thu hẹp bằng --from, --to hoặc --agency", style="bold yellow")
    return text


def _local(instant: str) -> datetime:
    return datetime.fromisoformat(instant).astimezone(VIETNAM)
