"""A province of any size, and agencies beyond the axis: casts for loads and faults."""

from tools.demo.cast import Agency, Cast, Person

PROVINCE_KEY = "ubndtinh"
_HEAD = "Phòng Tổng hợp"


def province(inside: int, outside: int = 0) -> Cast:
    """`inside` agencies (a province, departments, communes) and `outside` ones (ministries).

    Names are numbered, not invented: nobody is meant. Every agency inside has a leader, a head, an
    officer and a clerk; of those outside the leader alone is known here.
    """
    own = [_province(), *(_below(number) for number in range(1, inside))]
    strangers = [_ministry(number) for number in range(1, outside + 1)]
    people = [person for agency in own for person in _office(agency)]
    people += [
        Person(agency.key, "lanhdao", f"Lãnh đạo {agency.name}", "Lãnh đạo", "BỘ TRƯỞNG")
        for agency in strangers
    ]
    people.append(Person(PROVINCE_KEY, "quantri", "Quản trị", "Trung tâm CNTT", "Quản trị"))
    return Cast((*own, *strangers), tuple(people))


def _province() -> Agency:
    codes = ("H42", "000.00.00.H42")
    return Agency(PROVINCE_KEY, 2, "Ủy ban nhân dân tỉnh", "Ninh Bình", codes, "UBND")


def _below(number: int) -> Agency:
    if number % 4 == 1:
        code = f"H42.{number:02d}"
        return Agency(f"so{number}", 3, f"Sở số {number}", "Ninh Bình", (code,), "SO", PROVINCE_KEY)
    name, code = f"Ủy ban nhân dân xã số {number}", f"H42.{100 + number}"
    return Agency(f"xa{number}", 4, name, f"Xã số {number}", (code,), "UBND", PROVINCE_KEY)


def _ministry(number: int) -> Agency:
    code = f"G{number:02d}"
    codes = (f"000.00.00.{code}", code)
    return Agency(f"bo{number}", 1, f"Bộ số {number}", "Hà Nội", codes, "BO", channel="axis")


def _office(agency: Agency) -> tuple[Person, ...]:
    chief = "GIÁM ĐỐC" if agency.tier == 3 else "CHỦ TỊCH"
    authority = "" if agency.tier == 3 else "TM. ỦY BAN NHÂN DÂN"
    name = agency.name
    return (
        Person(agency.key, "lanhdao", f"Lãnh đạo {name}", "Lãnh đạo", chief, authority),
        Person(agency.key, "truongphong", f"Trưởng phòng {name}", _HEAD, "Trưởng phòng"),
        Person(agency.key, "chuyenvien", f"Chuyên viên {name}", _HEAD, "Chuyên viên"),
        Person(agency.key, "vanthu", f"Văn thư {name}", "Văn thư", "Văn thư cơ quan"),
    )
