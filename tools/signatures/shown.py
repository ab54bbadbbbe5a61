"""A report as a table for people, Vietnamese and English."""

from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.signatures.pdf.report import Report, SignatureFacts

_WORDS = {
    "TOTAL_PASSED": ("green", "Hợp lệ · valid"),
    "TOTAL_FAILED": ("red", "Không hợp lệ · not valid"),
    "INDETERMINATE": ("yellow", "Chưa kết luận được · cannot be concluded"),
}
_ROLES = {
    "leader": "người ký · leader",
    "number": "số, ngày · number",
    "seal": "con dấu · seal",
    "copy": "sao · copy",
    "attachment": "phụ lục · attachment",
    "timestamp": "dấu thời gian · timestamp",
}
# Wide enough for every column when the output goes to a file.
_FILE_WIDTH = 150


def show(report: Report, name: str, console: Console) -> None:
    """Print the verdict, its reasons and a row for each signature."""
    if not console.is_terminal:
        console = Console(highlight=False, width=_FILE_WIDTH)
    colour, words = _WORDS[report.verdict]
    console.print(_text(name, "bold"), Text(report.verdict, f"bold {colour}"), words)
    for one in report.reasons:
        place = f"{one.signature}: " if one.signature else ""
        console.print(_text(f"  {place}{one.vi} {one.en}"), Text(f"[{one.code}]", "dim"))
    if report.signatures:
        console.print(_table(report.signatures))
    console.print(
        Text(
            f"SHA-256 {report.file_sha256}, {report.size} bytes, judged as of "
            f"{_time(report.at)}, policy {report.policy}",
            "dim",
        ),
        soft_wrap=True,
    )


def _table(signatures: tuple[SignatureFacts, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    titles = ("#", "chữ ký · signature", "người ký · signer", "lúc · at", "mức · level", "")
    for title in titles:
        table.add_column(title)
    for one in signatures:
        colour, words = _WORDS[one.verdict]
        signer = one.signer.name if one.signer else "-"
        table.add_row(
            str(one.order),
            _text(_ROLES.get(one.role, one.field)),
            _text(signer),
            # Without a trusted timestamp the time is only what the signer claims.
            _time(one.timestamp_at) if one.timestamp_at else f"({_time(one.claimed_at)})",
            one.level or "-",
            Text(words, colour),
        )
    return table


def _time(instant: datetime | None) -> str:
    return instant.astimezone().isoformat(sep=" ", timespec="seconds") if instant else "-"


def _text(content: str, style: str = "") -> Text:
    """A stranger's words, without what a terminal would obey."""
    return Text(
        "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in content),
        style,
    )
