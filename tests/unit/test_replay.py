"""The parts of `lienthong replay` that need no platform: times, differences, exports, calls."""

import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.replay import main, pdf, report, words, xlsx
from tools.replay.differences import APPEARED, CHANGED, ENDED, KEYS, Difference, differences
from tools.replay.report import Report, Section
from tools.replay.times import instant, local, today

DAY = date(2026, 11, 22)
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("14:05", "2026-11-22T07:05:00+00:00"),
        ("00:30", "2026-11-21T17:30:00+00:00"),
        ("2026-11-22T14:05", "2026-11-22T07:05:00+00:00"),
        ("2026-11-22T14:05:01.5Z", "2026-11-22T14:05:01.500000+00:00"),
        ("2026-11-22T14:05+07:00", "2026-11-22T07:05:00+00:00"),
        ("2026-11-22", "2026-11-22T17:00:00+00:00"),
    ],
)
def test_a_time_without_a_zone_is_viet_nam_s_and_a_day_is_over_at_its_end(
    text: str, meant: str
) -> None:
    assert instant(text, DAY).isoformat() == meant


def test_a_day_begins_in_viet_nam_seven_hours_before_greenwich() -> None:
    assert instant("2026-11-22", DAY, end=False) == datetime(2026, 11, 21, 17, tzinfo=UTC)
    assert today(datetime(2026, 11, 21, 17, tzinfo=UTC)) == DAY
    assert today(datetime(2026, 11, 21, 16, 59, tzinfo=UTC)) == date(2026, 11, 21)


@given(st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)))  # noqa: DTZ001
def test_an_instant_that_is_shown_and_typed_again_is_the_same(naive: datetime) -> None:
    at = naive.replace(tzinfo=UTC)
    typed = local(at).replace(tzinfo=None).isoformat()
    assert instant(typed, DAY) == at


@pytest.mark.parametrize("text", ["", "25:00", "14:5", "yesterday", "2026-13-01", "9999-12-31"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        instant(text, DAY)


def state(**lists: list[dict[str, Any]]) -> dict[str, Any]:
    empty: dict[str, Any] = {name: [] for name in KEYS}
    view = {"agency_id": "a", "agency_name": "UBND xã", "position_id": None, **empty, **lists}
    return {"at": "2026-11-22T07:05:00.000000Z", "views": [view], "not_applied": {}}


VALUES = st.none() | st.integers(0, 3) | st.text(max_size=2)
ROWS = st.dictionaries(
    st.integers(0, 5).map(str),
    st.fixed_dictionaries({"state": VALUES, "unit": VALUES, "version": VALUES}),
    max_size=5,
)


def rows_of(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"task_id": key, **row} for key, row in found.items()]


@given(ROWS, ROWS)
def test_differences_lead_from_the_one_state_to_the_other(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    made = {key: dict(row) for key, row in before.items()}
    for each in differences(state(tasks=rows_of(before)), state(tasks=rows_of(after))):
        if each.kind == ENDED:
            del made[each.key]
        elif each.kind == APPEARED:
            made[each.key] = {name: each.row[name] for name in ("state", "unit", "version")}
        else:
            assert each.kind == CHANGED
            assert all(made[each.key][name] == old for name, (old, _) in each.fields.items())
            made[each.key] |= {name: new for name, (_, new) in each.fields.items()}
    without = {key: {**row, "version": 0} for key, row in made.items()}
    assert without == {key: {**row, "version": 0} for key, row in after.items()}


@given(ROWS)
def test_between_a_state_and_itself_nothing_lies(rows: dict[str, Any]) -> None:
    one = state(tasks=rows_of(rows))
    assert differences(one, one) == []


def test_a_change_is_told_in_words_from_what_it_was_to_what_it_is() -> None:
    row = {"task_id": "t", "code": "12/CT-UBND"}
    change = Difference(
        "a", "UBND xã", "tasks", "t", CHANGED, row,
        {"state": ("assigned", "finished"), "finished_at": (None, "2026-11-22T07:05:00Z")},
    )  # fmt: skip
    told = report.of_differences(state(), state(), [change], [])
    ((*_, name, kind, text),) = told.sections[0].rows
    assert (name, kind) == ("12/CT-UBND", "thay đổi")
    assert text.splitlines() == [
        "trạng thái: đã phân công → hoàn thành",
        "xong lúc: (trống) → 14:05:00 22/11/2026",
    ]


def test_what_is_nested_is_told_in_short() -> None:
    assert words.value("files", [1, 2]) == "2 mục"
    assert len(words.value("text", {"subject": "x" * 500})) <= 120


HOSTILE = [
    "=cmd|' /C calc'!A0", "+1+1", "-2", "@SUM(A1)", "\t=1", "http://x.test/?a", "mailto:a@b",
    "{=1}", "00123", "<b>&amp;</b>", "]]>", "x" * 40_000,
]  # fmt: skip


def hostile_report() -> Report:
    rows = [(text, text) for text in HOSTILE]
    sections = [Section(title, ("a", "b"), (1, 1), rows) for title in ("[x]:*?/\\'y" * 9, "=1")]
    return Report("Báo cáo", [("Người", HOSTILE[0])], sections)


def test_what_others_wrote_is_text_in_a_workbook_and_never_runs(tmp_path: Path) -> None:
    file = tmp_path / "out.xlsx"
    xlsx.write(hostile_report(), file)
    with zipfile.ZipFile(file) as book:
        names = book.namelist()
        sheets = [book.read(n) for n in names if n.startswith("xl/worksheets/sheet")]
        shared = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))  # noqa: S314
        titles = ElementTree.fromstring(book.read("xl/workbook.xml"))  # noqa: S314
    assert not [name for name in names if "rels" in name and "sheet" in name]
    for sheet in sheets:
        root = ElementTree.fromstring(sheet)  # noqa: S314
        assert root.findall(f".//{_MAIN}f") == []
        assert {cell.get("t") for cell in root.iter(f"{_MAIN}c")} <= {"s"}
    texts = {item.findtext(f"{_MAIN}t") for item in shared}
    assert {text for text in HOSTILE if len(text) < 100} <= texts
    assert max(len(text or "") for text in texts) == 32_767
    named = [sheet.get("name", "") for sheet in titles.iter(f"{_MAIN}sheet")]
    assert len({name.lower() for name in named}) == 3
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\'") for name in named)


def test_a_pdf_takes_whatever_was_written_and_has_its_letters_in_it(tmp_path: Path) -> None:
    file = tmp_path / "out.pdf"
    pdf.write(hostile_report(), file)
    content = file.read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"LiberationSerif" in content


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--seen", "--from", "2026-11-22", "--person", "x"],
        ["--day", "2026-11-22", "--from", "2026-11-21"],
        ["--day", "today"],
        ["TRACE", "--at", "25:00"],
        ["TRACE", "--between", "17:00", "09:00"],
        ["TRACE", "--between", "09:00", "10:00", "--at", "11:00"],
        ["TRACE", "--queries"],
    ],
)
def test_a_question_that_means_nothing_is_a_wrong_call(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("lienthong replay: ")


def test_to_see_and_to_compare_at_once_is_a_wrong_call() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--seen", "--between", "09:00", "10:00"])
    assert ended.value.code == 2
