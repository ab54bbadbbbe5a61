"""What signing, sealing and judging one document costs alone: processor seconds of a warm engine.

What time-stamp and OCSP authorities do is left out, here as in the load.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from services.documents.layout import Box as PageBox
from services.documents.layout import OfficialDocument, Rendered, render
from services.signatures.pdf.box import Box
from services.signatures.pdf.engine import Engine
from tools.bench.interconnect.load import PARAGRAPHS
from tools.bench.interconnect.place import Place
from tools.demo.run import setup_of


@dataclass(frozen=True)
class Signatures:
    """Seconds for the leader's signature, for number and seal, and for the verdict on all."""

    sign: float
    seal: float
    validate: float

    @property
    def of_a_document(self) -> float:
        """All of it."""
        return self.sign + self.seal + self.validate


def signatures(place: Place) -> Signatures:
    """Measure on a page as the load's documents have."""
    engine, times = Engine(setup_of(place.platform.installation)), 2 if place.quick else 30
    agency = place.agencies[0]
    owner = str(agency.agency_id)
    person = str(place.cast.person(agency.key, "lanhdao").person_id)
    page = _page(place)

    def sign() -> bytes:
        box = _box(page.boxes.leader)
        return engine.sign_leader(page.pdf, person_id=person, box=box, at=datetime.now(UTC)).pdf

    def seal() -> bytes:
        at = datetime.now(UTC)
        numbered = engine.sign_number(
            signed,
            agency_id=owner,
            at=at,
            number="12",
            number_box=_box(page.boxes.number),
            date=f"ngày {at.day:02d} tháng {at.month} năm {at.year}",
            date_box=_box(page.boxes.date),
        )
        box = _box(page.boxes.seal)
        return engine.sign_seal(
            numbered.pdf, agency_id=owner, agency=agency.name, box=box, at=at
        ).pdf

    def judge() -> None:
        verdict = engine.validate(sealed, at=datetime.now(UTC)).verdict
        if verdict != "TOTAL_PASSED":
            raise RuntimeError(f"the bench's own file is {verdict}")

    signed = sign()
    sealed = seal()
    judge()
    return Signatures(_each(sign, times), _each(seal, times), _each(judge, times))


def _each(work: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times


def _page(place: Place) -> Rendered:
    agency = place.agencies[0]
    leader = place.cast.person(agency.key, "lanhdao")
    return render(
        OfficialDocument(
            agency=agency.name,
            place=agency.place,
            year=datetime.now(UTC).year,
            type_code="TB",
            type_name="Thông báo",
            notation=f"TB-{agency.short_sign}",
            subject="Về việc phối hợp công tác",
            paragraphs=PARAGRAPHS,
            authority=leader.authority,
            position=leader.title,
            signer_name=leader.full_name,
            recipients_list=(place.agencies[1].name, "Lưu: VT"),
        )
    )


def _box(box: PageBox) -> Box:
    return Box(box.page, box.x1, box.y1, box.x2, box.y2)
