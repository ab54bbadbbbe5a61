"""Whoever should answer hangs: the verdict comes all the same, with a reason, by the clock."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from services.signatures.pdf.box import Box
from services.signatures.pdf.isolate import VERDICT_SECONDS, Isolated
from tools.corpus.authority import LEADER, Authority, running
from tools.corpus.certificates import Holder, issue
from tools.corpus.kinds import Bench
from tools.corpus.signing import authority, sign

pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore:Attribute's length")]

WAIT = 1.0  # seconds that others may keep a file waiting in these tests
# Verdicts take a twentieth of a second; the rest is for a busy machine.
BOUND = WAIT + VERDICT_SECONDS


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with running(tmp_path_factory.mktemp("pki")) as authority:
        yield authority


@contextmanager
def hanging(drop: bytes = b"") -> Iterator[str]:
    """`host:port` of a server that takes every call and never ends its answer.

    With a `drop` it sends that again and again, each soon enough to look alive.
    """
    over, calls = threading.Event(), list[socket.socket]()
    server = socket.create_server(("127.0.0.1", 0))

    def drip(call: socket.socket) -> None:
        try:
            call.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not over.wait(0.1):
                call.sendall(drop)
        except OSError:
            return

    def accept() -> None:
        while True:
            try:
                call, _ = server.accept()
            except OSError:
                return
            calls.append(call)
            if drop:
                threading.Thread(target=drip, args=(call,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.getsockname()[1]}"
    finally:
        over.set()
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        for call in calls:
            call.close()


def points_to(url: str) -> tuple[x509.ExtensionType, bool]:
    """The extension that names a revocation list."""
    name = x509.UniformResourceIdentifier(url)
    return x509.CRLDistributionPoints([x509.DistributionPoint([name], None, None, None)]), False


def of_responder(pki: Authority, host: str, *_: str) -> bytes:
    holder = issue("Đỗ Chờ Đợi", pki.holder("localities"), ocsp_url=f"http://{host}/ocsp")
    return sign(Bench(pki).draft, holder.signer)


def of_list(pki: Authority, host: str, *_: str) -> bytes:
    more = [points_to(f"http://{host}/crl")]
    return sign(Bench(pki).draft, issue("Đỗ Chờ Đợi", pki.holder("localities"), more=more).signer)


def of_many(pki: Authority, *hosts: str) -> bytes:
    """As many signers, each with a responder and a list elsewhere: patience is the file's."""
    pdf = Bench(pki).draft
    for host in hosts:
        url, more = f"http://{host}/ocsp", [points_to(f"http://{host}/crl")]
        holder = issue("Đỗ Chờ Đợi", pki.holder("localities"), ocsp_url=url, more=more)
        pdf = sign(pdf, holder.signer, field=f"signature-{host}".replace(".", "-"))
    return pdf


def of_time_stamp(pki: Authority, host: str, *_: str) -> bytes:
    """The signer's own responder answers; that of the time-stamp authority does not."""
    stamper: Holder = issue(
        "TSA",
        pki.holder("localities"),
        purposes=[ExtendedKeyUsageOID.TIME_STAMPING],
        critical_purposes=True,
        ocsp_url=f"http://{host}/ocsp",
    )
    return sign(Bench(pki).draft, pki.issue("Đỗ Hỏi Đáp").signer, tsa=authority(stamper))


@pytest.mark.parametrize(
    ("make", "drop"),
    [
        (of_responder, b""),
        (of_responder, b"0"),
        (of_list, b""),
        (of_many, b""),
        (of_time_stamp, b""),
    ],
    ids=["responder", "responder that drips", "list", "many of both", "of the time-stamp"],
)
def test_a_verdict_does_not_wait_for_who_hangs(
    pki: Authority, make: Callable[..., bytes], drop: bytes
) -> None:
    with ExitStack() as servers:
        hosts = [servers.enter_context(hanging(drop)) for _ in range(4)]
        pdf = make(pki, *hosts)
        setup = replace(pki.setup, hosts=(pki.host, *hosts), fetch_seconds=WAIT)
        with Isolated(setup, seconds=60) as worker:
            worker.start()
            began = time.monotonic()
            report = worker.validate(pdf, at=datetime.now(UTC))
            took = time.monotonic() - began
    assert WAIT <= took < BOUND
    assert (report.verdict, report.pending) == ("INDETERMINATE", True)
    assert "revocation_unknown" in {reason.code for reason in report.reasons}


def test_a_signature_does_not_wait_for_a_time_stamp_authority_that_hangs(
    pki: Authority,
) -> None:
    with hanging() as host:
        setup = replace(
            pki.setup,
            keys=pki.data / "keys",
            hosts=(pki.host, host),
            tsa_urls=(f"http://{host}/tsa",),
            fetch_seconds=WAIT,
        )
        with Isolated(setup, seconds=60) as worker:
            worker.start()
            began = time.monotonic()
            signed = worker.sign_leader(
                Bench(pki).draft, person_id=LEADER, box=Box(0, 330, 150, 500, 225),
                at=datetime.now(UTC),
            )  # fmt: skip
            took = time.monotonic() - began
    assert WAIT <= took < BOUND
    assert (signed.level, signed.revocation) == ("B-B", "good")
