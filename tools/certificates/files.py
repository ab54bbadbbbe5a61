"""Certificates in the files that people bring: PEM, DER, or a signed PDF."""

from __future__ import annotations

import multiprocessing
import resource
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from multiprocessing.connection import Connection
from pathlib import Path

from asn1crypto import pem, x509

from services.signatures.pdf.structure import is_pdf
from services.signatures.pdf.verdict import LARGEST_FILE

_SECONDS = 30.0
_MEMORY = 1024 * 1024 * 1024
_MOST_SIGNATURES = 20


class FileUnreadable(Exception):
    """The file holds no certificate that could be examined."""


@dataclass(frozen=True)
class Brought:
    """Certificates to examine, and others that came along with them."""

    certificates: tuple[x509.Certificate, ...]
    others: tuple[x509.Certificate, ...] = ()


def read(path: Path) -> Brought:
    """The certificates of a file. Raises `FileUnreadable`."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise FileUnreadable(f"{path}: {error.strerror}") from error
    if len(content) > LARGEST_FILE:
        raise FileUnreadable(f"{path}: too large")
    try:
        return _of_pdf(content) if is_pdf(content) else _of_certificates(content)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FileUnreadable(f"{path}: no certificate in PEM or DER, no signed PDF") from error


def parse(der: bytes) -> x509.Certificate:
    """A certificate, every part of it: asn1crypto reads lazily. Raises ValueError."""
    certificate = x509.Certificate.load(der, strict=True)
    certificate.native  # noqa: B018
    return certificate


def _of_certificates(content: bytes) -> Brought:
    if pem.detect(content):
        ders = [der for kind, _, der in pem.unarmor(content, multiple=True) if "CERT" in kind]
    else:
        ders = [content]
    found = tuple(parse(der) for der in ders)
    if not found:
        raise ValueError("no certificate")
    own = tuple(one for one in found if not one.ca) or found
    return Brought(own, found)


def _of_pdf(content: bytes) -> Brought:
    """A stranger's file is taken apart in a child of bounded time and memory."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_take_apart, args=(theirs, content), daemon=True)
    child.start()
    theirs.close()
    try:
        found = ours.recv() if ours.poll(_SECONDS) else None
    except EOFError:
        found = None
    finally:
        child.kill()
        child.join(5)
    if not found:
        raise ValueError("no signature that could be read")
    signers, others = found
    return Brought(tuple(map(parse, signers)), tuple(map(parse, others)))


def _take_apart(pipe: Connection, content: bytes) -> None:
    from pyhanko.pdf_utils.reader import PdfFileReader

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    signers: dict[bytes, None] = {}
    others: dict[bytes, None] = {}
    # Whatever a malformed file raises anywhere in pyHanko, the answer is that nothing was found.
    with suppress(Exception):
        for embedded in PdfFileReader(BytesIO(content)).embedded_signatures[:_MOST_SIGNATURES]:
            signers[embedded.signer_cert.dump()] = None
            others.update({one.dump(): None for one in embedded.other_embedded_certs})
    pipe.send((list(signers), list(others)) if signers else None)
