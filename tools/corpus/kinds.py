"""The kinds of the corpus: a name, the rule that it attacks, and how its file is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from io import BytesIO

from reportlab.pdfgen.canvas import Canvas

from services.signatures.pdf.box import Box
from services.signatures.pdf.evidence import add_evidence
from services.signatures.pdf.sign import sign_leader, sign_number, sign_seal
from tools.corpus.authority import AGENCY, LEADER, PROVINCE, Authority


@dataclass
class Bench:
    """What the kinds start from: the PKI, and genuine files signed by its people."""

    pki: Authority

    @cached_property
    def draft(self) -> bytes:
        """An unsigned page."""
        output = BytesIO()
        canvas = Canvas(output, invariant=1)
        canvas.drawString(85, 710, "So:         /QD-UBND")
        canvas.drawString(85, 500, "The text of the decision.")
        canvas.showPage()
        canvas.save()
        return output.getvalue()

    @cached_property
    def leader(self) -> bytes:
        """Signed by the leader, B-T."""
        return sign_leader(
            self.draft,
            signer=self.pki.keys.signer(LEADER),
            person_id=LEADER,
            box=Box(0, 330, 150, 500, 225),
            tsa=self.pki.tsa,
            at=datetime.now(UTC),
        ).pdf

    @cached_property
    def sealed(self) -> bytes:
        """Leader, number, seal; all B-T."""
        agency, at = self.pki.keys.signer(AGENCY), datetime.now(UTC)
        numbered = sign_number(
            self.leader,
            signer=agency,
            number="15",
            number_box=Box(0, 105, 706, 150, 722),
            date="ngày 22 tháng 11 năm 2026",
            date_box=Box(0, 372, 706, 540, 722),
            tsa=self.pki.tsa,
            at=at,
        ).pdf
        place = Box(0, 284, 136, 386, 238)
        return sign_seal(
            numbered, signer=agency, agency=PROVINCE, box=place, tsa=self.pki.tsa, at=at
        ).pdf

    @cached_property
    def kept(self) -> bytes:
        """The sealed file with its archive evidence."""
        return add_evidence(
            self.sealed,
            trust=self.pki.trust,
            tsa=self.pki.tsa,
            at=datetime.now(UTC),
            fetch=self.pki.fetch,
        ).pdf


Make = Callable[[Bench], bytes]


@dataclass(frozen=True)
class Kind:
    """One kind of file. `rule` is what must hold against it; `hostile` False is a control."""

    name: str
    rule: str
    make: Make
    hostile: bool = True
    big: bool = False


KINDS: dict[str, Kind] = {}


def kind(rule: str, *, hostile: bool = True, big: bool = False) -> Callable[[Make], Make]:
    """Enter a maker under its function's name."""

    def enter(make: Make) -> Make:
        name = make.__name__
        if name in KINDS:
            raise ValueError(f"two kinds are named {name}")
        KINDS[name] = Kind(name, rule, make, hostile, big)
        return make

    return enter
