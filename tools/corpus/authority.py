"""The PKI of the corpus: the platform's own test PKI, and certificates that break one rule each."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from werkzeug.serving import make_server

from services.signatures.keys import Pkcs12Folder
from services.signatures.pdf.engine import Setup
from services.signatures.pdf.fetch import HttpFetch
from services.signatures.pdf.timestamps import TimestampAuthorities
from services.signatures.pdf.trust import TrustStore
from tools.corpus.certificates import Holder, issue
from tools.corpus.responder import PATH, Responder, answer
from tools.pki.architecture import base_url, build, tsa_url
from tools.pki.issue import certificate_pem, init
from tools.pki.server import Services
from tools.pki.store import State, Subject

LEADER, AGENCY, REVOKED, EXPIRED, FUTURE, ENCRYPTING = (
    f"0190a000-0000-7000-8000-0000000001{number:02x}" for number in range(6)
)
PROVINCE = "Ủy ban nhân dân tỉnh Ninh Bình"


@dataclass
class Authority:
    """The running PKI. `keys` signs for its people; `issue` makes certificates of any kind."""

    data: Path
    state: State
    keys: Pkcs12Folder
    trust: TrustStore
    responder: Responder
    _holders: dict[str, Holder] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return base_url(self.state).removeprefix("http://")

    @property
    def fetch(self) -> HttpFetch:
        return HttpFetch([self.host], timeout=20)

    @property
    def tsa(self) -> TimestampAuthorities:
        return TimestampAuthorities([tsa_url(self.state)], self.fetch, self.trust)

    @property
    def setup(self) -> Setup:
        """For a worker that judges the corpus."""
        return Setup(trust=self.data / "trust", hosts=(self.host,))

    def holder(self, name: str) -> Holder:
        """One of the PKI's own authorities with its key, such as `localities` or `tsa`."""
        if name not in self._holders:
            pem = certificate_pem(build(self.data, self.state), name)
            key: Any = load_pem_private_key((self.data / "ca" / f"{name}.pem").read_bytes(), None)
            self._holders[name] = Holder(x509.load_pem_x509_certificate(pem), key)
        return self._holders[name]

    def issue(
        self,
        name: str,
        issuer: Holder | None = None,
        *,
        told: Callable[[Holder], bytes] | None = None,
        **form: Any,
    ) -> Holder:
        """A certificate under `issuer` (else the people's authority); OCSP says that it is good.

        `told` makes another OCSP answer of the finished holder.
        """
        issuer = issuer or self.holder("localities")
        label = f"{len(self.responder.answers)}"
        url = f"{base_url(self.state)}{PATH}{label}"
        made = issue(name, issuer, ocsp_url=url, **form)
        tell = told or (lambda holder: self.good(holder, issuer))
        self.responder.answers[label] = lambda: tell(made)
        return made

    def good(self, holder: Holder, issuer: Holder | None = None, **how: Any) -> bytes:
        """The usual OCSP answer: signed by the responder that the issuer appointed."""
        issuer = issuer or self.holder("localities")
        appointed = self.holder("ocsp-localities")
        if issuer.certificate != self.holder("localities").certificate:
            appointed = issuer  # an authority may answer for itself
        return answer(holder.certificate, issuer.certificate, appointed, **how)


@contextmanager
def running(data: Path) -> Iterator[Authority]:
    """The PKI in a folder, served until the block ends; made when it is not there yet."""
    now = datetime.now(UTC)
    state = init(data, _subjects(now), start=now - timedelta(days=60))
    trust = TrustStore.load(data / "trust")
    keys = Pkcs12Folder(data / "keys", trust.intermediates)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    responder = Responder(Services(data, fake_time=False))
    server = make_server("127.0.0.1", state.port, responder, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Authority(data, state, keys, trust, responder)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _subjects(now: datetime) -> list[Subject]:
    past, future = now - timedelta(days=30), now + timedelta(days=30)
    encrypting = ("key_encipherment", "data_encipherment")
    return [
        Subject(LEADER, "leader", "Nguyễn Văn Đức", PROVINCE),
        Subject(AGENCY, "seal", PROVINCE, PROVINCE),
        Subject(REVOKED, "leader", "Lê Thu Hồi", PROVINCE, revoked_at=past.isoformat()),
        Subject(
            EXPIRED,
            "leader",
            "Phạm Hết Hạn",
            PROVINCE,
            valid_from=past.isoformat(),
            valid_to=(past + timedelta(days=20)).isoformat(),
        ),
        Subject(FUTURE, "leader", "Bùi Chưa Tới", PROVINCE, valid_from=future.isoformat()),
        Subject(ENCRYPTING, "leader", "Vũ Mã Hóa", PROVINCE, key_usages=encrypting),
    ]
