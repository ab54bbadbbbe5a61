"""A small service for tests of the web edge: a shelf of notes, and files that were uploaded."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid5

from marshmallow import Schema, fields, validate

from libs.web.access import AccessTable, Rule
from libs.web.api import Api
from libs.web.body import Limits
from libs.web.call import Call, Reply
from libs.web.commands import KeyReused, StoredReply
from libs.web.problems import not_found
from libs.web.tokens import Verifier

ACCESS = AccessTable(
    {
        "notes.read": Rule(frozenset({"clerk", "leader"}), "own"),
        "notes.write": Rule(frozenset({"clerk"}), "own"),
    }
)
LIMITS = Limits(
    body=64 * 1024, depth=8, uploads=4, upload_wait=0.2, grace=1.5, minimum_rate=1024 * 1024
)
UPLOAD_LIMIT = 8 * 1024 * 1024


class MemoryRunner:
    """A `CommandRunner` whose transaction is a lock and a copy."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[str, StoredReply]] = {}
        self._lock = threading.Lock()

    def run(
        self, caller: str, key: str, request_hash: str, work: Callable[[Any], StoredReply]
    ) -> StoredReply:
        """Once for each caller and key."""
        with self._lock:
            if (caller, key) in self._kept:
                kept_hash, reply = self._kept[caller, key]
                if kept_hash != request_hash:
                    raise KeyReused
                return reply
            reply = work("unit")
            self._kept[caller, key] = (request_hash, reply)
            return reply


class NoteError(Exception):
    """The base of the service's own refusals."""

    code = "note_refused"
    status = 409
    vi = "Không thực hiện được."
    en = "It cannot be done."

    def data(self) -> dict[str, Any]:
        """Nothing to add."""
        return {}


class NoteIsFinal(NoteError):
    """The note may not be changed."""

    code = "note_is_final"

    def __init__(self, note: str) -> None:
        super().__init__("the secret reason")
        self.note = note

    def data(self) -> dict[str, Any]:
        """Which one."""
        return {"note": self.note}


class NoteSchema(Schema):
    """A note's text."""

    text = fields.String(required=True, validate=validate.Length(1, 100))
    tags = fields.List(fields.String(), load_default=list)


class SearchSchema(Schema):
    """What to look for."""

    word = fields.String()
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 100))


@dataclass
class Shelf:
    """What the service remembers."""

    notes: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    runs: int = 0


def build_api(verifier: Verifier, limits: Limits = LIMITS) -> tuple[Api, Shelf]:
    """The service's interface and its memory."""
    shelf = Shelf()
    api = Api(
        "notes", verifier, ACCESS, MemoryRunner(), _caught_up, limits=limits, refusal=NoteError
    )

    _add_notes(api, shelf)
    _add_files(api, shelf)
    return api, shelf


def _add_notes(api: Api, shelf: Shelf) -> None:
    @api.command("/v1/notes", action="notes.write", body=NoteSchema)
    def write(call: Call) -> Reply:
        """Write a note."""
        shelf.runs += 1
        note = str(uuid5(call.command_id, "note"))
        if call.body["text"] == "defect":
            raise RuntimeError("password=hunter2")
        shelf.notes[note] = {"text": call.body["text"], "agency": call.principal.agency}
        return Reply(201, {"note": note, "at": call.now}, etag=1, read_after="epoch:1")

    @api.command("/v1/notes/<uuid:note>", action="notes.write", body=NoteSchema, method="PUT")
    def rewrite(call: Call) -> Reply:
        """Replace a note's text."""
        note = str(call.params["note"])
        call.require_version(1)
        raise NoteIsFinal(note)

    @api.query("/v1/notes/<uuid:note>", action="notes.read")
    def read(call: Call) -> Reply:
        """Show one note."""
        found = shelf.notes.get(str(call.params["note"]))
        if found is None:
            raise not_found()
        call.require_agency(found["agency"])
        return Reply(body={"text": found["text"]}, etag=1)

    @api.query("/v1/notes", action="notes.read", args=SearchSchema)
    def search(call: Call) -> Reply:
        """List the notes."""
        return Reply(body={"limit": call.args["limit"], "notes": sorted(shelf.notes)})


def _add_files(api: Api, shelf: Shelf) -> None:
    @api.upload("/v1/files", action="notes.write", limit=UPLOAD_LIMIT)
    def store(call: Call) -> StoredReply:
        """Keep a file."""
        assert call.upload is not None
        content = b"".join(call.upload.stream)
        digest = hashlib.sha256(content).hexdigest()

        def keep(_call: Call) -> Reply:
            shelf.files[digest] = content
            return Reply(201, {"digest": digest, "size": len(content)})

        return call.upload.commit({"digest": digest}, keep)

    @api.query("/v1/files", action="notes.read")
    def files(_call: Call) -> Reply:
        """List the digests of the kept files."""
        return Reply(body={"digests": sorted(shelf.files)})

    @api.query("/v1/files/<digest>", action="notes.read")
    def download(call: Call) -> Reply:
        """Give a file back."""
        content = shelf.files[call.params["digest"]]
        return Reply(content=[content[:10], content[10:]], headers={"Content-Type": "text/plain"})


def _caught_up(token: str, timeout: float) -> bool:
    if not token.startswith("epoch:"):
        raise ValueError(token)
    return token == "epoch:1" and timeout > 0
