"""A small trace with all that a bundle has (log, witness, files, lines), and hands that forge."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

import rfc8785

from libs.eventstore.entries import Row, entry_of, leaf_of
from libs.translog import Checkpoint, LogProof, Note, Use, cosign, prove_inclusion
from services.audit.shown import SYSTEM
from tests.support.translog_log import ORIGIN, SampleLog, numbered, signer
from tools.bundle import verify_bundle as check
from tools.bundle.matter import Matter
from tools.bundle.rules import texts
from tools.bundle.sealed import Sealed

TRACE = UUID(int=7)
OTHER = UUID(int=8)
WITNESS = signer("witness.h43.example", Use.COSIGNATURE, seed=5)
AGENCY, PERSON, POSITION, DOCUMENT = (str(uuid5(TRACE, name)) for name in ("a", "p", "q", "d"))
SUBJECT = "Về việc kiểm tra <gói> chứng cứ"
CARD = rfc8785.dumps({"full_name": "Trần Thị Bưởi", "salt": "x"})
TEXT = rfc8785.dumps({"subject": SUBJECT})
PDF = b"%PDF-1.7 a file"
ANSWER = b"0\x82\1\0 what a responder answered"
GONE = sha256(b"erased").hexdigest()
SHARD = "2026"


def digest(body: bytes) -> str:
    return sha256(body).hexdigest()


_MATERIAL = [{"kind": "ocsp", "sha256": digest(ANSWER)}]
REPORT = rfc8785.dumps({"verdict": "TOTAL_PASSED", "material": _MATERIAL})


@dataclass
class Store:
    """Rows in the store's order, each following from the one before in its stream."""

    rows: list[Row]
    entries: list[bytes]

    def add(
        self, kind: str, stream: str, fields: Mapping[str, Any], trace: UUID = TRACE, **more: Any
    ) -> None:
        before = [row for row in self.rows if row.stream == stream]
        number = len(self.rows) + 1
        at = f"2026-11-22 01:{number:02}:00.000001+00"
        row = Row(
            tx=100 + number, position=number, stream=stream, version=len(before) + 1,
            category=stream.partition("-")[0], event_id=str(UUID(int=1000 + number)), type=kind,
            schema=1, agency=AGENCY, handler=f"person:{PERSON}/{POSITION}", behalf=None,
            occurred_at=at, recorded_at=at, trace=str(trace), correlation=None, causation=None,
            payload=rfc8785.dumps(dict(fields)), leaf=b"",
        )._replace(**more)  # fmt: skip
        entry = entry_of(row, before[-1].leaf if before else None)
        self.rows.append(row._replace(leaf=leaf_of(entry)))
        self.entries.append(entry)


def store(pdf: bytes = PDF) -> Store:
    """One document from draft to issue, with its directory, and a register that others use too."""
    made, document = Store([], []), f"document-{DOCUMENT}"
    code = {"code": "H42", "scheme": "qd20", "valid_from": "2020-01-01"}
    agency = {"agency_id": AGENCY, "tier": 3, "name": "Sở Nội vụ", "codes": [code]}
    made.add("AgencyRegistered", f"agency-{AGENCY}", agency, OTHER)
    person = {"person_id": PERSON, "card": digest(CARD)}
    made.add("PersonRegistered", f"person-{PERSON}", person, OTHER)
    position = {
        "position_id": POSITION,
        "person_id": PERSON,
        "title": "Chuyên viên",
        "unit": "Văn phòng",
    }
    made.add("PositionAssigned", f"person-{PERSON}", position, OTHER)
    mine = {"document_id": DOCUMENT, "agency_id": AGENCY}
    made.add("DocumentDrafted", document, {**mine, "text": digest(TEXT)})
    made.add("DraftReturned", document, {**mine, "note": GONE})
    made.add("DocumentRendered", document, {**mine, "file": digest(pdf)})
    made.add("NumberTaken", "register-r", {"register_id": "r", "number": 4}, OTHER)
    made.add("NumberTaken", "register-r", {"register_id": "r", "number": 5, **mine})
    made.add("DocumentNumbered", document, {**mine, "number": 5, "notation": "BC-SNV"})
    made.add(
        "DocumentIssued", document, {**mine, "file": digest(pdf), "number": 5, "notation": "BC-SNV"}
    )
    fields = {**mine, "verdict": "TOTAL_PASSED", "report": digest(REPORT)}
    made.add("ArrivalVerified", document, fields, handler="system:documents")
    return made


