"""The report of the fault tests: JSON for machines, a table for people.

Neither holds dates or measured times: a run in which the same held changes nothing in them.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

PAGE = Path("docs/operations/fault-report.md")
DATA = PAGE.with_suffix(".json")

_HEAD = """\
# Faults that were made to happen

Written by `make faults`: each fault strikes real processes of a PostgreSQL and a RabbitMQ of the
test's own. `make test` strikes each of them fewer times.

| fault | what must hold | runs | held | note |
|---|---|---|---|---|
"""


class Row(TypedDict):
    """One fault: the rule that it attacks, how often it struck, and whether the rule held."""

    name: str
    invariant: str
    runs: int
    held: bool
    note: str


def write_rows(rows: Sequence[Row], path: Path = DATA) -> None:
    """Write `{"faults": [...]}`, sorted by name; rows of other names stay as they were."""
    path.parent.mkdir(parents=True, exist_ok=True)
    by_name = {row["name"]: row for row in [*(read_rows(path) if path.exists() else []), *rows]}
    content = {"faults": [row for _, row in sorted(by_name.items())]}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_rows(path: Path = DATA) -> list[Row]:
    """The rows of a written report."""
    rows: list[Row] = json.loads(path.read_text(encoding="utf-8"))["faults"]
    return rows


def page(rows: Sequence[Row]) -> str:
    """The page with the table."""
    return _HEAD + "".join(_line(row) for row in rows)


def _line(row: Row) -> str:
    held = "yes" if row["held"] else "**no**"
    cells = (row["name"], row["invariant"], str(row["runs"]), held, row["note"])
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
