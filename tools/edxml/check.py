"""All that is wrong with a file, by rule."""

import tempfile
from datetime import date
from itertools import chain
from pathlib import Path

from libs.blobs import open_store
from libs.edxml import (
    BusinessKind,
    DocumentPacket,
    Limits,
    MalformedPacket,
    StatusPacket,
    examine,
)
from tools.edxml import business, files, header
from tools.edxml.rules import RULES, Finding, finding
from tools.edxml.writing import Writing

_OLD_FORM = (b"schemas.xmlsoap.org/soap/envelope", b"www.e-doc.vn/Schema")
_HEAD = 64 * 1024
MOST = 500
"""Findings on one file."""
_GRAVITY = ("error", "warning", "note")

DocumentKey = tuple[str, str]
"""A new document's sender and DocumentId."""


def check(
    path: Path, today: date, known: set[DocumentKey] | None = None, limits: Limits | None = None
) -> list[Finding]:
    """Return the findings on a file in the order of its lines; none means a good packet.

    `known` holds the new documents seen before, and gets this file's. Hostile input is a finding;
    only an `OSError` passes.
    """
    with tempfile.TemporaryDirectory() as folder:
        blobs = open_store(f"file://{folder}")
        try:
            with path.open("rb") as file:
                packet, refused = examine(file, blobs, limits)
        except MalformedPacket as error:
            if error.code in ("xml_invalid", "not_edxml") and _is_old_form(path):
                return [finding("old_form", error.where)]
            return [Finding(RULES[error.code], error.where)]
        found = [Finding(RULES[error.code], error.where) for error in refused]
        writing = Writing(path)
        found += chain(
            header.judge(packet, today),
            business.judge(packet),
            files.judge(packet, blobs),
            _repeated(packet, set() if known is None else known),
            writing.findings,
        )
    found = _gravest(found)
    placed = (Finding(f.rule, f.where, f.detail, writing.line(f.where)) for f in found)
    return sorted(placed, key=lambda each: (each.line or 0, each.where))


def _gravest(found: list[Finding]) -> list[Finding]:
    found = list(dict.fromkeys(found))
    if len(found) <= MOST:
        return found
    found.sort(key=lambda each: _GRAVITY.index(each.rule.severity))
    return [*found[:MOST], finding("more_findings", "edXML", len(found))]


def _is_old_form(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return any(mark in head for mark in _OLD_FORM)


def _repeated(packet: DocumentPacket | StatusPacket, known: set[DocumentKey]) -> list[Finding]:
    """Recall, update and replacement may name a known document; a new one may not."""
    if not isinstance(packet, DocumentPacket):
        return []
    key = (packet.header.sender.organ_id, packet.header.document_id)
    if packet.trace.business.kind is not BusinessKind.NEW or not all(key):
        return []
    repeated = key in known
    known.add(key)
    return [finding("document_known", f"{header.MESSAGE}/DocumentId")] if repeated else []
