"""A report as a workbook: the facts on the first sheet, then a sheet for each table.

Every cell is text. What others wrote (`=cmd|...`, `+1`, an address) is shown and never runs.
"""

import re
from pathlib import Path

import xlsxwriter

from tools.replay.report import Report, Section

_TEXT_ALONE = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": None,
}
_LONGEST_CELL = 32_767
_LONGEST_NAME = 31
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\']")
# A character's width in a sheet, for one unit of a column's weight.
_WIDTH = 1.2


def write(report: Report, file: Path) -> None:
    """Write the workbook; raises `OSError`."""
    with file.open("wb") as out, xlsxwriter.Workbook(out, _TEXT_ALONE) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        plain = book.add_format({"text_wrap": True, "valign": "top"})
        first = book.add_worksheet("Thông tin")
        first.set_column(0, 0, 24)
        first.set_column(1, 1, 80)
        first.write_string(0, 0, report.title, book.add_format({"bold": True, "font_size": 14}))
        for number, (name, told) in enumerate(report.facts, 2):
            first.write_string(number, 0, _cell(name), bold)
            first.write_string(number, 1, _cell(told), plain)
        for number, section in enumerate(report.sections, 1):
            _add(book.add_worksheet(_name(section.title, number)), section, bold, plain)


def _add(
    sheet: xlsxwriter.worksheet.Worksheet,
    section: Section,
    bold: xlsxwriter.format.Format,
    plain: xlsxwriter.format.Format,
) -> None:
    for column, (title, weight) in enumerate(zip(section.columns, section.weights, strict=True)):
        sheet.set_column(column, column, weight * _WIDTH)
        sheet.write_string(0, column, title, bold)
    for row, cells in enumerate(section.rows, 1):
        for column, cell in enumerate(cells):
            sheet.write_string(row, column, _cell(cell), plain)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(section.rows), 1), len(section.columns) - 1)


def _cell(text: str) -> str:
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"


def _name(title: str, number: int) -> str:
    """Different for each sheet, as short as a sheet's name must be."""
    return f"{number} {_NOT_IN_NAMES.sub(' ', title)}"[:_LONGEST_NAME].strip()
