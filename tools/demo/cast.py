"""Who plays in the demo: a province's agencies, their people, and the Government Office outside.

All names of people are invented. Ids are derived from short names, so that a second run of the
same installation finds the same agencies.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from tools.platform.world import World

VALID_FROM = date(2025, 7, 1)
# For the development issuer alone, which starts nowhere but on a laptop.
PASSWORD = "lien-thong-demo"  # noqa: S105
GOVERNMENT_SYSTEM = "vpcp"


def identity(name: str) -> UUID:
    """The id of what the demo calls `name`."""
    return uuid5(NAMESPACE_URL, f"urn:lienthong:demo:{name}")


@dataclass(frozen=True)
class Person:
    """A person in one position of one agency."""

    agency: str
    role: str
    full_name: str
    unit: str
    title: str
    authority: str = ""

    @property
    def key(self) -> str:
        """The account's name, e.g. `sokhcn_vanthu`."""
        return f"{self.agency}_{self.role}"

    @property
    def person_id(self) -> UUID:
        return identity(f"person/{self.key}")

    @property
    def position_id(self) -> UUID:
        return identity(f"position/{self.key}")

    @property
    def roles(self) -> list[str]:
        """The rights of the position."""
        return [ROLES[self.role]]


@dataclass(frozen=True)
class Agency:
    """An agency with its own seal."""

    key: str
    tier: int
    name: str
    place: str
    codes: tuple[str, ...]
    short_sign: str
    parent: str | None = None
    channel: str = "inside"

    @property
    def agency_id(self) -> UUID:
        return identity(f"agency/{self.key}")


@dataclass(frozen=True)
class Cast:
    """Agencies and their people. Those beyond the axis have certificates, but no accounts here."""

    agencies: tuple[Agency, ...]
    people: tuple[Person, ...]

    def agency(self, key: str) -> Agency:
        """The agency called `key`; `StopIteration` for a stranger."""
        return next(agency for agency in self.agencies if agency.key == key)

    def person(self, agency_key: str, role: str) -> Person:
        """The person who holds `role` in an agency; `StopIteration` if nobody does."""
        return next(p for p in self.people if (p.agency, p.role) == (agency_key, role))

    @property
    def outside(self) -> tuple[Agency, ...]:
        """The agencies beyond the axis."""
        return tuple(agency for agency in self.agencies if agency.channel == "axis")

    @property
    def accounts(self) -> tuple[Person, ...]:
        """Those who log in here."""
        outside = {agency.key for agency in self.outside}
        return tuple(person for person in self.people if person.agency not in outside)

    def world(self) -> World:
        """What the stand-ins are told: certificate holders, accounts, systems on the axis."""
        leaders = [
            {
                "id": str(person.person_id),
                "kind": "leader",
                "common_name": person.full_name,
                "organization": self.agency(person.agency).name,
            }
            for person in self.people
            if person.role == "lanhdao"
        ]
        seals = [
            {"id": str(a.agency_id), "kind": "seal", "common_name": a.name, "organization": a.name}
            for a in self.agencies
        ]
        service_keys: list[dict[str, Any]] = [
            {
                "id": str(a.agency_id),
                "kind": "service",
                "common_name": f"{a.name} - khóa dịch vụ",
                "organization": a.name,
                "key_usages": ["digital_signature"],
            }
            for a in self.agencies
            if a not in self.outside
        ]
        accounts = [
            {
                "username": person.key,
                "password": PASSWORD,
                "subject": str(person.person_id),
                "agency": str(self.agency(person.agency).agency_id),
                "position": str(person.position_id),
                "roles": person.roles,
            }
            for person in self.accounts
        ]
        codes = [code for agency in self.outside for code in agency.codes]
        subjects: list[dict[str, Any]] = [*leaders, *seals, *service_keys]
        return World(subjects, accounts, {GOVERNMENT_SYSTEM: codes})


# The words that stand in user names, and the right that each gives.
ROLES = {
    "lanhdao": "leader",
    "truongphong": "head",
    "chuyenvien": "officer",
    "vanthu": "clerk",
    "quantri": "admin",
    "quantri2": "admin",  # at the desk a second person confirms
    "kiemtoan": "auditor",
    "giamsat": "monitor",
}

