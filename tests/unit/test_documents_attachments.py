"""Which files may go along with a document."""

from dataclasses import replace

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as some

from libs.contracts import decode
from services.documents.domain.attachments import (
    LARGEST,
    LONGEST_NAME,
    MOST,
    MOST_BYTES,
    check_name,
    content_type,
    is_new,
)
from services.documents.errors import AttachmentsFull, FileNameUnfit, FileUnlikeItsName
from services.documents.events import AttachedFile, DocumentIssued

MIB = 1024 * 1024
OLE, ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
OFFICE = "application/vnd.openxmlformats-officedocument"
OPEN = "application/vnd.oasis.opendocument"
TEXT = b"a,b"
GOOD = [
    ("txt", TEXT, "text/plain"),
    ("rtf", b"{\\rtf1", "application/rtf"),
    ("doc", OLE, "application/msword"),
    ("docx", ZIP, f"{OFFICE}.wordprocessingml.document"),
    ("odt", ZIP, f"{OPEN}.text"),
    ("pdf", b"%PDF-1.7", "application/pdf"),
    ("csv", TEXT, "text/csv"),
    ("xls", OLE, "application/vnd.ms-excel"),
    ("xlsx", ZIP, f"{OFFICE}.spreadsheetml.sheet"),
    ("ods", ZIP, f"{OPEN}.spreadsheet"),
    ("png", b"\x89PNG\r\n\x1a\n", "image/png"),
    ("jpg", b"\xff\xd8\xff\xe0", "image/jpeg"),
    ("jpeg", b"\xff\xd8\xff\xe1", "image/jpeg"),
    ("gif", b"GIF87a", "image/gif"),
    ("gif", b"GIF89a", "image/gif"),
    ("tif", b"II*\0", "image/tiff"),
    ("tiff", b"MM\0*", "image/tiff"),
    ("bmp", b"BM", "image/bmp"),
]
FORMATS = list(dict.fromkeys(extension for extension, _, _ in GOOD))
FILE = AttachedFile("a.csv", "text/csv", "0" * 64, 1)


def files(number: int, size: int = 1) -> list[AttachedFile]:
    return [replace(FILE, digest=f"{n:064}", size=size) for n in range(1, number + 1)]


def test_the_bounds_are_those_of_the_province_and_of_a_packet() -> None:
    assert (MOST, LARGEST, MOST_BYTES, LONGEST_NAME) == (20, 50 * MIB, 64 * MIB, 50)


@pytest.mark.parametrize("extension", FORMATS)
def test_the_provinces_formats_may_be_sent(extension: str) -> None:
    assert check_name(f"a.{extension}") == extension
    assert check_name(f"A.{extension.upper()}") == extension


@pytest.mark.parametrize(
    "name", ["Phu luc_1-2.a.csv", "_.csv", "-.csv", "0.csv", "Zz.csv", "a" * 46 + ".csv"]
)
def test_a_plain_name_may_be_sent(name: str) -> None:
    assert check_name(name) == "csv"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "csv",
        ".csv",
        " .csv",
        "a",
        "a.",
        "a.csv.",
        "a.csv ",
        "a.csv\n",
        "a.exe",
        "a.csv.exe",
        "phụ lục.csv",
        "Đ.csv",
        "a/b.csv",
        "..\\a.csv",
        "../a.csv",
        "a\0.csv",
        "a;b.csv",
        "a%2F.csv",
        "a.cſv",
        "a" * 47 + ".csv",
    ],
)
def test_any_other_name_is_refused_with_the_rule(name: str) -> None:
    with pytest.raises(FileNameUnfit) as refused:
        check_name(name)
    assert refused.value.data() == {"longest": 50, "formats": FORMATS}
    assert (refused.value.code, refused.value.status) == ("file_name_invalid", 422)


@for_all(some.text(max_size=60))
def test_whatever_is_called_only_plain_short_names_pass(name: str) -> None:
    try:
        check_name(name)
    except FileNameUnfit:
        return
    assert name.isascii()
    assert name.isprintable()
    assert len(name) <= LONGEST_NAME
    assert not set(name) & set('/\\:*?"<>|%')


@pytest.mark.parametrize(("extension", "opening", "kind"), GOOD)
def test_the_type_is_that_of_the_name_where_the_bytes_agree(
    extension: str, opening: bytes, kind: str
) -> None:
    assert content_type(f"a.{extension}", opening) == kind
    assert content_type(f"a.{extension.upper()}", opening + b"more") == kind


@pytest.mark.parametrize(("extension", "opening", "_kind"), GOOD)
def test_bytes_that_begin_otherwise_are_refused(extension: str, opening: bytes, _kind: str) -> None:
    for wrong in (b"", opening[:1] + b"\0", b"\0" + opening):
        with pytest.raises(FileUnlikeItsName) as refused:
            content_type(f"a.{extension}", wrong)
        assert (refused.value.code, refused.value.status) == ("file_type_wrong", 422)


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_a_text_in_utf_16_is_a_text(mark: bytes) -> None:
    assert content_type("a.txt", mark + b"a\0") == "text/plain"


def test_the_type_of_a_file_with_an_unfit_name_is_not_told() -> None:
    with pytest.raises(FileNameUnfit):
        content_type("a.exe", b"MZ")


def test_a_file_is_attached_once_under_whatever_name() -> None:
    assert is_new(FILE, [])
    assert is_new(FILE, files(3))
    assert not is_new(replace(FILE, name="b.csv"), [FILE])
    assert not is_new(FILE, [*files(19), FILE])


def test_an_unfit_name_is_refused_even_for_bytes_that_are_attached() -> None:
    with pytest.raises(FileNameUnfit):
        is_new(replace(FILE, name=".csv"), [FILE])


def test_twenty_files_go_along_and_no_more() -> None:
    assert is_new(FILE, files(19))
    with pytest.raises(AttachmentsFull) as refused:
        is_new(FILE, files(20))
    assert refused.value.data() == {"most": 20, "most_bytes": 64 * MIB}
    assert (refused.value.code, refused.value.status) == ("attachments_full", 409)


def test_what_goes_along_fits_a_packet() -> None:
    rest = replace(FILE, size=14 * MIB)
    assert is_new(rest, files(2, 25 * MIB))
    with pytest.raises(AttachmentsFull):
        is_new(replace(rest, size=14 * MIB + 1), files(2, 25 * MIB))


def test_an_issue_told_before_there_were_attachments_has_none() -> None:
    payload = (
        b'{"agency_id":"00000000-0000-0000-0000-000000000001","document_id":'
        b'"00000000-0000-0000-0000-000000000002","file":"f","issued_on":"2026-05-15",'
        b'"notation":"CT-UBND","number":16,"pages":3,"recipients":[],"signer_id":'
        b'"00000000-0000-0000-0000-000000000003","signer_position_id":'
        b'"00000000-0000-0000-0000-000000000004","text":"t","type_code":"CT","urgency":2}'
    )
    assert decode(DocumentIssued, payload).attachments == ()
