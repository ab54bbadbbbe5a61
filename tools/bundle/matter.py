"""All that is told of a trace, as the members of a ZIP file. Pure: the same matter, same bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files as resources
from typing import Any
from uuid import UUID

from libs.translog import Note
from tools.bundle import verify_bundle as check
from tools.bundle.files import kind_of
from tools.bundle.pdf import timeline_pdf
from tools.bundle.rules import as_json, texts
from tools.bundle.sealed import Sealed


@dataclass(frozen=True)
class Matter:
    """A trace, its sealed events and what they name, and the timeline that they make."""

    trace: UUID
    sealed: Sequence[Sealed]
    notes: Mapping[str, Note]
    policy: str
    files: Mapping[str, bytes]
    missing: Mapping[str, str]
    subject: str
    lines: Sequence[Mapping[str, Any]]

    def members(self) -> dict[str, bytes]:
        """The members of the ZIP file by name."""
        logs = {f"log/{name}/checkpoint": bytes(note) for name, note in self.notes.items()}
        policy = check.Policy(self.policy)
        members = {**_always(), **logs, "log/policy": self.policy.encode()}
        for event, one in zip(self.events, self.sealed, strict=True):
            stem = f"events/{event.number}"
            members[f"{stem}.entry.json"] = one.entry
            members[f"{stem}.payload.json"] = one.row.payload
            members[f"{stem}.tlog-proof"] = one.proof
        members |= {f"files/{digest}.{kind_of(body)}": body for digest, body in self.files.items()}
        about = {
            "format": check.FORMAT,
            "trace": str(self.trace),
            "subject": self.subject,
            "log": "; ".join(_told(logs[name], policy) for name in sorted(logs)),
            "events": len(self.sealed),
            "files": len(self.files),
            "missing": dict(sorted(self.missing.items())),
        }
        template = members["texts/page.html"].decode()
        members |= {
            "bundle.json": as_json(about),
            "timeline.json": as_json(self.lines),
            "timeline.html": check.page(template, about, self.lines).encode(),
            "timeline.pdf": timeline_pdf(template, about, self.lines),
        }
        return {**members, "manifest.json": check.manifest(members)}

    @property
    def events(self) -> list[check.Event]:
        """The events as the verifier reads them."""
        return [one.as_event(f"{number:06}") for number, one in enumerate(self.sealed, start=1)]


def _always() -> dict[str, bytes]:
    verifier = (resources("tools.bundle") / "verify_bundle.py").read_bytes()
    return {**texts(), "verify_bundle.py": verifier}


def _told(note: bytes, policy: check.Policy) -> str:
    return "{origin}: {size} mục · entries, root {root}".format(**check.checkpoint(note, policy))
