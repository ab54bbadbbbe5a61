"""Status packets (gói tin trạng thái) as anyone can read them: plain XML, by local names."""

from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from tools.check_report.names import VIETNAM


@dataclass(frozen=True)
class Told:
    """What a status packet says."""

    code: str
    document_code: str
    foreign_id: str
    handler: str
    unit: str
    at: datetime


def read_status(content: bytes) -> Told:
    """Read a status packet; `ValueError` for what is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError("not XML") from error

    def value(*names: str) -> str:
        path = "//" + "/".join(f"*[local-name()='{name}']" for name in names)
        found = root.xpath(f"string({path})")
        return str(found).strip()

    timestamp = value("MessageHeader", "Timestamp")
    return Told(
        code=value("MessageHeader", "StatusCode"),
        document_code=value("ResponseFor", "Code"),
        foreign_id=value("ResponseFor", "DocumentId"),
        handler=value("StaffInfo", "Staff"),
        unit=value("StaffInfo", "Department"),
        at=datetime.strptime(timestamp, "%Y/%m/%d %H:%M:%S").replace(tzinfo=VIETNAM),
    )
