"""The report of the fault tests: what a run of a part leaves of it."""

from pathlib import Path

from tools.faults.report import Row, read_rows, write_rows


def row(name: str, held: bool = True) -> Row:
    return {"name": name, "invariant": "a rule", "runs": 1, "held": held, "note": ""}


def test_rows_of_other_tests_stay_and_those_of_the_same_are_replaced(tmp_path: Path) -> None:
    report = tmp_path / "faults.json"
    write_rows([row("store"), row("relay")], report)
    write_rows([row("relay", held=False), row("clock")], report)
    assert read_rows(report) == [row("clock"), row("relay", held=False), row("store")]
