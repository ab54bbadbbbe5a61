"""`lienthong edxml check`: each rule is found where it is broken; nothing is a traceback."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from libs.edxml import Limits
from tools import cli
from tools.edxml import files
from tools.edxml.check import MOST, check
from tools.edxml.rules import RULES
from tools.edxml.writing import Writing

VECTORS = Path(__file__).parents[1] / "vectors" / "edxml"
TODAY = date(2026, 1, 1)
NEW, RECALL, UPDATE, REPLACEMENT, STATUS = (
    (VECTORS / f"{name}.edxml").read_text()
    for name in (
        "document_new",
        "document_recall",
        "document_update",
        "document_replacement",
        "status_02",
    )
)
CODES = (VECTORS / "tolerated" / "codes_the_other_way.edxml").read_text()
TABLE = "WMOjLFPhu5EgaOG7mQpUaGFuaCBTxqFuLDEyMDQK"
Change = Callable[[str], str]


def swap(old: str, new: str) -> Change:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


def without(name: str) -> Change:
    def change(text: str) -> str:
        cut, number = re.subn(rf"\s*<((?:edXML:)?{name})\b.*?</\1>", "", text, count=1, flags=re.S)
        assert number == 1
        return cut

    return change


def into(place: str, more: str) -> Change:
    return swap(place, more + place)


HYBRIDS = "".join(f"<To><OrganId>28.22.{n}</OrganId></To>" for n in range(600))
# The rule, a good packet, how it is broken, and the end of the place that is told.
BREAKS: list[tuple[str, str, Change, str]] = [
    ("xml_invalid", NEW, swap("</edXML>", ""), "column 0"),
    ("doctype_forbidden", NEW, into("<edXML ", "<!DOCTYPE a>"), "edXML"),
    ("not_edxml", NEW, lambda _: "<a/>", "a"),
    ("too_deep", NEW, into("<edXML:Subject>", "<x>" * 40 + "</x>" * 40), "/x"),
    ("too_many_elements", NEW, into("<edXML:Subject>", "<x/>" * 50_000), "/x"),
    (
        "too_many_attachments",
        NEW,
        into("<Attachment>", "<Attachment><ContentTransferEncoded/></Attachment>" * 100),
        "/ContentTransferEncoded",
    ),
    ("text_too_long", NEW, swap(">1204<", f">{'1' * 70_000}<"), "/CodeNumber"),
    ("token_too_long", NEW, into("<edXML:Subject>", f"<!--{'x' * 400_000}-->"), "MessageHeader"),
    ("header_too_large", NEW, into("<edXML:Subject>", f"<x>{'x' * 60_000}</x>" * 140), "/x"),
    ("bad_base64", NEW, swap(TABLE, "A*"), "/ContentTransferEncoded"),
    ("bad_date", NEW, swap(">2018/07/02<", ">2018/02/30<"), "/PromulgationDate"),
    ("bad_timestamp", STATUS, swap("2018/07/03 08", "2018-07-03 08"), "/Timestamp"),
    ("missing_element", NEW, without("Subject"), "MessageHeader/Subject"),
    ("missing_element", NEW, without("ContentTransferEncoded"), "/ContentTransferEncoded"),
    ("duplicate_element", UPDATE, into("<edXML:Subject>", "<Subject>x</Subject>"), "/Subject"),
    ("unexpected_element", NEW, swap(">1204<", "><b/>1204<"), "/CodeNumber"),
    ("unexpected_text", NEW, into("<edXML:CodeNumber>", "x"), "/Code"),
    ("duplicate_recipient", NEW, swap(">000.12.31.H25<", ">H25.15<"), "/To"),
    ("duplicate_reference", NEW, swap("<edXML:ContentId>cid:2", "<edXML:ContentId>1"), ""),
    ("duplicate_attachment", NEW, swap("<ContentId>cid:2", "<ContentId>cid:1"), ""),
    ("attachment_missing", NEW, swap("<ContentId>cid:2", "<ContentId>cid:3"), ""),
    ("attachment_unlisted", NEW, without("Reference"), "/edXMLManifest"),
    ("old_form", NEW, swap("www.mic.gov.vn/TBT/QCVN_102_2016", "www.e-doc.vn/Schema/"), ""),
    ("value_too_long", NEW, swap(">Về ", f">{'x' * 500} "), "MessageHeader/Subject"),
    ("value_long", NEW, swap(">1204<", ">000000001204<"), "/CodeNumber"),
    ("organ_id_groups", NEW, swap(">000.12.31.H25<", ">1.2.3.4.5<"), "To[2]/OrganId"),
    ("organ_id_form", NEW, swap(">000.12.31.H25<", ">28.22.H17<"), "To[2]/OrganId"),
    ("date_in_future", NEW, swap(">2018/07/02<", ">2026/01/02<"), "/PromulgationDate"),
    ("time_in_future", STATUS, swap("2018/07/03", "2026/01/02"), "/Timestamp"),
    ("type_not_allowed", NEW, swap(">text/csv<", ">text/html<"), "Reference[2]/ContentType"),
    ("type_mismatch", NEW, swap(">text/csv<", ">image/png<"), "Reference[2]/ContentType"),
    ("content_mismatch", NEW, swap(">so-ho.csv<", ">so-ho.pdf<"), "Reference[2]"),
    ("file_name_form", NEW, swap(">so-ho.csv<", ">số hộ.csv<"), "Reference[2]/AttachmentName"),
    ("no_attachment", RECALL, swap("DocType>1<", "DocType>0<"), "edXML/AttachmentEncoded"),
    ("expected_missing", NEW, without("TypeName"), "/TypeName"),
    ("not_a_number", NEW, swap(">1204<", ">1204a<"), "/CodeNumber"),
    ("priority_unknown", NEW, swap("Priority>2<", "Priority>5<"), "/Priority"),
    ("email_form", NEW, swap(">vanthu@", ">vanthu("), "From/Email"),
    ("business_unknown", NEW, swap("DocType>0<", "DocType>4<"), "/BussinessDocType"),
    ("reason_missing", RECALL, without("BussinessDocReason"), "/BussinessDocReason"),
    ("reason_missing", STATUS, without("Description"), "MessageHeader/Description"),
    (
        "business_document_missing",
        RECALL,
        lambda text: re.sub(r"(<edXML:Bussiness>)\s*<edXML:DocumentId>.*", r"\1", text),
        "Bussiness/DocumentId",
    ),
    ("update_empty", UPDATE, without("BussinessDocumentInfo"), "/BussinessDocumentInfo"),
    ("replacement_empty", REPLACEMENT, without("ReplacementInfoList"), "/ReplacementInfoList"),
    ("business_part_misplaced", REPLACEMENT, swap("DocType>3<", "DocType>2<"), "InfoList"),
    ("flag_unknown", UPDATE, swap("ReceiverType>1<", "ReceiverType>7<"), "/ReceiverType"),
    ("status_unknown", STATUS, swap(">02<", ">44<"), "/StatusCode"),
    ("status_with_parts", STATUS, into("</edXML:edXMLEnvelope>", "<edXMLBody/>"), "/edXMLBody"),
    (
        "error_list",
        STATUS,
        into("</edXML:edXMLHeader>", "<ErrorList><Error><Code>N</Code></Error></ErrorList>"),
        "/ErrorList",
    ),
    (
        "prefix_missing",
        NEW,
        lambda text: text.replace("edXML:MessageHeader", "MessageHeader"),
        "/MessageHeader",
    ),
    ("business_spelling", NEW, lambda text: text.replace("Bussiness", "Business"), "/Bussiness"),
    ("date_form", NEW, swap(">2018/07/31<", ">31/07/2018<"), "/DueDate"),
    ("cid_missing", NEW, swap("<ContentId>cid:2", "<ContentId>2"), "Attachment[2]/ContentId"),
    ("code_form", CODES, lambda text: text, "MessageHeader/Code"),
    ("code_form", CODES, swap(">1204/QĐ-UBND<", "><"), "ResponseFor/Code/CodeNumber"),
    ("more_findings", NEW, into("<edXML:DocumentId>", HYBRIDS), "edXML"),
    ("signature_is_no_proof", NEW, lambda text: text, "/Signature"),
]
ELSEWHERE = {"packet_too_large", "attachment_too_large", "file_large", "document_known"}


@pytest.mark.parametrize(
    ("rule", "good", "change", "where"),
    BREAKS,
    ids=[f"{n}-{row[0]}" for n, row in enumerate(BREAKS)],
)
def test_a_broken_rule_is_found_at_its_place(
    tmp_path: Path, rule: str, good: str, change: Change, where: str
) -> None:
    path = tmp_path / "packet.edxml"
    path.write_text(change(good))
    found = [each for each in check(path, TODAY) if each.rule.id == rule]
    assert found
    assert found[0].where.endswith(where)


@pytest.mark.parametrize("good", [NEW, RECALL, UPDATE, REPLACEMENT, STATUS])
def test_a_good_packet_breaks_nothing_that_matters(tmp_path: Path, good: str) -> None:
    path = tmp_path / "packet.edxml"
    path.write_text(good)
    assert {each.rule.id for each in check(path, TODAY)} <= {
        "expected_missing",
        "signature_is_no_proof",
    }


def test_what_is_issued_today_is_not_in_the_future(tmp_path: Path) -> None:
    path = tmp_path / "packet.edxml"
    path.write_text(NEW.replace(">2018/07/02<", ">2026/01/01<"))
    assert "date_in_future" not in {each.rule.id for each in check(path, TODAY)}


def test_a_finding_is_safe_to_print(tmp_path: Path) -> None:
    path = tmp_path / "packet.edxml"
    path.write_text(STATUS.replace(">02<", ">\u009b31m\u202e44" + "x" * 100 + "<"))
    (found,) = [each for each in check(path, TODAY) if each.rule.id == "status_unknown"]
    assert found.detail == "31m44" + "x" * 73


def test_every_rule_is_broken_somewhere_in_these_tests() -> None:
    assert {row[0] for row in BREAKS} | ELSEWHERE == RULES.keys()


def test_every_rule_speaks_both_languages() -> None:
    for rule in RULES.values():
        assert rule.vi.endswith(".")
        assert rule.en.endswith(".")
        assert rule.vi != rule.en


@pytest.mark.parametrize(
    ("limit", "rule"),
    [("packet_bytes", "packet_too_large"), ("attachment_bytes", "attachment_too_large")],
)
def test_what_is_too_large_is_a_finding(tmp_path: Path, limit: str, rule: str) -> None:
    path = tmp_path / "packet.edxml"
    path.write_text(NEW)
    assert [each.rule.id for each in check(path, TODAY, limits=Limits(**{limit: 10}))] == [rule]


def test_a_file_above_what_a_province_allows_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "packet.edxml"
    path.write_text(NEW.replace(TABLE, "QUJD" * 100))
    assert files.LARGEST == 50_000_000
    monkeypatch.setattr(files, "LARGEST", 299)
    found = {each.rule.id: each for each in check(path, TODAY)}
    assert found["file_large"].detail == "300 > 299"


def test_all_that_is_wrong_is_told_at_once_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "packet.edxml"
    broken = without("Subject")(swap(">000.12.31.H25<", "> <")(NEW))
    path.write_text(swap(">2018/07/31<", ">x<")(broken))
    found = [each for each in check(path, TODAY) if each.rule.severity == "error"]
    lines = broken.splitlines()
    assert [(each.rule.id, each.where.rpartition("Header/")[2]) for each in found] == [
        ("missing_element", "Subject"),
        ("missing_element", "To[2]/OrganId"),
        ("bad_date", "DueDate"),
    ]
    assert "MessageHeader" in lines[(found[0].line or 0) - 1]
    assert "OrganId" in lines[(found[1].line or 0) - 1]
    assert "DueDate" in lines[(found[2].line or 0) - 1]


def test_a_new_document_sent_again_is_found_over_several_files(tmp_path: Path) -> None:
    first, second, recall = (tmp_path / name for name in "abc")
    first.write_text(NEW)
    second.write_text(swap("Về ", "Lại về ")(NEW))
    recall.write_text(RECALL)
    known: set[tuple[str, str]] = set()
    found = [
        {each.rule.id for each in check(path, TODAY, known)} for path in (first, second, recall)
    ]
    assert ["document_known" in each for each in found] == [False, True, False]


def test_a_place_that_is_not_there_has_the_line_of_what_is_around_it(tmp_path: Path) -> None:
    path = tmp_path / "packet.edxml"
    path.write_text("<a>\n<b/>\n<b>\n<c/></b></a>")
    writing = Writing(path)
    assert [writing.line(each) for each in ("a/b[1]/x", "a/b[2]/c", "a/b[3]/c", "z")] == [
        2,
        4,
        1,
        None,
    ]


def test_the_gravest_findings_are_told_first(tmp_path: Path) -> None:
    path = tmp_path / "packet.edxml"
    path.write_text(without("Subject")(into("<edXML:DocumentId>", HYBRIDS)(NEW)))
    found = check(path, TODAY)
    assert len(found) == MOST + 1
    assert "missing_element" in {each.rule.id for each in found}


HOSTILE = """
import sys
from datetime import date
from pathlib import Path
from tools.edxml.check import check
from tools.edxml.fuzz import peak_kib

