"""The trail as a table for people: in Vietnamese, in Việt Nam's time, a colour for each tier."""

from itertools import groupby
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from tools.replay.report import Report, Section
from tools.replay.times import local, shown

TIERS = {
    1: ("Trung ương", "magenta"),
    2: ("Tỉnh", "cyan"),
    3: ("Sở, huyện", "green"),
    4: ("Xã", "yellow"),
}
_UNKNOWN_TIER = ("", "white")
_WIDEST = 132
_STATUS = {"02": "bold red", "06": "bold green"}

Line = dict[str, Any]


def timeline(trace: Line) -> RenderableType:
    """A trace: what it is about, the tiers it reaches, and all its lines."""
    tiers = " · ".join(TIERS.get(tier, _UNKNOWN_TIER)[0] for tier in trace["tiers"])
    head = Text()
    head.append(f"{trace['subject'] or '(chưa có trích yếu)'}\n", style="bold")
    head.append(f"Hồ sơ {trace['trace_id']} · {tiers}", style="dim")
    return Group(head, Lines(trace["lines"]), _foot(trace))


def report(told: Report) -> RenderableType:
    """Any report: its facts, and its tables under their titles."""
    head = Text(told.title, style="bold")
    for name, content in told.facts:
        head.append(f"\n{name}: ", style="dim").append(content, style="not bold")
    return Group(head, *(part for section in told.sections for part in _section(section)))


def _section(section: Section) -> list[RenderableType]:
    title = Text(f"\n{section.title}", style="bold cyan")
    if not section.rows:
        return [title, Text("(không có)", style="dim")]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in section.columns:
        table.add_column(Text(column), overflow="fold")
    for row in section.rows:
        table.add_row(*(Text(cell) for cell in row))
    return [title, table]


def steps(found: Line) -> RenderableType:
    """Steps across documents."""
    return Group(Lines(found["lines"]), _foot(found))


class Lines:
    """Lines in the order of time, under the name of each agency that comes to act."""

    def __init__(self, lines: list[Line]) -> None:
        self._lines = lines
        self._code_width = max((len(line["document_code"]) for line in lines), default=0)

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(options.max_width, _WIDEST)
        for (day, _), group in groupby(self._lines, key=lambda e: (_day(e), e["agency_id"])):
            acts = list(group)
            yield _heading(day, acts[0])
            yield self._table(acts, width)

    def _table(self, lines: list[Line], width: int) -> Table:
        """One agency's lines; all tables of a timeline have the same columns."""
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.width = width
        table.add_column(width=8, no_wrap=True)
        table.add_column(ratio=2, overflow="fold")
        table.add_column(ratio=3, overflow="fold")
        table.add_column(width=2, no_wrap=True)
        table.add_column(width=self._code_width, no_wrap=True)
        for line in lines:
            table.add_row(*_cells(line))
        return table


def _heading(day: str, line: Line) -> Text:
    tier, colour = TIERS.get(line["tier"], _UNKNOWN_TIER)
    text = Text("\n")
    text.append(f"{tier} · {line['agency_name']}", style=f"bold {colour}")
    text.append(f"  {line['agency_code']}  {day}", style="dim")
    return text


def _cells(line: Line) -> list[Text]:
    handler = Text(line["handler"])
    if line["position"]:
        handler.append(f", {line['position']}", style="dim")
    status = line["status_code"]
    return [
        Text(local(line["at"]).strftime("%H:%M:%S")),
        handler,
        _action(line),
        Text(status, style=_STATUS.get(status, "bold")),
        Text(line["document_code"], style="dim"),
    ]


def _action(line: Line) -> Text:
    """What was done; to whom it went, or from whom it came; and when we heard of it, if late."""
    text = Text(line["action"])
    names = (line["unit"], line["assignee"], line["counterpart"])
    if told := " · ".join(name for name in names if name):
        text.append(f" ({told})", style="dim")
    if "recorded_at" in line:
        text.append(f" ghi nhận lúc {shown(line['recorded_at'])}", style="yellow")
    return text


def _foot(found: Line) -> Text:
    as_of = shown(found["as_of"])
    text = Text(f"\n{len(found['lines'])} bước, biết đến {as_of} (giờ Việt Nam)", style="dim")
    if found.get("more"):
        text.append("\nCòn nữa: hãy thu hẹp bằng --from, --to hoặc --agency", style="bold yellow")
    return text


def _day(line: Line) -> str:
    return local(line["at"]).strftime("%d/%m/%Y")
