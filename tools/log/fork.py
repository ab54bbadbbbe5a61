"""`lienthong log fork`: what was lost, and the statement by which two persons decide to go on."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libs.eventstore.bulk import BulkReader
from libs.translog import Checkpoint, Note, Signer, Use, VerifierKey, sign
from libs.translog.files import read_key, write_durably, write_key
from services.audit.sealing.errors import ForkRefused
from services.audit.sealing.fork import PERSONS, STATEMENT, Fork, operators, persons
from services.audit.sealing.forking import Loss, loss
from services.audit.sealing.memory import Memory
from tools.log.keys import log_keys
from tools.log.places import log_folder, state_folder
from tools.platform.database_urls import database_url


@dataclass(frozen=True)
class Decision:
    """What is lost, and how far the decision has come."""

    loss: Loss
    lost: list[dict[str, str | None]]
    fork: Fork | None
    signed_by: list[str]
    new_key: VerifierKey | None

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "shard": str(self.loss.shard.name),
            "sealed": self.loss.known,
            "kept": self.loss.kept,
            "lost": self.lost,
            "not_even_here": max(0, self.loss.known - self.loss.shard.checkpoint.size),
            "shard_not_here": _beyond(self.loss.beyond),
            "new_shard": str(self.fork.new) if self.fork else None,
            "reason": self.fork.reason if self.fork else None,
            "signed_by": self.signed_by,
            "complete": len(self.signed_by) >= PERSONS,
            "new_key": str(self.new_key) if self.new_key else None,
        }


def fork(options: Any) -> Decision:
    """Look, or sign: the first person with a reason, the second what the first one wrote.

    Raises `SealingRefused`, or a `TranslogError`.
    """
    log, state = log_folder(options.folder), state_folder(options.folder)
    keys = log_keys(options.folder)
    with BulkReader(database_url("monitor", options.folder)) as reader:
        memory = Memory.read(state) if (state / "state.json").exists() else Memory()
        found = loss(memory, log, state, lambda name: keys.signer(name).key, reader)
        lost = list(found.lost(reader))
    if not options.sign_with:
        return Decision(found, lost, *_written(state), None)
    note, statement = _statement(state, found, options.reason)
    known = operators(state)
    signer = _operator(options.sign_with, known)
    note = note.with_signatures(sign(note.text, signer))
    new_key = keys.make(statement.new).key
    write_durably(state / STATEMENT, bytes(note), mode=0o600)
    return Decision(found, lost, statement, persons(note, known), new_key)


def _beyond(told: Checkpoint | None) -> dict[str, Any] | None:
    return {"origin": told.origin, "sealed": told.size} if told else None


def make_operator(name: str, path: Path) -> VerifierKey:
    """Make a person's key for such decisions; the public part goes into STATE/operators."""
    if path.exists():
        return Signer.of(name, Use.NOTE, read_key(path)).key
    key = Ed25519PrivateKey.generate()
    write_key(path, key)
    return Signer.of(name, Use.NOTE, key).key


def _statement(state: Path, found: Loss, reason: str | None) -> tuple[Note, Fork]:
    """The statement that is there, if it still says what is so, or a new one."""
    note, at = None, datetime.now(UTC).replace(microsecond=0)
    if (state / STATEMENT).exists():
        note = Note.parse((state / STATEMENT).read_bytes())
        written = Fork.parse(note.text)
        if written == found.statement(written.at, written.reason):
            if reason is not None and reason.strip() != written.reason:
                raise ForkRefused(f"the reason was given by the first person: {written.reason}")
            return note, written
    if reason is None:
        raise ForkRefused("no statement is there that says what is so: give a --reason")
    statement = found.statement(at, reason)
    return Note(statement.text), statement


def _written(state: Path) -> tuple[Fork | None, list[str]]:
    """The statement that is there, and who has signed it."""
    if not (state / STATEMENT).exists():
        return None, []
    note = Note.parse((state / STATEMENT).read_bytes())
    return Fork.parse(note.text), persons(note, operators(state))


def _operator(path: Path, known: list[VerifierKey]) -> Signer:
    private = read_key(path)
    public = private.public_key().public_bytes_raw()
    for key in known:
        if key.public == public:
            return Signer.of(key.name, Use.NOTE, private)
    raise ForkRefused(f"the key in {path} is of nobody who may decide")
