"""Status packets (gói tin trạng thái) as anyone can read them: plain XML and a JWS beside it."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from lxml import etree

from tools.check_report.names import VIETNAM

_ENVELOPE = "lienthong-envelope.txt"
_KEYS: dict[str, Any] = {"ES256": ECKey, "PS256": RSAKey}
_LONGEST_HEADER = 16 * 1024  # a certificate is in it


@dataclass(frozen=True)
class Told:
    """What a status packet says; with a good envelope, what that says.

    `second` is the packet's own clock time; `envelope` is empty, "good" or "bad".
    """

    code: str
    document_code: str
    foreign_id: str
    handler: str
    unit: str
    second: datetime
    at: datetime
    envelope: str = ""


def read_status(content: bytes, certificates: Sequence[bytes] = ()) -> Told:
    """Read a status packet; `ValueError` for what is none.

    `certificates` (PEM) are the teller's, by which an envelope is checked.
    """
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
    second = datetime.strptime(timestamp, "%Y/%m/%d %H:%M:%S").replace(tzinfo=VIETNAM)
    told = Told(
        code=value("MessageHeader", "StatusCode"),
        document_code=value("ResponseFor", "Code"),
        foreign_id=value("ResponseFor", "DocumentId"),
        handler=value("StaffInfo", "Staff"),
        unit=value("StaffInfo", "Department"),
        second=second,
        at=second,
    )
    if value("Attachment", "AttachmentName") != _ENVELOPE:
        return told
    sealed = base64.b64decode(value("Attachment", "ContentTransferEncoded")).decode("ascii")
    return _believed(told, sealed, certificates)


def _believed(told: Told, sealed: str, certificates: Sequence[bytes]) -> Told:
    """The step record in place of the plain words, if it is signed by one of the certificates."""
    envelope = next((found for pem in certificates if (found := _verified(sealed, pem))), None)
    step = envelope["step"] if envelope else {}
    if envelope is None or (step["status"], envelope["document_id"]) != (
        told.code,
        told.foreign_id,
    ):
        return replace(told, handler="", envelope="bad")
    return replace(
        told,
        handler=step.get("handler", ""),
        unit=step.get("unit", ""),
        at=datetime.fromisoformat(step["at"]),
        envelope="good",
    )


def _verified(sealed: str, pem: bytes) -> dict[str, Any] | None:
    header = json.loads(base64.urlsafe_b64decode(sealed.partition(".")[0] + "=="))
    registry = jws.JWSRegistry(algorithms=list(_KEYS))
    registry.max_header_length = _LONGEST_HEADER
    try:
        key = _KEYS[header["alg"]].import_key(pem)
        found = jws.deserialize_compact(sealed, key, registry=registry)
    except (JoseError, ValueError, KeyError):
        return None
    content: dict[str, Any] = json.loads(found.payload)
    return content
