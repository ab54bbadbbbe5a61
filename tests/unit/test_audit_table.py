"""The trail as people read it on a terminal."""

from io import StringIO
from typing import Any

from rich.console import Console

from tools.replay import main
from tools.replay.table import steps, timeline

LINE: dict[str, Any] = {
    "at": "2026-12-31T17:30:00.000000Z",
    "tier": 4,
    "agency_id": "a",
    "agency_code": "H42.101",
    "agency_name": "UBND xã",
    "handler": "Bùi Thị Lụa",
    "position": "Văn thư",
    "action": "Tiếp nhận",
    "status_code": "03",
    "document_code": "05/CT-UBND",
    "unit": "",
    "assignee": "",
    "counterpart": "",
}
AS_OF = "2027-01-01T02:00:00.000000Z"


def shown(*lines: dict[str, Any]) -> str:
    console = Console(width=170, record=True, file=StringIO())
    console.print(steps({"lines": list(lines), "as_of": AS_OF}))
    return console.export_text()


def test_a_line_says_who_did_what_where_and_when_in_viet_nam() -> None:
    _blank, heading, line, *_foot = shown(LINE).splitlines()
    for part in ("Xã", "UBND xã", "H42.101", "01/01/2027"):
        assert part in heading
    for part in ("00:30:00", "Bùi Thị Lụa, Văn thư", "Tiếp nhận", "03", "05/CT-UBND"):
        assert part in line


def test_an_agency_is_named_when_another_one_comes_to_act() -> None:
    other = {**LINE, "agency_id": "b", "agency_name": "UBND tỉnh", "agency_code": "H42"}
    text = shown(LINE, LINE, other, LINE)
    assert text.count("UBND xã") == 2
    assert text.count("UBND tỉnh") == 1


def test_the_time_of_recording_stands_beside_what_came_late() -> None:
    assert "ghi nhận" not in shown(LINE)
    late = {**LINE, "recorded_at": "2027-01-01T01:15:00.000000Z"}
    assert "ghi nhận lúc 08:15:00 01/01/2027" in shown(late)


def test_markup_and_colours_in_names_are_only_text() -> None:
    assert "[red]x[/red]" in shown({**LINE, "agency_name": "[red]x[/red]", "handler": "[bold]"})


def test_a_trace_says_what_it_is_about_and_which_tiers_it_reaches() -> None:
    console = Console(width=170, record=True, file=StringIO())
    trace = {"trace_id": "t-1", "subject": "Về việc", "tiers": [1, 4], "lines": [LINE]}
    console.print(timeline({**trace, "as_of": AS_OF}))
    text = console.export_text()
    for part in ("Về việc", "t-1", "Trung ương · Xã", "1 bước", "09:00:00 01/01/2027"):
        assert part in text


def test_nothing_is_cut_off_on_a_narrow_terminal() -> None:
    console = Console(width=80, record=True, file=StringIO())
    console.print(steps({"lines": [LINE], "as_of": AS_OF}))
    text = console.export_text()
    assert "…" not in text
    words = ["UBND", "xã", "Bùi", "Thị", "Lụa,", "Văn", "thư", "Tiếp", "nhận", "03", "05/CT-UBND"]
    assert set(words) <= set(text.split())
    assert max(map(len, text.splitlines())) <= 80


def test_without_a_running_platform_it_says_how_to_start_one(tmp_path: Any, capsys: Any) -> None:
    assert main(["some-trace", "--folder", str(tmp_path)]) == 1
    assert "lienthong up" in capsys.readouterr().err
