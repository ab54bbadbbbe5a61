"""A running test PKI and the people in it.

pytest_plugins = ["tests.support.pki"]  # then `pki` is a fixture
"""

from __future__ import annotations

import atexit
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
from reportlab.pdfgen.canvas import Canvas

from services.signatures.keys import Pkcs12Folder
from services.signatures.pdf.box import Box
from services.signatures.pdf.engine import Setup
from services.signatures.pdf.fetch import HttpFetch
from services.signatures.pdf.judge import ExpectedSigner
from services.signatures.pdf.report import Report
from services.signatures.pdf.revocation import RevocationSource
from services.signatures.pdf.sign import sign_leader, sign_number, sign_seal
from services.signatures.pdf.signed import Signed
from services.signatures.pdf.timestamps import TimestampAuthorities
from services.signatures.pdf.trust import TrustStore
from services.signatures.pdf.verdict import validate
from tests.support.wait import eventually
from tools.pki.architecture import base_url, tsa_url
from tools.pki.issue import init, revoke
from tools.pki.store import State, Subject

LEADER = "0190a000-0000-7000-8000-000000000001"
OTHER_LEADER = "0190a000-0000-7000-8000-000000000002"
AGENCY = "0190a000-0000-7000-8000-000000000003"
OTHER_AGENCY = "0190a000-0000-7000-8000-000000000004"
REVOKED = "0190a000-0000-7000-8000-000000000005"
EXPIRED = "0190a000-0000-7000-8000-000000000006"
FOR_ENCRYPTION = "0190a000-0000-7000-8000-000000000007"
PROVINCE = "Ủy ban nhân dân tỉnh Ninh Bình"

LEADER_BOX = Box(0, 330, 150, 500, 225)
NUMBER_BOX = Box(0, 105, 706, 150, 722)
DATE_BOX = Box(0, 372, 706, 540, 722)
SEAL_BOX = Box(0, 284, 136, 386, 238)


def now() -> datetime:
    return datetime.now(UTC)


def subjects() -> list[Subject]:
    """Good people and agencies, and one of each kind of bad certificate."""
    past = now() - timedelta(days=30)
    return [
        Subject(LEADER, "leader", "Nguyễn Văn Đức", PROVINCE),
        Subject(OTHER_LEADER, "leader", "Trần Thị Ứng", PROVINCE),
        Subject(AGENCY, "seal", PROVINCE, PROVINCE),
        Subject(OTHER_AGENCY, "seal", "Sở Tài chính", "Sở Tài chính"),
        Subject(REVOKED, "leader", "Lê Thu Hồi", PROVINCE, revoked_at=past.isoformat()),
        Subject(
            EXPIRED,
            "leader",
            "Phạm Hết Hạn",
            PROVINCE,
            valid_from=past.isoformat(),
            valid_to=(past + timedelta(days=20)).isoformat(),
        ),
        Subject(
            FOR_ENCRYPTION,
            "leader",
            "Vũ Mã Hóa",
            PROVINCE,
            key_usages=("key_encipherment", "data_encipherment"),
        ),
    ]


@dataclass(frozen=True)
class FetchAsOf:
    """Asks the PKI's services for the answer that they would have given at another instant."""

    instant: datetime

    async def __call__(self, url: str, body: bytes | None, content_type: str) -> bytes:
        headers = {"Content-Type": content_type}
        headers["X-Certomancer-Fake-Time"] = self.instant.isoformat()
        async with (
            aiohttp.ClientSession(headers=headers, raise_for_status=True) as session,
            session.post(url, data=body) as response,
        ):
            return await response.read()


