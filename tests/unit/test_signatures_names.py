"""Names are compared as people read them, not as machines wrote them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.signatures.domain.names import key_of, same_name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nguyễn Văn Đức", "NGUYỄN VĂN ĐỨC"),
        ("Nguyễn Văn Đức", unicodedata.normalize("NFD", "Nguyễn Văn Đức")),
        ("Nguyễn  Văn\tĐức ", "Nguyễn Văn Đức"),
        ("Đỗ Hòa Thủy", "Đỗ Hoà Thuỷ"),
        ("Ủy ban nhân dân tỉnh Ninh Bình", "UBND tỉnh Ninh Bình"),
        ("Uỷ ban Nhân dân tỉnh Ninh Bình", "ỦY BAN NHÂN DÂN TỈNH NINH BÌNH"),
        ("Sở Khoa học và Công nghệ", "Sở Khoa học và Công nghệ."),
        ("Lê Thị Mỹ", "Lê Thị Mĩ"),
    ],
)
def test_one_name_in_two_spellings_is_the_same(one: str, other: str) -> None:
    assert same_name(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nguyễn Văn Đức", "Nguyễn Văn Dức"),
        ("Nguyễn Văn Hòa", "Nguyễn Văn Hoa"),
        ("Nguyễn Văn Hòa", "Nguyễn Văn Hóa"),
        ("Nguyễn Văn Đức", "Nguyễn Đức"),
        ("Văn Đức Nguyễn", "Nguyễn Văn Đức"),
        ("Trần Văn Ân", "Trần Văn An"),
        ("Sở Tài chính", "Sở Tài chính tỉnh Ninh Bình"),
        ("", ""),
        ("...", ""),
    ],
)
def test_two_names_are_not(one: str, other: str) -> None:
    assert not same_name(one, other)


@given(st.text(max_size=40))
def test_a_name_is_the_same_however_it_is_encoded(name: str) -> None:
    assert key_of(unicodedata.normalize("NFD", name)) == key_of(unicodedata.normalize("NFC", name))
