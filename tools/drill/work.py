"""What an installation does while it is drilled: some documents, all of them sealed."""

from functools import partial
from typing import Any
from uuid import uuid4

from tests.support.wait import eventually
from tools.demo.cast import DEMO, PASSWORD
from tools.demo.client import Client, Refused
from tools.drill.commands import run
from tools.platform import Installation

OFFICER = "ubndtinh_chuyenvien"
DRAFTS = 5


def officer(here: Installation) -> Client:
    """An officer of the province, who drafts."""
    return Client(here.url, here.issuer_url, OFFICER, PASSWORD, str(uuid4()))


def drafts(here: Installation) -> list[str]:
    """Draft some documents by the public API; their ids."""
    client, leader = officer(here), DEMO.person("ubndtinh", "lanhdao")
    body = {
        "type_code": "CT",
        "subject": "Diễn tập khôi phục dữ liệu",
        "paragraphs": ["Văn bản dùng cho diễn tập sao lưu, khôi phục."],
        "recipients": [str(DEMO.agency("sokhcn").agency_id)],
        "signer_id": str(leader.person_id),
        "signer_position_id": str(leader.position_id),
    }
    return [
        eventually(partial(_drafted, client, body, str(number)), within=120, every=0.5)
        for number in range(DRAFTS)
    ]


def _drafted(client: Client, body: dict[str, Any], step: str) -> str:
    """The draft's id; empty while the service has not read yet what the directory told."""
    try:
        return str(client.post("/v1/documents", body, step=step)["document_id"])
    except Refused as refused:
        if refused.status == 409:
            return ""
        raise


def settled(here: Installation) -> None:
    """Return when every event is sealed, and witnessed."""

    def witnessed() -> bool:
        status = run(here.folder, "log", "status")
        last = status["shards"][-1]
        return bool(status["waiting"] == 0 and last["signed"] == last["witnessed"])

    eventually(witnessed, within=120, every=0.5)


def verified(here: Installation) -> int:
    """How many events are verified, as soon as nothing is wrong: witnesses need a moment."""
    report = eventually(lambda: run(here.folder, "verify", "--jobs", "1"), within=120, every=1)
    return int(report["events"])
