"""Steps that cross the axis: how long until the other side sees them."""

import random
import time

from tools.bench.interconnect.delivering import percentile
from tools.bench.interconnect.load import WITHIN, Walk, approve, draft
from tools.bench.interconnect.place import Place
from tools.bench.report import Measure, Target
from tools.demo.cast import Agency
from tools.demo.client import wait_for
from tools.demo.government_office import GovernmentOffice, Letter
from tools.demo.run import government_office

_POLL_SECONDS = 2.0  # the product's own default
_CODES = (("01", "Đã đến"), ("03", "Đã tiếp nhận"), ("04", "Phân công"), ("05", "Đang xử lý"))


def steps(place: Place) -> list[Measure]:
    """A stranger's steps in our sender's view, and ours as the axis offers them to a stranger.

    They happen at any moment of the polling interval.
    """
    outside = government_office(place.platform.installation, place.cast)
    chance = random.Random(4)  # noqa: S311 - the same moments in every run
    count = 1 if place.quick else 6
    seen = [_seen(place, outside, chance, count) for _ in range(place.repeats)]
    offered = [_offered(place, outside, count, turn) for turn in range(place.repeats)]
    note = f"the axis is polled every {_POLL_SECONDS:g} s; no load beside it"
    return [
        Measure(
            "a step beyond the axis in the sender's view, p95",
            "s",
            tuple(percentile(times, 95) for times in seen),
            Target("<=", 10.0),
            note,
        ),
        Measure(
            "a step of ours on the axis, p95",
            "s",
            tuple(percentile(times, 95) for times in offered),
            Target("<=", 10.0),
            f"{note}; the sender's own polling comes on top",
        ),
    ]


def _seen(
    place: Place, outside: GovernmentOffice, chance: random.Random, count: int
) -> list[float]:
    """Documents of ours beyond the axis: seconds from each step there to our sender's view."""
    times = []
    for number in range(count):
        sender = place.agencies[number % len(place.agencies)]
        document_id, letter = _sent(place, outside, sender)
        for code, text in _CODES:
            time.sleep(chance.uniform(0, _POLL_SECONDS))
            began = time.monotonic()
            outside.tell(letter, code, text)
            place.watch.status(document_id, code, WITHIN)
            times.append(time.monotonic() - began)
    return times


def _sent(place: Place, outside: GovernmentOffice, sender: Agency) -> tuple[str, Letter]:
    """A document that has come to the stranger."""
    (stranger,) = place.cast.outside
    walk = Walk(0, sender, stranger)
    walk.document_id = draft(place.front, sender, stranger)
    approve(walk, place.front, place.watch)
    path = f"/v1/documents/{walk.document_id}"
    clerk = place.front.client(sender, "vanthu")
    clerk.post(f"{path}/issue")
    place.watch.state(walk.document_id, "issued", WITHIN)

    def came() -> Letter | None:
        # By its id: documents of other agencies have the same number and notation.
        sent = clerk.find(f"/v1/dispatches/{walk.document_id}") or {"foreign_id": None}
        outside.poll()
        here = {x.packet.header.document_id: x for x in outside.letters}
        return here.get(sent["foreign_id"])

    return walk.document_id, wait_for("the document beyond the axis", came)


def _offered(place: Place, outside: GovernmentOffice, count: int, turn: int) -> list[float]:
    """Documents from beyond: seconds from our acceptance to its status on the axis."""
    agencies = place.agencies
    return [
        _accepted(place, outside, agencies[number % len(agencies)], 100 * turn + number + 1)
        for number in range(count)
    ]


def _accepted(place: Place, outside: GovernmentOffice, recipient: Agency, number: int) -> float:
    (stranger,) = place.cast.outside
    text = ("Đề nghị báo cáo kết quả.",)
    letter = outside.directive(number, "Về việc báo cáo", text, stranger, recipient)
    wait_for("the axis to know the recipient", lambda: outside.send(letter) or None)
    foreign_id = letter.packet.header.document_id
    clerk = place.front.client(recipient, "vanthu")

    def arrived() -> str | None:
        rows = clerk.get("/v1/documents", direction="incoming", state="verified", limit=50)
        found = (clerk.get(f"/v1/documents/{row['document_id']}") for row in rows["documents"])
        return next((x["document_id"] for x in found if x["foreign_id"] == foreign_id), None)

    def told() -> bool | None:
        outside.poll()
        headers = (status.header for status in outside.statuses)
        codes = {x.status_code for x in headers if x.response_for.document_id == foreign_id}
        return "03" in codes or None

    document_id = wait_for("the document at the recipient", arrived)
    began = time.monotonic()
    clerk.post(f"/v1/documents/{document_id}/accept")
    wait_for("03 on the axis", told)
    return time.monotonic() - began
