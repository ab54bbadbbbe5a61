"""Signing goes on whatever the time-stamp authority does, and looks as the decree says."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from services.signatures.pdf.box import Box
from services.signatures.pdf.fetch import FetchFailed, HttpFetch
from services.signatures.pdf.pictures import StampRefused
from services.signatures.pdf.sign import sign_leader
from services.signatures.pdf.signed import SigningRefused
from services.signatures.pdf.timestamps import TimestampAuthorities
from tests.support.pki import (
    DATE_BOX,
    LEADER,
    LEADER_BOX,
    NUMBER_BOX,
    SEAL_BOX,
    Pki,
    draft,
    now,
    running,
)


@pytest.fixture(scope="module")
def pki() -> Pki:
    return running()


DOTS_PER_INCH = 100


class _Answering(BaseHTTPRequestHandler):
    wait: threading.Event | None = None
    body = b"rubbish"

    def do_POST(self) -> None:
        if self.wait is not None:
            self.wait.wait(20)
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def authority(body: bytes = b"rubbish", hanging: bool = False) -> Iterator[str]:
    """A server that answers every request with `body`, or not before the test is over."""
    released = threading.Event()
    handler = type("Handler", (_Answering,), {"body": body, "wait": released if hanging else None})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        released.set()
        server.shutdown()
        server.server_close()


def at_authority(host: str) -> TimestampAuthorities:
    fetch = HttpFetch([host], timeout=0.5)
    return TimestampAuthorities([f"http://{host}/tsa"], fetch, running().trust)


def test_with_a_timestamp_in_time_the_level_is_b_t(pki: Pki) -> None:
    signed = pki.leader(draft(), tsa=pki.tsa())
    assert (signed.level, pki.judge(signed.pdf).signatures[0].level) == ("B-T", "B-T")
    assert signed.certificate_sha256 == pki.fingerprint(LEADER)


def test_a_dead_authority_does_not_stop_the_document(pki: Pki) -> None:
    signed = pki.leader(draft(), tsa=at_authority("127.0.0.1:1"))
    assert signed.level == "B-B"
    assert pki.judge(signed.pdf).verdict == "TOTAL_PASSED"


def test_a_hanging_authority_costs_its_limit_once(pki: Pki) -> None:
    with authority(hanging=True) as host:
        tsa = at_authority(host)
        started = time.monotonic()
        levels = [pki.leader(draft(), tsa=tsa).level for _ in range(3)]
    assert levels == ["B-B"] * 3
    assert time.monotonic() - started < 2 * 0.5 + 1  # the second and third do not even ask


@pytest.mark.parametrize("body", [b"", b"rubbish", b"0" * 100, b"\x30\x03\x02\x01\x00"])
def test_a_confused_authority_does_not_stop_the_document(pki: Pki, body: bytes) -> None:
    with authority(body) as host:
        signed = pki.leader(draft(), tsa=at_authority(host))
    assert signed.level == "B-B"
    assert pki.judge(signed.pdf).verdict == "TOTAL_PASSED"


def test_an_answer_without_end_is_cut_off(pki: Pki) -> None:
    with authority(b"\0" * 5_000_000) as host:
        signed = pki.leader(draft(), tsa=at_authority(host))
    assert signed.level == "B-B"


def test_levels_may_be_mixed(pki: Pki) -> None:
    first = pki.leader(draft(), tsa=pki.tsa()).pdf
    report = pki.judge(pki.seal(pki.number(first).pdf, tsa=pki.tsa()).pdf, pki.expected())
    assert report.verdict == "TOTAL_PASSED"
    assert [one.level for one in report.signatures] == ["B-T", "B-B", "B-T"]


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest", "file:///etc/passwd", "http://127.0.0.1:x/", "ftp://a/b", ""],
)
def test_only_listed_hosts_are_asked(url: str) -> None:
    import asyncio

    with pytest.raises(FetchFailed):
        asyncio.run(HttpFetch(["tsa.ca.gov.vn:80"])(url, b"", "text/plain"))


@pytest.mark.parametrize("pdf", [b"", b"rubbish", draft()[:300]])
def test_what_is_no_pdf_is_refused(pki: Pki, pdf: bytes) -> None:
    with pytest.raises(SigningRefused) as refusal:
        pki.leader(pdf)
    assert refusal.value.code == "pdf_not_signable"


def test_a_page_that_is_not_there_is_refused(pki: Pki) -> None:
    with pytest.raises(SigningRefused):
        sign_leader(
            draft(),
            signer=pki.keys.signer(LEADER),
            person_id=LEADER,
            box=Box(7, 1, 1, 99, 99),
            tsa=None,
            at=now(),
        )


@pytest.mark.parametrize("picture", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\nrubbish", b"0" * 2_000_001])
def test_a_picture_that_is_no_png_is_refused(pki: Pki, picture: bytes) -> None:
    with pytest.raises(StampRefused):
        sign_leader(
            draft(),
            signer=pki.keys.signer(LEADER),
            person_id=LEADER,
            box=LEADER_BOX,
            tsa=None,
            at=now(),
            picture=picture,
        )


def rendered(pdf: bytes, folder: Path) -> Image.Image:
    (folder / "page.pdf").write_bytes(pdf)
    command = ["pdftoppm", "-r", str(DOTS_PER_INCH), "-png", "-singlefile"]
    subprocess.run([*command, str(folder / "page.pdf"), str(folder / "page")], check=True)
    return Image.open(folder / "page.png").convert("RGB")


def colours(page: Image.Image, box: Box) -> dict[str, int]:
    """How many pixels of a place are red, blue, black."""
    scale = DOTS_PER_INCH / 72
    place = page.crop(
        (
            round(box.x1 * scale),
            round(page.height - box.y2 * scale),
            round(box.x2 * scale),
            round(page.height - box.y1 * scale),
        )
    )
    count = {"red": 0, "blue": 0, "black": 0}
    data = place.tobytes()
    for red, green, blue in zip(data[::3], data[1::3], data[2::3], strict=True):
        count["red"] += red > 180 and green < 120 and blue < 120
        count["blue"] += blue > 120 and red < 110 and green < 120
        count["black"] += red < 80 and green < 80 and blue < 80
    return count


def test_the_page_shows_blue_signature_red_seal_black_number_and_date(
    pki: Pki, tmp_path: Path
) -> None:
    signed = pki.seal(pki.number(pki.leader(draft()).pdf).pdf).pdf
    page = rendered(signed, tmp_path)
    middle = (LEADER_BOX.x1 + LEADER_BOX.x2) / 2
    right_of_seal = Box(0, middle, LEADER_BOX.y1, LEADER_BOX.x2, LEADER_BOX.y2)
    left_of_signature = Box(0, SEAL_BOX.x1, SEAL_BOX.y1, LEADER_BOX.x1, SEAL_BOX.y2)
    assert colours(page, right_of_seal)["blue"] > 100
    assert colours(page, right_of_seal)["red"] == 0
    assert colours(page, left_of_signature)["red"] > 300
    for place in (NUMBER_BOX, DATE_BOX):
        assert colours(page, place)["black"] > 20
        assert colours(page, place)["red"] == colours(page, place)["blue"] == 0


def test_a_leaders_own_picture_is_shown(pki: Pki, tmp_path: Path) -> None:
    output = BytesIO()
    Image.new("RGBA", (300, 100), (10, 20, 200, 255)).save(output, "PNG")
    signed = sign_leader(
        draft(),
        signer=pki.keys.signer(LEADER),
        person_id=LEADER,
        box=LEADER_BOX,
        tsa=None,
        at=now(),
        picture=output.getvalue(),
    )
    assert colours(rendered(signed.pdf, tmp_path), LEADER_BOX)["blue"] > 5_000
    assert pki.judge(signed.pdf).verdict == "TOTAL_PASSED"
