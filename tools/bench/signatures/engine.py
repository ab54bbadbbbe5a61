"""The engine against the cryptography alone, in processor time."""

import gc
import hashlib
import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from services.signatures.pdf.box import Box
from services.signatures.pdf.engine import Engine, Setup
from services.signatures.pdf.isolate import Isolated
from tools.bench.report import Measure, Target, ratio
from tools.corpus.authority import LEADER, Authority, running
from tools.corpus.signing import authority, sign
from tools.pki.architecture import tsa_url

SMALL, LARGE = 100_000, 5_000_000  # bytes
PAGES = 10
BOX = Box(0, 330, 150, 500, 225)


def signing(folder: Path, quick: bool) -> list[Measure]:
    """Small, large, and two workers at once."""
    rounds, small = _rounds(quick), document(SMALL)
    with running(folder) as pki:
        engine = Engine(_setup(pki))
        return [
            _signing(engine, pki, "sign 100 kB, B-B", small, 8, rounds),
            _signing(engine, pki, "sign 5 MB, B-B", document(LARGE), 3, rounds),
            _workers(_setup(pki), small, rounds, files=6 if quick else 60),
        ]


def judging(folder: Path, quick: bool) -> list[Measure]:
    """Small, large, the same file again, and ten signatures with their evidence."""
    rounds, large = _rounds(quick), document(LARGE)
    with running(folder) as pki:
        engine = Engine(_setup(pki))
        return [
            _judging(engine, pki, "judge 100 kB, B-T", document(SMALL), 40, rounds),
            _judging(engine, pki, "judge 5 MB, B-T", large, 4, rounds),
            _again(_setup(pki), pki, large, rounds),
            _ten(engine, pki, rounds),
        ]


def _rounds(quick: bool) -> int:
    return 1 if quick else 15


def _setup(pki: Authority) -> Setup:
    return replace(pki.setup, keys=pki.data / "keys")


def document(size: int) -> bytes:
    """Ten pages of text, and a scanned picture on each that fills the file up to its size."""
    text = _pages(0)
    pixels = max((size - len(text)) // PAGES // 3, 1)
    return _pages(round(pixels**0.5)) if pixels > 1_000 else text


def _pages(side: int) -> bytes:
    chance, output = random.Random(1), BytesIO()  # noqa: S311 - the same file in every run
    canvas = Canvas(output, pageCompression=0, invariant=1)
    for _ in range(PAGES):
        for line in range(50):
            canvas.drawString(
                60, 800 - line * 15, f"{chance.random()} " + "mot dong chu cua van ban " * 4
            )
        if side:
            noise = Image.frombytes("RGB", (side, side), chance.randbytes(side * side * 3))
            canvas.drawImage(ImageReader(noise), 50, 50, 100, 100)
        canvas.showPage()
    canvas.save()
    return output.getvalue()


def _seconds(work: Callable[[], Any]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _floor(pki: Authority, pdf: bytes) -> Callable[[], Any]:
    key: Any = pki.keys.signer(LEADER)._key
    return lambda: (
        key.sign(b"digest", padding.PKCS1v15(), hashes.SHA256()),
        hashlib.sha256(pdf).digest(),
    )


def _side_by_side(
    work: Callable[[], Any], under: Callable[[], Any], rounds: int
) -> tuple[list[float], list[float]]:
    """Seconds of both in turns."""
    work()
    gc.freeze()  # as in a worker
    pairs = [(_seconds(work), _seconds(under)) for _ in range(rounds)]
    return [one for one, _ in pairs], [other for _, other in pairs]


def _signing(
    engine: Engine, pki: Authority, name: str, pdf: bytes, most: float, rounds: int
) -> Measure:
    work = partial(_sign, engine, pdf)
    return ratio(name, *_side_by_side(work, _floor(pki, pdf), rounds), Target("<=", most))


def _sign(engine: Engine | Isolated, pdf: bytes) -> bytes:
    at = datetime.now(UTC)
    return engine.sign_leader(pdf, person_id=LEADER, box=BOX, at=at).pdf


def _judging(
    engine: Engine, pki: Authority, name: str, pdf: bytes, most: float, rounds: int
) -> Measure:
    signed = sign(pdf, pki.keys.signer(LEADER), tsa=authority(pki.holder("tsa")))
    work = partial(_judge, engine, signed)
    note = "one signature and its timestamp; each chain of three, four OCSP answers checked"
    return ratio(name, *_side_by_side(work, _floor(pki, signed), rounds), Target("<=", most), note)


def _judge(engine: Engine | Isolated, signed: bytes) -> None:
    verdict = engine.validate(signed, at=datetime.now(UTC)).verdict
    if verdict != "TOTAL_PASSED":
        raise RuntimeError(f"the bench's own file is {verdict}")


def _again(setup: Setup, pki: Authority, pdf: bytes, rounds: int) -> Measure:
    signed = sign(pdf, pki.keys.signer(LEADER), tsa=authority(pki.holder("tsa")))
    with Isolated(setup) as worker:
        work = partial(_judge, worker, signed)
        pairs = _side_by_side(work, lambda: hashlib.sha256(signed).digest(), rounds)
    return ratio("report of the same 5 MB again / hashing it", *pairs, Target("<=", 1.2))


def _ten(engine: Engine, pki: Authority, rounds: int) -> Measure:
    tsa = authority(pki.holder("tsa"))
    pdf = document(SMALL)
    for number in range(10):
        pdf = sign(pdf, pki.keys.signer(LEADER), tsa=tsa, field=f"signature{number}")
    stamped = Engine(replace(pki.setup, tsa_urls=(tsa_url(pki.state),), fetch_seconds=20))
    kept = stamped.add_evidence(pdf, at=datetime.now(UTC)).pdf
    engine.validate(kept, at=datetime.now(UTC))
    seconds = tuple(_seconds(partial(_judge, engine, kept)) for _ in range(min(rounds, 5)))
    return Measure("judge 10 signatures with archive evidence", "s", seconds, Target("<=", 2))


def _workers(setup: Setup, pdf: bytes, rounds: int, files: int) -> Measure:
    """Wall time of one worker and of two for twice as many files, in turns."""
    repeats = []
    with Isolated(setup) as one, Isolated(setup) as two, ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda worker: _sign(worker, pdf), (one, two)))
        for _ in range(max(rounds // 3, 1)):
            alone = _wall(lambda: _sign_many(one, pdf, files))
            both = _wall(
                lambda: list(threads.map(lambda each: _sign_many(each, pdf, files), (one, two)))
            )
            repeats.append(2 * alone / both)
    note = f"wall time; the load before was {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    return Measure("two signing workers / one", "ratio", tuple(repeats), Target(">=", 1.8), note)


def _sign_many(worker: Isolated, pdf: bytes, files: int) -> None:
    for _ in range(files):
        _sign(worker, pdf)


def _wall(work: Callable[[], Any]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
