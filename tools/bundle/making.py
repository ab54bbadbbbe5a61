"""Makes bundles: everything of a trace in one ZIP file that anybody can check offline.

The same trace at the same checkpoints makes the same bytes: no clock, no chance.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from libs.blobs import BlobStore
from libs.db import Database
from libs.eventstore import Place
from libs.eventstore.bulk import BulkReader
from libs.translog.files import write_durably
from services.audit import queries
from services.audit.names import Names
from services.audit.proofs import Proofs
from services.audit.shown import shown
from tools.bundle import verify_bundle as check
from tools.bundle.errors import NotAsSealed, NotCaughtUp
from tools.bundle.files import files_of
from tools.bundle.matter import Matter
from tools.bundle.rules import SHOWN, texts
from tools.bundle.sealed import Log, Shard, sealed_events

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
    """The members of the ZIP file, and what the verifier says of them.

    `younger` events of the trace came after the checkpoint, and are not in it.
    """

    members: Mapping[str, bytes]
    found: Mapping[str, Any]
    younger: int


def make(source: Source, trace: UUID) -> Bundle:
    """Make a trace's bundle and check it. Raises `BundleRefused`, `TranslogError`."""
    log = Log(source.proofs)
    sealed, younger = sealed_events(source.reader, log, trace)
    events = [one.as_event("") for one in sealed]
    files, missing = files_of(events, source.blobs)
    subject, lines = _timeline(source, log.end, trace, events)
    used = {one.shard for one in sealed}
    shards = [shard for shard in log.shards if shard.name in used]
    notes = {shard.name: shard.note for shard in shards}
    policy = _policy(shards, source.policy)
    matter = Matter(trace, sealed, notes, policy, files, missing, subject, lines)
    members = matter.members()
    found = check.verify(b"".join(check.packed(members)))
    if not found["verified"]:
        raise NotAsSealed(found["wrong"])
    return Bundle(members, found, younger)


def write(bundle: Bundle, path: Path) -> None:
    """Write the ZIP file, for its owner alone: it is there whole, or not at all."""
    write_durably(path, b"".join(check.packed(bundle.members)), mode=0o600)


def _policy(shards: Sequence[Shard], policy: str) -> str:
    """Whose keys have signed: the logs' that are used, and the platform's witnesses."""
    lines = [f"log {shard.key}" for shard in reversed(shards)]
    lines += [line for line in policy.splitlines() if line.split()[:1] not in ([], ["log"])]
    if not policy:
        lines.append("quorum none")
    return "".join(f"{line}\n" for line in lines)


def _timeline(
    source: Source, end: Place, trace: UUID, events: Sequence[check.Event]
) -> tuple[str, list[dict[str, Any]]]:
    """Subject and lines as the auditor's read models have them at a place in the store."""
    rules = json.loads(texts()["texts/rules.json"])
    facts = {one.entry["id"]: told for one in events if (told := check.told(one, rules))}
    names, deadline = Names(source.blobs), time.monotonic() + PATIENCE
    while True:
        with source.database.unit() as unit:
            found = queries.lines_of(unit.connection, trace, end)
            replicas = queries.replicas(unit.connection, found, end)
            text = queries.texts(unit.connection, [trace], end).get(trace)
        steps = {str(line.event_id) for line in found}
        if steps - facts.keys():
            raise NotAsSealed("the auditor has seen a step that the store does not have any more")
        if steps == facts.keys():
            break
        if time.monotonic() > deadline:
            raise NotCaughtUp("the auditor's read models are behind the log: try again in a moment")
        time.sleep(0.1)
    lines = [
        {**facts[each["event_id"]], **{name: each[name] for name in SHOWN}}
        for each in shown(found, replicas, names)
    ]
    return names.of(text).subject if text else "", lines