for path in sys.argv[1:]:
    before = peak_kib()
    found = check(Path(path), date(2026, 1, 1))
    print(Path(path).name, peak_kib() - before, len(found))
"""


def test_packets_made_to_fill_memory_do_not(tmp_path: Path) -> None:
    long, wide = "n" * 200_000, "n" * 20_000
    many = "<x " + " ".join(f"a{n}=''" for n in range(20_000)) + "/>"
    hostile = {
        "names": f"<{long}>" + "<x/>" * 12_000 + f"</{long}>",
        "depth": f"<{wide}>" * 25 + "<x/>" * 12_000 + f"</{wide}>" * 25,
        "space": " " * 20_000_000,
        "attributes": many * 6,
        "findings": "<Timestamp>01/01/2020</Timestamp>" * 12_000,
    }
    for name, more in hostile.items():
        (tmp_path / name).write_text(into("<edXML:Subject>", more)(NEW))
    words = [str(tmp_path / name) for name in hostile]
    run = subprocess.run(
        [sys.executable, "-c", HOSTILE, *words], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr[-500:]
    for line in run.stdout.splitlines():
        name, grown_kib, findings = line.split()
        assert int(grown_kib) < 64 * 1024, name
        assert int(findings) <= MOST + 1
    assert run.stdout.count("\n") == len(hostile)


# The command


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.main(["edxml", "check", *words])
    return code, *capsys.readouterr()


def test_the_exit_code_says_whether_there_are_errors(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text(NEW)
    bad.write_text(without("Subject")(NEW))
    assert run(capsys, str(good))[0] == 0
    code, out, _ = run(capsys, str(good), str(bad))
    assert code == 1
    assert "error missing_element: line 5," in out
    assert RULES["missing_element"].vi in out
    assert RULES["missing_element"].en in out


def test_json_is_for_programs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "bad"
    path.write_text(swap(">02<", ">44<")(STATUS))
    code, out, _ = run(capsys, "--json", str(path))
    (file,) = json.loads(out)
    assert (code, file["file"]) == (1, str(path))
    (found,) = file["findings"]
    assert found.keys() == {"rule", "severity", "line", "where", "detail", "vi", "en"}
    assert (found["rule"], found["severity"], found["detail"]) == ("status_unknown", "error", "44")


def test_a_file_that_cannot_be_opened_is_another_code(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = run(capsys, str(tmp_path / "none"))
    assert (code, out) == (2, "")
    assert err.startswith("lienthong edxml: ")
    assert err.endswith(": No such file or directory\n")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7",
        b"\0" * 1000,
        b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
        b"<!DOCTYPE a [" + b"<!ENTITY b '&c;&c;&c;'>" * 20_000 + b"]><a/>",
        b"<a>" * 100_000,
        b"<" + b"a" * 3_000_000 + b">",
        b"<a " + b"b='c' " * 100_000 + b">",
        NEW.encode("cp1258", "replace"),
        STATUS.replace(">02<", ">\x1b[31m02<").encode(),
    ],
)
def test_hostile_input_is_a_finding_and_no_traceback(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "hostile"
    path.write_bytes(data)
    code, out, err = run(capsys, str(path))
    assert code == 1
    assert "Traceback" not in out + err
    assert "\x1b[31m" not in out
    assert len(out) < 3000


def test_the_help_tells_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["edxml", "check", "--help"])
    assert "exit codes:" in capsys.readouterr().out
