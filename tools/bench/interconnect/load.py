"""An open-loop load: documents begin at a fixed rate, whatever becomes of those before."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle
from uuid import UUID, uuid4, uuid5

from services.interconnect.domain import inside_packet_id
from tools.demo.cast import Agency
from tools.demo.client import Client
from tools.demo.front import Front
from tools.demo.watch import Watch

# Seconds. A machine that cannot keep up is measured, not given up on.
WITHIN = 300.0
PARAGRAPHS = (
    "Căn cứ chương trình công tác năm, cơ quan thông báo nội dung sau đây để các đơn vị biết và "
    "phối hợp thực hiện.",
    "Đề nghị các cơ quan, đơn vị nghiên cứu, triển khai và gửi báo cáo kết quả đúng thời hạn; khó "
    "khăn, vướng mắc phản ánh về cơ quan để được hướng dẫn.",
)


@dataclass
class Walk:
    """One document's way: when its people acted and what was seen when (monotonic seconds)."""

    number: int
    sender: Agency
    recipient: Agency
    late: float = 0.0
    """How long after its time it began: a generator that cannot keep up is no load."""
    document_id: str = ""
    moments: dict[str, float] = field(default_factory=dict)

    def seconds(self, begin: str, end: str) -> float:
        """From one moment to another."""
        return self.moments[end] - self.moments[begin]


def run_load(
    front: Front,
    watch: Watch,
    agencies: Sequence[Agency],
    *,
    rate: float,
    count: int,
) -> list[Walk]:
    """Walk `count` documents, `rate` of them beginning in a second; raises what one raises.

    Senders take turns, and so do recipients, each the next agency but one.
    """
    senders, recipients = cycle(agencies), cycle([*agencies[1:], agencies[0]])
    walks = [Walk(number, next(senders), next(recipients)) for number in range(count)]
    with ThreadPoolExecutor(max_workers=min(count, 200)) as pool:
        begin = time.monotonic() + 0.2
        running = []
        for walk in walks:
            due = begin + walk.number / rate
            time.sleep(max(0.0, due - time.monotonic()))
            running.append(pool.submit(_walk, walk, due, front, watch))
        print(f"{count} documents begun in {time.monotonic() - begin:.1f} s")
        for each in running:
            each.result()
    return walks


def _walk(walk: Walk, due: float, front: Front, watch: Watch) -> None:
    """Draft, review, sign, number and seal, deliver, judge, accept; 01 and 03 at the sender."""
    walk.late = time.monotonic() - due
    walk.document_id = draft(front, walk.sender, walk.recipient)
    approve(walk, front, watch)
    note(walk, "issue")
    clerk = front.client(walk.sender, "vanthu")
    clerk.post(f"/v1/documents/{walk.document_id}/issue")
    watch.status(walk.document_id, "01", WITHIN)
    _look(clerk, walk.document_id, "01")
    note(walk, "01")
    incoming = _incoming(walk)
    watch.state(incoming, "verified", WITHIN)
    note(walk, "verified")
    note(walk, "accept")
    front.client(walk.recipient, "vanthu").post(f"/v1/documents/{incoming}/accept")
    watch.status(walk.document_id, "03", WITHIN)
    _look(clerk, walk.document_id, "03")
    note(walk, "03")


def note(walk: Walk, moment: str) -> None:
    """This is the moment."""
    walk.moments[moment] = time.monotonic()


def draft(front: Front, sender: Agency, *recipients: Agency, **links: str) -> str:
    """An officer's draft; its id. `links` name what it updates or replaces."""
    signer = front.cast.person(sender.key, "lanhdao")
    body = {
        "type_code": "TB",
        "subject": "Về việc phối hợp công tác",
        "paragraphs": list(PARAGRAPHS),
        "recipients": [str(recipient.agency_id) for recipient in recipients],
        "signer_id": str(signer.person_id),
        "signer_position_id": str(signer.position_id),
        **links,
    }
    officer = front.client(sender, "chuyenvien")
    return str(officer.post("/v1/documents", body, step=str(uuid4()))["document_id"])


def approve(walk: Walk, front: Front, watch: Watch) -> None:
    """Head and leader approve; returns when the leader's signature is on the page."""
    path = f"/v1/documents/{walk.document_id}"
    front.client(walk.sender, "truongphong").post(f"{path}/review")
    note(walk, "approve")
    front.client(walk.sender, "lanhdao").post(f"{path}/approve")
    watch.state(walk.document_id, "signed", WITHIN)
    note(walk, "signed")


def _incoming(walk: Walk) -> str:
    packet_id = inside_packet_id(UUID(walk.document_id), walk.recipient.agency_id)
    return str(uuid5(packet_id, "document"))


def _look(clerk: Client, document_id: str, code: str) -> None:
    """The API shows what the read model has."""
    (delivery,) = clerk.get(f"/v1/dispatches/{document_id}")["deliveries"]
    if code not in {step["code"] for step in delivery["steps"]}:
        raise RuntimeError(f"the read model has {code} of {document_id}, the API has not")
