"""The 29 types of Decree 30/2020/NĐ-CP (article 7) as edXML names them: number and name.

The number is the type's place in the decree's list, as the Government Office sends it; the code is
the abbreviation, with CV and ThC for the two that have none.
"""

_TYPES = (
    ("NQ", "Nghị quyết"),
    ("QĐ", "Quyết định"),
    ("CT", "Chỉ thị"),
    ("QC", "Quy chế"),
    ("QyĐ", "Quy định"),
    ("TC", "Thông cáo"),
    ("TB", "Thông báo"),
    ("HD", "Hướng dẫn"),
    ("CTr", "Chương trình"),
    ("KH", "Kế hoạch"),
    ("PA", "Phương án"),
    ("ĐA", "Đề án"),
    ("DA", "Dự án"),
    ("BC", "Báo cáo"),
    ("BB", "Biên bản"),
    ("TTr", "Tờ trình"),
    ("HĐ", "Hợp đồng"),
    ("CV", "Công văn"),
    ("CĐ", "Công điện"),
    ("BGN", "Bản ghi nhớ"),
    ("BTT", "Bản thỏa thuận"),
    ("GUQ", "Giấy ủy quyền"),
    ("GM", "Giấy mời"),
    ("GGT", "Giấy giới thiệu"),
    ("GNP", "Giấy nghỉ phép"),
    ("PG", "Phiếu gửi"),
    ("PC", "Phiếu chuyển"),
    ("PB", "Phiếu báo"),
    ("ThC", "Thư công"),
)
_BY_CODE = {code: (str(number), name) for number, (code, name) in enumerate(_TYPES, start=1)}


def wire_type(code: str) -> tuple[str, str]:
    """(Type, TypeName) of a type code; one that the decree does not know is its own name."""
    return _BY_CODE.get(code, ("", code))