GOVERNMENT_OFFICE = Agency(
    "vpcp", 1, "Văn phòng Chính phủ", "Hà Nội", ("000.00.00.G22", "G22"), "VPCP", channel="axis"
)
PROVINCE = Agency(
    "ubndtinh",
    2,
    "Ủy ban nhân dân tỉnh Ninh Bình",
    "Ninh Bình",
    ("H42", "000.00.00.H42"),
    "UBND",
)
DEPARTMENT = Agency(
    "sokhcn",
    3,
    "Sở Khoa học và Công nghệ",
    "Ninh Bình",
    ("H42.14", "000.00.14.H42"),
    "SKHCN",
    parent="ubndtinh",
)
COMMUNES = (
    Agency("phuly", 4, "Ủy ban nhân dân phường Phủ Lý", "Phủ Lý", ("H42.101",), "UBND", "ubndtinh"),
    Agency(
        "binhluc", 4, "Ủy ban nhân dân xã Bình Lục", "Bình Lục", ("H42.115",), "UBND", "ubndtinh"
    ),
)
AGENCIES = (GOVERNMENT_OFFICE, PROVINCE, DEPARTMENT, *COMMUNES)

# The Government Office's signer: the directory knows his certificate, he has no account here.
MINISTER = Person("vpcp", "lanhdao", "Đỗ Quang Hải", "Lãnh đạo Văn phòng", "BỘ TRƯỞNG, CHỦ NHIỆM")


def _office(
    agency: str, unit: str, names: tuple[str, str, str, str], leader: str, authority: str
) -> tuple[Person, ...]:
    head = "Chánh Văn phòng" if agency == "ubndtinh" else "Trưởng phòng"
    return (
        Person(agency, "lanhdao", names[0], "Lãnh đạo", leader, authority),
        Person(agency, "truongphong", names[1], unit, head),
        Person(agency, "chuyenvien", names[2], unit, "Chuyên viên"),
        Person(agency, "vanthu", names[3], "Văn thư", "Văn thư cơ quan"),
    )


PEOPLE = (
    MINISTER,
    *_office(
        "ubndtinh",
        "Phòng Khoa giáo - Văn xã",
        ("Trần Văn Bình", "Phạm Thị Hồng Ở", "Lê Minh Đức", "Nguyễn Thị Thu Ứng"),
        "CHỦ TỊCH",
        "TM. ỦY BAN NHÂN DÂN",
    ),
    *_office(
        "sokhcn",
        "Phòng Chuyển đổi số",
        ("Vũ Thị Mai", "Hoàng Văn Sơn", "Đặng Thùy Linh", "Bùi Thị Lụa"),
        "GIÁM ĐỐC",
        "",
    ),
    *_office(
        "phuly",
        "Phòng Văn hóa - Xã hội",
        ("Ngô Đức Thắng", "Trịnh Thị Yến", "Lưu Văn Ký", "Phan Thị Ngọc"),
        "CHỦ TỊCH",
        "TM. ỦY BAN NHÂN DÂN",
    ),
    *_office(
        "binhluc",
        "Phòng Văn hóa - Xã hội",
        ("Đinh Công Hậu", "Mai Thị Hạnh", "Tạ Quốc Việt", "Lại Thị Thơm"),
        "CHỦ TỊCH",
        "TM. ỦY BAN NHÂN DÂN",
    ),
    Person("ubndtinh", "quantri", "Cao Văn Tin", "Trung tâm CNTT", "Quản trị hệ thống"),
    Person("ubndtinh", "quantri2", "Vương Thị Tâm", "Trung tâm CNTT", "Quản trị hệ thống"),
    Person("ubndtinh", "kiemtoan", "Hà Thị Minh", "Thanh tra tỉnh", "Thanh tra viên"),
    Person("ubndtinh", "giamsat", "Đoàn Văn Lực", "Trung tâm CNTT", "Cán bộ giám sát"),
)

DEMO = Cast(AGENCIES, PEOPLE)
ACCOUNTS = DEMO.accounts


def agency(key: str) -> Agency:
    """The agency that the demo calls `key`."""
    return DEMO.agency(key)


def person(agency_key: str, role: str) -> Person:
    """The person who holds `role` in an agency."""
    return DEMO.person(agency_key, role)


def world() -> World:
    """What the stand-ins are told: certificate holders, accounts, systems on the axis."""
    return DEMO.world()
