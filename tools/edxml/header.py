"""Rules over the header of either packet: lengths, codes of agencies, numbers, dates."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from libs.edxml import Agency, DocumentHeader, DocumentPacket, StatusPacket
from libs.edxml.packets import Group
from libs.edxml.schema import schema_of
from tools.edxml.rules import Finding, finding

MESSAGE = "edXML/edXMLEnvelope/edXMLHeader/MessageHeader"
TRACE = "edXML/edXMLEnvelope/edXMLHeader/TraceHeaderList"

# What a province's axis checks (domain facts 1.10), by the end of the path.
_REFUSED_ABOVE = {"OrganName": 200, "MessageHeader/Subject": 500, "MessageHeader/Content": 500}
# What others keep (1.3).
_CUT_ABOVE = {
    "OrganId": 35,
    "OrganizationInCharge": 500,
    "OrganAdd": 500,
    "Email": 100,
    "Telephone": 20,
    "Fax": 20,
    "Website": 100,
    "CodeNumber": 11,
    "CodeNotation": 30,
    "PromulgationInfo/Place": 50,
    "TypeName": 100,
    "Competence": 100,
    "Position": 100,
    "FullName": 50,
    "ToPlaces/Place": 1000,
    "SphereOfPromulgation": 100,
    "TyperNotation": 100,
    "MessageHeader/Description": 1000,
}
_NUMBERS = (
    "CodeNumber",
    "DocumentType/Type",
    "TypeDetail",
    "Priority",
    "PromulgationAmount",
    "PageAmount",
    "SteeringType",
    "Paper",
)
_OLD_CODE = re.compile(r"\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}")
_NEW_CODE = re.compile(r"[A-Z]\d{2}(\.[A-Z0-9]{1,10}){0,6}")
_MOST_GROUPS = 4
_INDEX = re.compile(r"\[\d+\]")


def judge(packet: DocumentPacket | StatusPacket, today: date) -> Iterator[Finding]:
    """Judge every text and code of the packet; `today` is Viet Nam's."""
    for where, text in texts(packet):
        yield from _text(where, text)
    if isinstance(packet, DocumentPacket):
        yield from _expected(packet.header)
        issued = packet.header.promulgation.promulgation_date
        if issued and issued > today:
            yield finding("date_in_future", f"{MESSAGE}/PromulgationInfo/PromulgationDate", issued)
    elif packet.header.timestamp.date() > today:
        yield finding("time_in_future", f"{MESSAGE}/Timestamp", packet.header.timestamp)
    if packet.error_list.errors:
        yield finding("error_list", "edXML/edXMLEnvelope/edXMLHeader/ErrorList")
    if packet.signatures:
        name = packet.signatures[0].name
        yield finding("signature_is_no_proof", f"edXML/edXMLEnvelope/edXMLHeader/{name}")


def texts(packet: DocumentPacket | StatusPacket) -> Iterator[tuple[str, str]]:
    """Give every text of the header and the trace that is there, with its path."""
    yield from _texts(packet.header, MESSAGE)
    if isinstance(packet, DocumentPacket):
        yield from _texts(packet.trace, TRACE)


def _texts(group: Group, where: str) -> Iterator[tuple[str, str]]:
    for slot in schema_of(type(group)).slots:
        value: Any = getattr(group, slot.field)
        path = "/".join(filter(None, (where, slot.wrapper, slot.name)))
        for number, item in enumerate(value if slot.many else (value,), start=1):
            place = f"{path}[{number}]" if slot.many else path
            if isinstance(item, Group):
                yield from _texts(item, place)
            elif isinstance(item, str) and item:
                yield place, item


def _text(where: str, text: str) -> Iterator[Finding]:
    path = _INDEX.sub("", where)
    for rule, limits in (("value_too_long", _REFUSED_ABOVE), ("value_long", _CUT_ABOVE)):
        for name, limit in limits.items():
            if path.endswith("/" + name) and len(text) > limit:
                yield finding(rule, where, f"{len(text)} > {limit}")
    if path.endswith(tuple("/" + name for name in _NUMBERS)) and not _is_number(text):
        yield finding("not_a_number", where)
    if path.endswith("/Priority") and _is_number(text) and text not in "01234":
        yield finding("priority_unknown", where, text)
    if path.endswith("/Email") and not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
        yield finding("email_form", where)
    if path.endswith("/OrganId"):
        yield from _code(where, text)


def _code(where: str, code: str) -> Iterator[Finding]:
    if code.count(".") >= _MOST_GROUPS:
        yield finding("organ_id_groups", where, code.count(".") + 1)
    if not (_OLD_CODE.fullmatch(code) or _NEW_CODE.fullmatch(code)):
        yield finding("organ_id_form", where, code)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _expected(header: DocumentHeader) -> Iterator[Finding]:
    """Tell what the reader can do without and other systems cannot."""
    names: dict[str, object] = {
        "PromulgationInfo/PromulgationDate": header.promulgation.promulgation_date,
        "DocumentType/TypeName": header.document_type.name,
        "SignerInfo/FullName": header.signer.full_name,
        "SteeringType": header.steering_type,
    }
    agencies: list[tuple[str, Agency]] = [("From", header.sender)]
    agencies += [(f"To[{n}]", each) for n, each in enumerate(header.recipients, start=1)]
    names |= {f"{place}/OrganName": agency.organ_name for place, agency in agencies}
    for name, value in names.items():
        if not value:
            yield finding("expected_missing", f"{MESSAGE}/{name}")
