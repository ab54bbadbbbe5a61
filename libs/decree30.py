"""The 29 types of administrative document (loại văn bản hành chính) of Decree 30/2020/NĐ-CP.

Article 7, in its order; the code is the abbreviation of Annex III, with its diacritics: without
them ĐA (đề án) and DA (dự án) would be one, as would HĐ (hợp đồng) and HD (hướng dẫn).
"""

# Công văn and thư công have no abbreviation; their codes are ours.
LETTER = "CV"
PERSONAL_LETTER = "ThC"

# Copies (bản sao), numbered in a series of their own.
COPY_NAMES = (("SY", "Sao y"), ("TrS", "Trích sao"), ("SL", "Sao lục"))

TYPE_NAMES = (
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
    (LETTER, "Công văn"),
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
    (PERSONAL_LETTER, "Thư công"),
)
