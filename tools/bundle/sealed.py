"""A trace's events, each with its proof, all under one checkpoint of each log."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from libs.eventstore import Place
from libs.eventstore.bulk import BulkReader
from libs.eventstore.entries import ROW_COLUMNS, Row, entry_of, fields_of, leaf_of
from libs.translog import CHECKPOINT, LogFiles, Note, VerifierKey
from services.audit.proofs import Proofs, last_place, prove_in
from services.audit.sealing.files import KEY
from tools.bundle import verify_bundle as check
from tools.bundle.errors import NotAsSealed, TraceUnknown

_OF_TRACE = f"SELECT {ROW_COLUMNS} FROM es.event WHERE trace = %s ORDER BY tx, position"  # noqa: S608
_OF_STREAMS = (
    f"SELECT {ROW_COLUMNS} FROM es.event"  # noqa: S608
    " WHERE type = ANY (%s) AND stream = ANY (%s) ORDER BY tx, position"
)
# What a reader needs of the directory (names, codes, positions, certificates and what ends their
# use: a revocation, a device that came back or was lost, ADR 15), and of a file's evidence, which
# may have been made for another trace. Requests for certificates decide nothing and their forms
# have people's identity numbers: they stay out.
_ENTRIES = [
    "AgencyRegistered",
    "AgencyClosed",
    "PersonRegistered",
    "PositionAssigned",
    "CertificateRegistered",
    "CertificateRevoked",
    "DeviceHandedOver",
    "DeviceReturned",
    "DeviceLost",
    "DeviceRecovered",
    "ClientRegistered",
    "EvidenceAdded",
    "EvidenceRefused",
]


@dataclass(frozen=True)
class Sealed:
    """An event as the store and the log have it."""

    row: Row
    entry: bytes
    proof: bytes
    shard: str

    def as_event(self, number: str) -> check.Event:
        """As the verifier reads it."""
        return check.event(number, self.entry, self.row.payload)


@dataclass(frozen=True)
class Shard:
    """One log as its newest published checkpoint has it; its files are read once."""

    name: str
    files: LogFiles
    note: Note

    @property
    def key(self) -> VerifierKey:
        """The public key that the log shows."""
        return VerifierKey.parse(self.files.read(KEY).decode().strip())


class Log:
    """All shards that are here, newest first, each frozen at its published checkpoint."""

    def __init__(self, proofs: Proofs) -> None:
        self.shards = []
        for name in reversed(proofs.shards()):
            files = LogFiles(lru_cache(maxsize=None)(proofs.files(name).read))
            try:
                self.shards.append(Shard(str(name), files, files.note(CHECKPOINT)))
            except FileNotFoundError:
                continue  # nothing of it is witnessed so far
        if not self.shards:
            raise TraceUnknown("nothing was sealed and witnessed so far")
        self.end: Place = last_place(self.shards[0].files, self.shards[0].note)

    def prove(self, row: Row) -> Sealed:
        """The proof of a row; raises `NotAsSealed`."""
        for shard in self.shards:
            found = prove_in(shard.files, shard.name, UUID(row.event_id), row.place)
            if found and found.witnessed:
                prev = fields_of(found.entry)["prev"]
                made = entry_of(row, bytes.fromhex(prev) if prev else None)
                if made != found.entry or leaf_of(made) != row.leaf:
                    raise NotAsSealed(f"{row.stream} version {row.version} is not what was sealed")
                return Sealed(row, found.entry, bytes(found.proof), shard.name)
        raise NotAsSealed(
            f"{row.stream} version {row.version} is in no log that is here: is its year archived?"
        )


def sealed_events(reader: BulkReader, log: Log, trace: UUID) -> tuple[list[Sealed], int]:
    """The trace's events, and what they name of the directory and the archive, as it was sealed.

    Also how many events of the trace are younger. Raises `TraceUnknown`, `NotAsSealed`.
    """
    rows = [Row._make(row) for row in reader.ask(_OF_TRACE, trace)]
    known = [row for row in rows if row.place <= log.end]
    if not known:
        raise TraceUnknown(f"no sealed event belongs to trace {trace}")
    streams = sorted(set(_other_streams(known)))
    entries = [Row._make(row) for row in reader.ask(_OF_STREAMS, _ENTRIES, streams)]
    chosen = {row.place: row for row in [*known, *entries] if row.place <= log.end}
    return [log.prove(chosen[place]) for place in sorted(chosen)], len(rows) - len(known)


def _other_streams(rows: Iterable[Row]) -> Iterator[str]:
    """The streams of all who are named in events, were it as an agency, a person or a machine.

    And those of the files' evidence.
    """
    for row in rows:
        kind, _, who = row.handler.partition(":")
        if kind == "machine":
            yield f"client-{who}"
        said = list(check.texts(json.loads(row.payload)))
        for name in filter(_is_id, [row.agency, row.behalf, who.partition("/")[0], *said]):
            yield from (f"{category}-{name}" for category in ("agency", "person", "certificate"))
        yield from (f"evidence-{digest}" for digest in said if check.DIGEST.fullmatch(digest))


def _is_id(text: Any) -> bool:
    try:
        return bool(str(UUID(text)) == text)
    except (ValueError, TypeError, AttributeError):
        return False