@dataclass(frozen=True)
class Pki:
    """A live PKI. `keys` signs for its people, `trust` trusts its root."""

    data: Path
    state: State
    keys: Pkcs12Folder
    trust: TrustStore
    answers: RevocationSource  # keeps what the responder said, for a minute
    server: subprocess.Popen[bytes]

    @property
    def host(self) -> str:
        return base_url(self.state).removeprefix("http://")

    def fetch(self) -> HttpFetch:
        """A fetcher of its own, without the back-off of other tests; patient on busy machines."""
        return HttpFetch([self.host], timeout=20)

    def tsa(self, as_of: datetime | None = None, name: str = "tsa") -> TimestampAuthorities:
        """The authority now, or as it was at another instant."""
        fetch = FetchAsOf(as_of) if as_of else self.fetch()
        return TimestampAuthorities([tsa_url(self.state, name)], fetch, self.trust)

    def setup(self) -> Setup:
        """For an `Engine` or an `Isolated` worker."""
        return Setup(
            trust=self.data / "trust",
            hosts=(self.host,),
            keys=self.data / "keys",
            tsa_urls=(tsa_url(self.state),),
            fetch_seconds=20,
        )

    def fingerprint(self, owner_id: str) -> str:
        """SHA-256 of a certificate, hex."""
        fingerprint: str = self.keys.signer(owner_id).signing_cert.sha256.hex()
        return fingerprint

    def add(self, *people: Subject) -> None:
        """Issue more certificates while the server runs."""
        init(self.data, people)

    def revoke(self, owner_id: str) -> None:
        """Revoke from now on."""
        revoke(self.data, owner_id, now())

    def leader(
        self, pdf: bytes, owner_id: str = LEADER, tsa: TimestampAuthorities | None = None
    ) -> Signed:
        """The leader's signature, B-B unless an authority is given."""
        return sign_leader(
            pdf,
            signer=self.keys.signer(owner_id),
            person_id=owner_id,
            box=LEADER_BOX,
            tsa=tsa,
            at=now(),
        )

    def number(self, pdf: bytes, tsa: TimestampAuthorities | None = None) -> Signed:
        """Number and date as the agency's signature."""
        return sign_number(
            pdf,
            signer=self.keys.signer(AGENCY),
            number="15",
            number_box=NUMBER_BOX,
            date="ngày 22 tháng 11 năm 2026",
            date_box=DATE_BOX,
            tsa=tsa,
            at=now(),
        )

    def seal(
        self, pdf: bytes, owner_id: str = AGENCY, tsa: TimestampAuthorities | None = None
    ) -> Signed:
        """The agency's seal."""
        return sign_seal(
            pdf,
            signer=self.keys.signer(owner_id),
            agency=PROVINCE,
            box=SEAL_BOX,
            tsa=tsa,
            at=now(),
        )

    def issued(self) -> list[bytes]:
        """A document after the leader, after the number, after the seal; all B-T."""
        tsa = self.tsa()
        first = self.leader(draft(), tsa=tsa).pdf
        second = self.number(first, tsa=tsa).pdf
        return [first, second, self.seal(second, tsa=tsa).pdf]

    def expected(self) -> list[ExpectedSigner]:
        """Who should have signed what `issued` returns."""
        agency = frozenset({self.fingerprint(AGENCY)})
        return [
            ExpectedSigner("leader", frozenset({self.fingerprint(LEADER)})),
            ExpectedSigner("number", agency),
            ExpectedSigner("seal", agency),
        ]

    def judge(self, pdf: bytes, expected: list[ExpectedSigner] | None = None) -> Report:
        """The verdict as of now."""
        return validate(
            pdf, trust=self.trust, at=now(), expected=expected or [], fetch=self.answers
        )


def draft() -> bytes:
    """An unsigned page that leaves the four places empty."""
    output = BytesIO()
    canvas = Canvas(output, invariant=1)
    canvas.drawString(85, 710, "So:")
    canvas.drawString(152, 710, "/QD-UBND")
    canvas.drawString(300, 710, "Ninh Binh,")
    canvas.drawString(85, 500, "The text of the decision.")
    canvas.showPage()
    canvas.save()
    return output.getvalue()


def foreign(folder: Path) -> Pkcs12Folder:
    """The key of a leader whose authority nobody here trusts."""
    init(folder, [Subject(LEADER, "leader", "Nguyễn Văn Đức", PROVINCE)])
    return Pkcs12Folder(folder / "keys", TrustStore.load(folder / "trust").intermediates)


@cache
def running(age: timedelta = timedelta(days=60)) -> Pki:
    """One PKI of an age for all tests of a run; its server ends with the run."""
    folder = TemporaryDirectory(prefix="lienthong-pki-")
    data = Path(folder.name)
    state = init(data, subjects(), start=now() - age)
    command = [sys.executable, "-m", "tools.pki", "serve", "--data", str(data)]
    server = subprocess.Popen(
        [*command, "--port-file", str(data / "port"), "--fake-time"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    )

    def stop() -> None:
        server.kill()
        server.wait(10)
        folder.cleanup()

    atexit.register(stop)
    eventually(lambda: (data / "port").exists() or _died(server), within=20)
    trust = TrustStore.load(data / "trust")
    keys = Pkcs12Folder(data / "keys", trust.intermediates)
    host = base_url(state).removeprefix("http://")
    return Pki(data, state, keys, trust, RevocationSource(HttpFetch([host], timeout=20)), server)


def _died(server: subprocess.Popen[bytes]) -> bool:
    if server.poll() is not None:
        raise RuntimeError("the test PKI did not start")
    return False
