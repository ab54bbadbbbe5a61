"""The people's work: documents from draft to their last step, whatever fails meanwhile.

Every document goes the product's own way: drafted, reviewed, laid out, signed, numbered, sealed,
issued, delivered, judged, accepted or refused. What becomes of it is drawn from the seed.
"""

import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from services.interconnect.domain import axis_packet_id, inside_packet_id
from services.workflow.domain import process_of
from tests.fault.exchange.world import Exchange
from tests.support.wait import eventually
from tools.bench.interconnect.load import draft
from tools.demo.cast import Agency
from tools.demo.client import Client, Refused
from tools.demo.watch import NotSeen

WITHIN = 1800.0
_LOOK_SECONDS = 30.0
# Not (yet) there, or not (yet) in the state for it: our read models and others' steps take time.
_TOO_EARLY = (404, 409)
OUTCOMES = (
    *("accept",) * 5,
    *("finish",) * 3,
    "refuse",
    "give back",
    "keep",
    "updates",
    "replaces",
)
"""What the receiver does; `give back` and `keep` answer a recall, which strangers answer as they
will. After the last two the sender issues a newer document, and the receiver accepts both."""
_LINKS = ("updates", "replaces")


@dataclass(frozen=True)
class Errand:
    """One document to be sent, and what its receivers will do with it."""

    number: int
    sender: Agency
    recipients: tuple[Agency, ...]
    outcome: str


@dataclass
class Ledger:
    """What people were told has happened: the documents issued, and the letters that axis took."""

    issued: dict[str, Errand] = field(default_factory=dict)
    letters: dict[str, tuple[str, Errand]] = field(default_factory=dict)
    """By the axis' DocId: the DocumentId and the errand."""


def errands(seed: int, count: int, agencies: Sequence[Agency], first: int = 1) -> list[Errand]:
    """Draw senders, recipients and outcomes; some six of ten documents stay inside.

    Their numbers begin with `first`: strangers' documents are known by them.
    """
    chance = random.Random(seed)  # noqa: S311
    inside = [agency for agency in agencies if agency.channel == "inside"]
    outside = [agency for agency in agencies if agency.channel == "axis"]
    found = []
    for number in range(first, first + count):
        outcome, kind = chance.choice(OUTCOMES), chance.random()
        if kind < 0.2:
            sender, recipients = chance.choice(outside), [chance.choice(inside)]
        else:
            sender = chance.choice(inside)
            others = [agency for agency in inside if agency is not sender]
            recipients = chance.sample(others, chance.choice((1, 1, 1, 2)))
            if kind < 0.4:
                recipients[0] = chance.choice(outside)
        found.append(Errand(number, sender, tuple(recipients), outcome))
    return found


