"""Makes bundles: everything of a trace in one ZIP file that anybody can check offline.

The same trace at the same checkpoints makes the same bytes: no clock, no chance.
"""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path
from typing import Any
from uuid import UUID

from libs.blobs import BlobStore
from libs.db import Database
from libs.eventstore import Place
from libs.eventstore.bulk import BulkReader
from services.audit import queries
from services.audit.names import Names
from services.audit.proofs import Proofs
from services.audit.shown import shown
from tools.bundle import verify_bundle as check
from tools.bundle.errors import NotAsSealed, NotCaughtUp
from tools.bundle.files import files_of, kind_of
from tools.bundle.rules import SHOWN, as_json, texts
from tools.bundle.sealed import Log, Sealed, sealed_events

PATIENCE = 10.0
"""Seconds in which the auditor's read models have to come as far as the checkpoint."""


@dataclass(frozen=True)
class Source:
    """Where a bundle is made from: the store and read models as role audit, blobs, the log."""

    reader: BulkReader
    database: Database
    blobs: BlobStore
    proofs: Proofs
    policy: str = ""


@dataclass(frozen=True)
class Bundle:
    """The members of the ZIP file; `younger` events of the trace came after the checkpoint."""

    members: dict[str, bytes]
    younger: int
    found: dict[str, Any]


def make(source: Source, trace: UUID) -> Bundle:
    """Make a trace's bundle and check it. Raises `BundleRefused`, `TranslogError`."""
    log = Log(source.proofs)
    sealed, younger = sealed_events(source.reader, log, trace)
    events = [one.as_event(f"{number:06}") for number, one in enumerate(sealed, start=1)]
    files, missing = files_of(events, source.blobs)
    members = {**_always(), **_log(log, sealed, source.policy)}
    for event, one in zip(events, sealed, strict=True):
        stem = f"events/{event.number}"
        members |= {
            f"{stem}.entry.json": one.entry,
            f"{stem}.payload.json": one.row.payload,
            f"{stem}.tlog-proof": one.proof,
        }
    members |= {f"files/{digest}.{kind_of(body)}": body for digest, body in files.items()}
    subject, lines = _timeline(source, log.end, trace, events)
    about = {
        "format": check.FORMAT,
        "trace": str(trace),
        "subject": subject,
        "log": check.described(_checkpoints(members)),
        "events": len(events),
        "files": len(files),
        "missing": missing,
    }
    template = members["texts/page.html"].decode()
    members |= {
        "bundle.json": as_json(about),
        "timeline.json": as_json(lines),
        "timeline.html": check.page(template, about, lines).encode(),
    }
    members["manifest.json"] = check.manifest(members)
    return Bundle(members, younger, _checked(members))


def write(bundle: Bundle, path: Path) -> None:
    """Write the ZIP file: it is there whole, or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        file.writelines(check.packed(bundle.members))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _always() -> dict[str, bytes]:
    verifier = (resources("tools.bundle") / "verify_bundle.py").read_bytes()
    return {**texts(), "verify_bundle.py": verifier}


def _log(log: Log, sealed: Sequence[Sealed], policy: str) -> dict[str, bytes]:
    """The checkpoints under which the events are proven, and whose keys have signed these."""
    used = {one.shard for one in sealed}
    shards = [shard for shard in log.shards if shard.name in used]
    lines = [f"log {shard.key}" for shard in shards]
    lines += [line for line in policy.splitlines() if line.split()[:1] not in ([], ["log"])]
    if not policy:
        lines.append("quorum none")
    return {
        "log/policy": "".join(f"{line}\n" for line in lines).encode(),
        **{f"log/{shard.name}/checkpoint": bytes(shard.note) for shard in shards},
    }


def _timeline(
    source: Source, end: Place, trace: UUID, events: Sequence[check.Event]
) -> tuple[str, list[dict[str, Any]]]:
    """Subject and lines as the auditor's read models have them at a place in the store."""
    rules = json.loads(texts()["texts/rules.json"])
    wanted = {one.entry["id"] for one in events if check.told(one, rules)}
    names, deadline = Names(source.blobs), time.monotonic() + PATIENCE
    while True:
        with source.database.unit() as unit:
            found = queries.lines_of(unit.connection, trace, end)
            replicas = queries.replicas(unit.connection, found, end)
            text = queries.texts(unit.connection, [trace], end).get(trace)
        if {str(line.event_id) for line in found} >= wanted:
            break
        if time.monotonic() > deadline:
            raise NotCaughtUp("the auditor's read models are behind the log: try again in a moment")
        time.sleep(0.1)
    lines = [_line(each) for each in shown(found, replicas, names)]
    return names.of(text).subject if text else "", lines


def _checkpoints(members: dict[str, bytes]) -> list[dict[str, Any]]:
    policy = check.Policy(members["log/policy"].decode())
    notes = [body for name, body in sorted(members.items()) if name.endswith("/checkpoint")]
    return [check.checkpoint(note, policy) for note in notes]


_FACTS = (
    "at", "event_id", "event_type", "agency_id", "handler_id", "action", "action_en", "status_code",
)  # fmt: skip


def _line(each: dict[str, Any]) -> dict[str, Any]:
    return {name: each[name] for name in (*_FACTS, *SHOWN)}


def _checked(members: dict[str, bytes]) -> dict[str, Any]:
    """What the verifier says of the bundle that would be written. Raises `NotAsSealed`."""
    found = check.verify(b"".join(check.packed(members)))
    if not found["verified"]:
        raise NotAsSealed(found["wrong"])
    return found
