"""The data folder of the test PKI: who has a certificate, from when, with which key.

DIR/pki.json            port, creation time, subjects (written last, atomically)
DIR/ca/*.pem            private keys of the authorities, mode 0600
DIR/ca/people/<id>.pem  public keys of the subjects
DIR/trust/*.pem         roots and intermediates: the trust store folder of a verifier
DIR/keys/<id>.p12       a leader's or seal's key and certificate; passphrase in <id>.pin, mode 0600
DIR/service-keys/       the same of agencies' service keys
DIR/certificates/<id>.pem, of a service key <id>-service.pem
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

KINDS = ("leader", "seal", "service")
OFFICIAL_USAGES = ("digital_signature", "non_repudiation")


class SubjectRefused(ValueError):
    """A subject that cannot be given a certificate; the message says which field and why."""


@dataclass(frozen=True)
class Subject:
    """One person or agency. Times are ISO 8601 with a zone; empty means: valid 3 years from init.

    `valid_from`, `valid_to`, `revoked_at` and `key_usages` exist so that bad certificates can
    be had for tests of verifiers.
    """

    id: str
    kind: Literal["leader", "seal", "service"]
    common_name: str
    organization: str
    valid_from: str = ""
    valid_to: str = ""
    revoked_at: str = ""
    key_usages: tuple[str, ...] = OFFICIAL_USAGES

    @property
    def label(self) -> str:
        """Its name in the PKI: an agency has a seal and a service key."""
        return f"{self.id}-service" if self.kind == "service" else self.id

    @property
    def key_file(self) -> str:
        """Where its key lies below the data folder, without an ending."""
        return f"{'service-keys' if self.kind == 'service' else 'keys'}/{self.id}"


@dataclass(frozen=True)
class State:
    """Everything the certificates depend on: the same state and keys give the same bytes."""

    port: int
    created_at: str
    subjects: tuple[Subject, ...] = ()


def subject(entry: Any) -> Subject:
    """Read one entry of subjects.json. Raises `SubjectRefused`."""
    if not isinstance(entry, dict):
        raise SubjectRefused("a subject must be an object")
    try:
        read = Subject(**{**entry, "key_usages": tuple(entry.get("key_usages", OFFICIAL_USAGES))})
        UUID(read.id)
    except (TypeError, ValueError, AttributeError) as error:
        raise SubjectRefused(f"subject {str(entry.get('id'))[:40]!r}: {error}") from error
    if read.kind not in KINDS:
        raise SubjectRefused(f"subject {read.id}: kind must be one of {KINDS}")
    for name in ("common_name", "organization"):
        value = getattr(read, name)
        if not isinstance(value, str) or not 1 <= len(value) <= 200:
            raise SubjectRefused(f"subject {read.id}: {name} must be text of 1 to 200 characters")
    for name in ("valid_from", "valid_to", "revoked_at"):
        _check_instant(read.id, name, getattr(read, name))
    return read


def _check_instant(subject_id: str, name: str, value: Any) -> None:
    if value == "":
        return
    try:
        zone = datetime.fromisoformat(value).tzinfo
    except (TypeError, ValueError) as error:
        raise SubjectRefused(f"subject {subject_id}: {name} is not a time") from error
    if zone is None:
        raise SubjectRefused(f"subject {subject_id}: {name} has no time zone")


def read_subjects(path: Path) -> list[Subject]:
    """The subjects of a subjects.json file. Raises `SubjectRefused`."""
    try:
        entries = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise SubjectRefused(f"{path.name} is not JSON") from error
    if not isinstance(entries, list):
        raise SubjectRefused(f"{path.name} must hold a list")
    return [subject(entry) for entry in entries]


def load(data: Path) -> State:
    """The state of a folder that `init` has written. Raises FileNotFoundError."""
    raw = json.loads((data / "pki.json").read_text("utf-8"))
    return State(
        port=raw["port"],
        created_at=raw["created_at"],
        subjects=tuple(subject(entry) for entry in raw["subjects"]),
    )


def save(data: Path, state: State) -> None:
    """Replace the state in one step, so that a server that reads it never sees a half."""
    content = json.dumps(asdict(state), ensure_ascii=False, indent=1)
    write(data / "pki.json", content.encode("utf-8"), mode=0o600)


def write(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file whole or not at all, with the mode from its first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    partial.replace(path)


def merged(known: Sequence[Subject], new: Sequence[Subject]) -> tuple[Subject, ...]:
    """Known subjects first and unchanged: an issued certificate is never rewritten."""
    labels = {entry.label for entry in known}
    return (*known, *{entry.label: entry for entry in new if entry.label not in labels}.values())
