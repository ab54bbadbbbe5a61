"""Whose signatures are believed: a policy's, a named key's, or what the log itself says."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from libs.translog import (
    Accepted,
    Checkpoint,
    LogFiles,
    Malformed,
    Note,
    Policy,
    PolicyRefused,
    VerifierKey,
)
from services.audit.sealing.files import KEY
from tools.log.places import LogUnreachable
from tools.platform.installation import Installation
from tools.platform.log import LogHome


@dataclass(frozen=True)
class Trust:
    """Accepts checkpoints. `self_told`: the key is the one that the log itself shows."""

    policy: Policy | None
    key: VerifierKey | None = None
    self_told: bool = False

    @classmethod
    def of(cls, options: Any, files: LogFiles | None) -> Self:
        """What `--policy` or `--key` say; without them, and with files, the key beside the log."""
        if options.policy:
            return cls(Policy.parse(Path(options.policy).read_text("utf-8")))
        if options.key:
            return cls(None, VerifierKey.parse(options.key))
        if files is None:
            raise LogUnreachable("name whom you trust: --policy FILE or --key VKEY")
        try:
            return cls(None, VerifierKey.parse(files.read(KEY).decode().strip()), self_told=True)
        except FileNotFoundError as error:
            text = "the log does not show its key: name it by --policy or --key"
            raise LogUnreachable(text) from error
        except UnicodeDecodeError as error:
            raise Malformed("the key beside the log is no text") from error

    def accept(self, note: Note) -> Accepted:
        """What a note says, and who vouches; raises a `TranslogError` when that is too few."""
        if self.policy:
            return self.policy.accept(note)
        assert self.key
        return Accepted(self.signed_by_the_log(note), self.key, {})

    def signed_by_the_log(self, note: Note) -> Checkpoint:
        """What a note says under the log's own signature alone; raises a `TranslogError`."""
        checkpoint = Checkpoint.parse(note.text)
        known = [party.key for party in self.policy.logs] if self.policy else [self.key]
        keys = [key for key in known if key and key.name == checkpoint.origin]
        if not keys:
            raise PolicyRefused(f"no key of {checkpoint.origin[:200]} is trusted")
        note.signed_by(keys)
        return checkpoint


def own_policy(run: Path) -> str | None:
    """LOG_POLICY, else the platform's own, if it names logs."""
    path = os.environ.get("LOG_POLICY")
    if path is None and not os.environ.get("LOG_DIR"):
        try:
            path = str(LogHome(Installation.open(run)).policy)
        except FileNotFoundError:
            return None
    if path and Path(path).exists() and Policy.parse(Path(path).read_text("utf-8")).logs:
        return path
    return None