class Traffic:
    """Runs errands, a few at a time, and keeps the ledger; `begun` counts those that began."""

    def __init__(self, exchange: Exchange, width: int, ledger: Ledger) -> None:
        self._exchange = exchange
        self._width = width
        self._ledger = ledger
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.begun = 0

    def run(self, work: Sequence[Errand]) -> None:
        """Run all errands to their ends; the first failure ends the run and is raised."""
        with ThreadPoolExecutor(self._width) as pool:
            running = [pool.submit(self._errand, each) for each in work]
            try:
                for each in as_completed(running):
                    each.result()
            except BaseException:
                self._stopped.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _errand(self, errand: Errand) -> None:
        if self._stopped.is_set():
            return
        with self._lock:
            self.begun += 1
        if errand.sender.channel == "axis":
            self._letter(errand)
        else:
            self._document(errand)

    def _letter(self, errand: Errand) -> None:
        (recipient,) = errand.recipients
        posted = self._exchange.beyond.send(errand.number, errand.sender, recipient)
        with self._lock:
            self._ledger.letters[posted.doc_id] = (posted.document_id, errand)
        # Nobody beyond asks for a document back or sends a newer one: it is accepted.
        asked = ("give back", "keep", *_LINKS)
        outcome = "accept" if errand.outcome in asked else errand.outcome
        packet_id = axis_packet_id(posted.doc_id, recipient.agency_id)
        self._receive(packet_id, recipient, outcome, posted.file)

    def _document(self, errand: Errand) -> None:
        clerk = self._exchange.front.client(errand.sender, "vanthu")
        document_id = self._issued(errand)
        if errand.outcome in ("give back", "keep"):
            self._exchange.watch.status(document_id, "01", WITHIN)
            clerk.post(f"/v1/dispatches/{document_id}/recall", {"note": "Sai số liệu"})
        self._received(document_id, errand)
        if errand.outcome in _LINKS:
            # What overtakes the older one would find nothing to take the place of.
            eventually(lambda: _taken(clerk, document_id), within=WITHIN, every=0.5)
            self._received(self._issued(errand, **{errand.outcome: document_id}), errand)

    def _issued(self, errand: Errand, **links: str) -> str:
        """A document from its draft to its issue; its id."""
        clerk = self._exchange.front.client(errand.sender, "vanthu")
        document_id = draft(self._exchange.front, errand.sender, *errand.recipients, **links)
        path = f"/v1/documents/{document_id}"
        self._exchange.front.client(errand.sender, "truongphong").post(f"{path}/review")
        self._signed(errand.sender, document_id)
        _insist(clerk, f"{path}/issue")
        self._reaches(document_id, "issued")
        with self._lock:
            self._ledger.issued[document_id] = errand
        return document_id

    def _received(self, document_id: str, errand: Errand) -> None:
        """The recipients here take the document through the errand's outcome."""
        for recipient in errand.recipients:
            if recipient.channel == "inside":
                packet_id = inside_packet_id(UUID(document_id), recipient.agency_id)
                self._receive(packet_id, recipient, errand.outcome)

    def _signed(self, sender: Agency, document_id: str) -> None:
        """The leader approves, again when the signature failed, until it is on the page."""
        leader, path = (
            self._exchange.front.client(sender, "lanhdao"),
            f"/v1/documents/{document_id}",
        )
        for turn in range(20):
            _insist(leader, f"{path}/approve", step=str(turn))
            while True:
                try:
                    self._exchange.watch.state(document_id, "signed", _LOOK_SECONDS)
                    return
                except NotSeen:
                    if leader.get(path)["state"] == "reviewed":
                        break
        raise AssertionError(f"{document_id} was not signed")

    def _receive(
        self, packet_id: UUID, recipient: Agency, outcome: str, plain: str | None = None
    ) -> None:
        """Take the document through its outcome; `plain` is the file's digest without an envelope.

        What was damaged on its way in an envelope is fetched again; else its signatures are broken,
        and the clerk refuses it.
        """
        document_id = str(uuid5(packet_id, "document"))
        path = f"/v1/documents/{document_id}"
        clerk = self._exchange.front.client(recipient, "vanthu")
        self._reaches(document_id, "verified")
        if plain and (refusal := _of_damaged(clerk.get(path), plain)):
            clerk.post(f"{path}/refuse", refusal)
            return
        if outcome == "refuse":
            refusal = {"reason_code": "wrong_address", "note": "Không thuộc thẩm quyền"}
            clerk.post(f"{path}/refuse", refusal)
            return
        clerk.post(f"{path}/accept")
        if outcome == "finish":
            self._handle(recipient, UUID(document_id))
        elif outcome == "give back":
            _insist(clerk, f"{path}/agree-recall")
        elif outcome == "keep":
            _insist(clerk, f"{path}/refuse-recall", {"note": "Đang xử lý"})

    def _handle(self, recipient: Agency, document_id: UUID) -> None:
        """Assign, start, finish: 04, 05 and 06."""
        front = self._exchange.front
        officer = front.cast.person(recipient.key, "chuyenvien")
        assignment = {
            "unit": officer.unit,
            "assignee_id": str(officer.person_id),
            "assignee_position_id": str(officer.position_id),
        }
        leader = front.client(recipient, "lanhdao")
        process = f"/v1/processes/{process_of(document_id)}/tasks"
        task_id = _insist(leader, process, assignment)["task_id"]
        for word in ("start", "finish"):
            _insist(front.client(recipient, "chuyenvien"), f"/v1/tasks/{task_id}/{word}")

    def _reaches(self, document_id: str, state: str) -> None:
        self._exchange.watch.state(document_id, state, WITHIN)


def _taken(clerk: Client, document_id: str) -> bool:
    """Whether the sender has heard 03 of every recipient who was sent the document."""
    dispatch = clerk.find(f"/v1/dispatches/{document_id}")
    deliveries = dispatch["deliveries"] if dispatch else []
    codes = [
        {step["code"] for step in each["steps"]}
        for each in deliveries
        if each["transport"] != "refused"
    ]
    return bool(deliveries) and all("03" in each for each in codes)


def _of_damaged(document: dict[str, Any], sent: str) -> dict[str, Any] | None:
    """The refusal that is laid before the clerk; of nothing but what is not as it was sent."""
    (came,) = (file["digest"] for file in document["files"] if file["main"])
    refusal: dict[str, Any] | None = document["prepared_refusal"]
    assert (refusal is None) == (came == sent), f"{document} has {came}, sent was {sent}"
    return refusal


def _insist(
    client: Client, path: str, body: dict[str, Any] | None = None, step: str = ""
) -> dict[str, Any]:
    """Carry out a command as soon as it may be."""
    answers: list[dict[str, Any]] = []

    def tried() -> bool:
        try:
            answers.append(client.post(path, body, step=step))
        except Refused as error:
            if error.status not in _TOO_EARLY:
                raise
            raise AssertionError(str(error)) from error
        return True

    eventually(tried, within=WITHIN, every=0.5)
    return answers[0]