def matter(
    rows: Store | None = None, left_out: tuple[int, ...] = (6,), quorum: str = "w", **more: Any
) -> Matter:
    """What a bundle is made of; rows by number are left out, as those of other traces are."""
    made = rows or store()
    log = SampleLog().grow([*numbered(3), *made.entries, *numbered(40)])
    note = log.checkpoint()
    note = note.with_signatures(cosign(note.text, WITNESS, at=1_795_000_000))
    sealed = []
    for place, (row, entry) in enumerate(zip(made.rows, made.entries, strict=True)):
        path = tuple(prove_inclusion(place + 3, log.tree.size, log.read))
        if place not in left_out:
            sealed.append(Sealed(row, entry, bytes(LogProof(place + 3, path, note)), SHARD))
    files = {digest(body): body for body in (CARD, TEXT, PDF, REPORT, ANSWER)}
    parts: dict[str, Any] = {
        "trace": TRACE, "sealed": sealed, "notes": {SHARD: note}, "files": files,
        "policy": f"log {log.signer.key}\nwitness w {WITNESS.key}\nquorum {quorum}\n",
        "missing": {GONE: "erased"}, "subject": SUBJECT, "lines": lines_of(sealed),
    }  # fmt: skip
    return Matter(**{**parts, **more})


def lines_of(sealed: list[Sealed]) -> list[dict[str, Any]]:
    """The timeline as an auditor's read models have it."""
    rules, lines = json.loads(texts()["texts/rules.json"]), []
    for one in sealed:
        facts = check.told(one.as_event(""), rules)
        machine = one.row.handler.startswith("system")
        if facts:
            shown = {
                "agency_code": "H42", "agency_name": "Sở Nội vụ", "unit": "", "assignee": "",
                "handler": SYSTEM if machine else "Trần Thị Bưởi",
                "position": "" if machine else "Chuyên viên",
                "counterpart": "", "document_code": "05/BC-SNV",
            }  # fmt: skip
            lines.append({**facts, **shown})
    return lines


def zipped(members: Mapping[str, bytes]) -> bytes:
    """The bundle's bytes."""
    return b"".join(check.packed(members))


def forged(members: Mapping[str, bytes], **changes: bytes | None) -> bytes:
    """A bundle whose maker lies in some members, and makes the rest fit again."""
    changed = {**members, **changes}
    kept = {name: body for name, body in changed.items() if body is not None}
    return zipped({**kept, "manifest.json": check.manifest(kept)})


def shortened(members: Mapping[str, bytes], kept: Callable[[Any, str], bool]) -> bytes:
    """The bundle of a maker who leaves events out, and tells the rest rightly.

    `kept` is asked with each entry and the origin of the log that proves it.
    """
    changed: dict[str, bytes | None] = {}
    gone, origins = set(), set()
    for name in members:
        if name.endswith(".entry.json"):
            stem, entry = name.partition(".")[0], json.loads(members[name])
            checkpoint = LogProof.parse(members[f"{stem}.tlog-proof"]).checkpoint
            origin = Checkpoint.parse(checkpoint.text).origin
            if kept(entry, origin):
                origins.add(origin)
                continue
            gone.add(entry["id"])
            changed |= {each: None for each in members if each.startswith(f"{stem}.")}
    notes = {name: Note.parse(members[name]) for name in members if name.endswith("/checkpoint")}
    for name, note in notes.items():
        if Checkpoint.parse(note.text).origin not in origins:
            changed[name] = None
    about = json.loads(members["bundle.json"])
    about["events"] -= len(gone)
    logs = about["log"].split("; ")
    about["log"] = "; ".join(each for each in logs if each.partition(": ")[0] in origins)
    lines = [each for each in json.loads(members["timeline.json"]) if each["event_id"] not in gone]
    changed["timeline.json"] = json.dumps(lines).encode()
    changed["bundle.json"] = json.dumps(about).encode()
    page = check.page(members["texts/page.html"].decode(), about, lines)
    return forged(members, **{**changed, "timeline.html": page.encode()})


__all__ = ["ORIGIN", "forged", "matter", "shortened", "store", "zipped"]
