"""The 29 types and the sign after the number."""

import pytest

from services.documents.types import (
    TYPES,
    NotationInvalid,
    UnknownDocumentType,
    document_type,
    notation,
)

SIGNS = {
    "Nghị quyết": "NQ-UBND",
    "Quyết định": "QĐ-UBND",
    "Chỉ thị": "CT-UBND",
    "Quy chế": "QC-UBND",
    "Quy định": "QyĐ-UBND",
    "Thông cáo": "TC-UBND",
    "Thông báo": "TB-UBND",
    "Hướng dẫn": "HD-UBND",
    "Chương trình": "CTr-UBND",
    "Kế hoạch": "KH-UBND",
    "Phương án": "PA-UBND",
    "Đề án": "ĐA-UBND",
    "Dự án": "DA-UBND",
    "Báo cáo": "BC-UBND",
    "Biên bản": "BB-UBND",
    "Tờ trình": "TTr-UBND",
    "Hợp đồng": "HĐ-UBND",
    "Công văn": "UBND-VX",
    "Công điện": "CĐ-UBND",
    "Bản ghi nhớ": "BGN-UBND",
    "Bản thỏa thuận": "BTT-UBND",
    "Giấy ủy quyền": "GUQ-UBND",
    "Giấy mời": "GM-UBND",
    "Giấy giới thiệu": "GGT-UBND",
    "Giấy nghỉ phép": "GNP-UBND",
    "Phiếu gửi": "PG-UBND",
    "Phiếu chuyển": "PC-UBND",
    "Phiếu báo": "PB-UBND",
    "Thư công": "UBND-VX",
}


def test_the_table_holds_the_29_types_of_article_7_in_its_order() -> None:
    assert [kind.name for kind in TYPES.values()] == list(SIGNS)
    assert len(TYPES) == 29


@pytest.mark.parametrize("code", TYPES)
def test_each_type_has_the_sign_of_annex_3(code: str) -> None:
    assert notation(code, "UBND", "VX") == SIGNS[TYPES[code].name]


def test_a_type_without_abbreviation_needs_the_drafting_unit() -> None:
    with pytest.raises(NotationInvalid, match="unit"):
        notation("CV", "UBND")


def test_diacritics_tell_types_apart() -> None:
    assert (document_type("ĐA").name, document_type("DA").name) == ("Đề án", "Dự án")
    assert (document_type("HĐ").name, document_type("HD").name) == ("Hợp đồng", "Hướng dẫn")


def test_a_sign_is_composed_letters() -> None:
    assert notation("HĐ", "SO\u031b\u0309") == "HĐ-SỞ"


@pytest.mark.parametrize("code", ["", "QD", "qđ", "DOC", "CV\n"])
def test_another_code_is_refused(code: str) -> None:
    with pytest.raises(UnknownDocumentType):
        notation(code, "UBND", "VX")


@pytest.mark.parametrize("agency", ["", " ", "UB/ND", "UB ND", "UBND-", "-", "U\nB", "U" * 40])
def test_a_sign_holds_only_short_groups_of_letters_and_digits(agency: str) -> None:
    with pytest.raises(NotationInvalid):
        notation("QĐ", agency)
