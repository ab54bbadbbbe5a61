"""The balance as people read it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Table

from services.interconnect.balance import NOBODY, RECEIVED, SENT
from services.interconnect.balance_views import holds

Row = dict[str, Any]
# Wide enough for every column when the output goes to a file.
FILE_WIDTH = 180
SHOWN_NUMBERS = 10
_SENT = ("accepted", *SENT, "difference")
_RECEIVED = ("arrived", *RECEIVED, "difference")


def show(start: date, end: date, rows: Sequence[Row], totals: Row, *, more: bool) -> None:
    """Both tables and, in a sentence, whether everything adds up."""
    console = _console()
    console.print(f"{start:%d/%m/%Y} to {end:%d/%m/%Y}, days in Viet Nam")
    for title, side, names in (("sent", "sent", _SENT), ("received", "received", _RECEIVED)):
        console.print(_table(title, side, names, rows, totals))
    if more:
        console.print("There are more rows: choose fewer days, or use GET /v1/balance.")
    if holds(totals):
        console.print("It adds up: nothing is lost.")
        return
    lost = totals["sent_difference"] + totals["received_difference"]
    console.print(
        f"[red]{lost} do not add up.[/] Look first at the parked events of interconnect.projections"
        " (lienthong parked list), then at docs/operations/runbook.md."
    )


def show_pairs(rows: Sequence[Row]) -> None:
    """A line for each pair of agencies, those with missing numbers first."""
    console = _console()
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("from", "to", "sent", "came up to", "missing", "kept back", "missing numbers"):
        right = name in ("sent", "came up to", "missing", "kept back")
        grid.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in sorted(rows, key=lambda row: -row["missing"]):
        numbers = ", ".join(map(str, row["numbers"][:SHOWN_NUMBERS]))
        more = ", ..." if row["missing"] > SHOWN_NUMBERS else ""
        missing = f"[red]{row['missing']}[/]" if row["missing"] else "0"
        sides = [str(row[f"{side}_highest"] or "-") for side in ("sent", "received")]
        pair = (_name(row, "sender"), _name(row, "recipient"))
        grid.add_row(*pair, *sides, missing, str(row["kept_back"]), numbers + more)
    console.print(grid if rows else "No packet has borne a number yet.")
    if rows:
        lost = sum(row["missing"] for row in rows)
        console.print(f"[red]{lost} numbers are missing.[/]" if lost else "Nothing is missing.")


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=FILE_WIDTH)


def _table(title: str, side: str, names: Sequence[str], rows: Sequence[Row], totals: Row) -> Table:
    grid = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False,
        header_style="bold", padding=(0, 2, 0, 0),
    )  # fmt: skip
    for name in ("day", "from", "to"):
        grid.add_column(name, overflow="fold")
    for name in names:
        grid.add_column(name, justify="right")
    worst_first = sorted(rows, key=lambda row: not row[f"{side}_difference"])
    for row in worst_first:
        counts = [row[f"{side}_{name}"] for name in names]
        if any(counts):
            pair = (_name(row, "sender"), _name(row, "recipient"))
            grid.add_row(f"{row['day']:%d/%m/%Y}", *pair, *_cells(counts))
    grid.add_row("all", "", "", *_cells([totals[f"{side}_{name}"] for name in names]), style="bold")
    return grid


def _cells(counts: Sequence[int]) -> list[str]:
    *plain, difference = counts
    return [*map(str, plain), f"[red]{difference}[/]" if difference else "0"]


def _name(row: Row, side: str) -> str:
    if row[f"{side}_id"] == NOBODY:
        return "?"
    return row[f"{side}_code"] or str(row[f"{side}_id"])
