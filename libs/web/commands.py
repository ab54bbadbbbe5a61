"""What happens once: a command's key, its fingerprint, and the reply that a repeat gets."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import NAMESPACE_URL, UUID, uuid5

from libs.web.problems import Problem, malformed

_KEY = re.compile(r"[!-~]{1,128}")


@dataclass(frozen=True)
class StoredReply:
    """A command's answer in the form that is kept for repeats: JSON values only.

    `once` is told to the first caller alone, and kept nowhere.
    """

    status: int
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    read_after: str | None = None
    once: dict[str, Any] = field(default_factory=dict)


class KeyReused(Exception):
    """The caller's key belongs to a command with another body."""


class CommandRunner(Protocol):
    """Carries out a command once, in one transaction with its key and its reply."""

    def run(
        self, caller: str, key: str, request_hash: str, work: Callable[[Any], StoredReply]
    ) -> StoredReply:
        """Call `work` with an open transaction and commit, or return the kept reply of a repeat.

        Replies are kept for 7 days by (caller, key). An exception of `work` keeps nothing and
        passes through. Raises `KeyReused` when `request_hash` differs from the kept one's.
        """


def command_key(header: str | None) -> str:
    """The `Idempotency-Key`, which every command must carry; raises `Problem`."""
    if header is None:
        raise malformed(
            "idempotency_key_missing",
            "Thiếu tiêu đề Idempotency-Key.",
            "A command needs an Idempotency-Key header.",
        )
    if not _KEY.fullmatch(header):
        raise malformed(
            "idempotency_key_malformed",
            "Tiêu đề Idempotency-Key không hợp lệ.",
            "Idempotency-Key takes 1 to 128 visible ASCII characters.",
        )
    return header


def command_id(caller: str, key: str) -> UUID:
    """The command's identity: the same for each repeat, so a re-run makes the same ids."""
    return uuid5(NAMESPACE_URL, f"urn:lienthong:command:{caller} {key}")


def request_hash(method: str, path: str, content: Any) -> str:
    """A fingerprint that the order of JSON members does not change."""
    canonical = json.dumps([method, path, content], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def key_reused() -> Problem:
    """The problem document for `KeyReused`."""
    return Problem(
        422,
        "idempotency_key_reused",
        "Idempotency-Key này đã dùng cho một yêu cầu khác.",
        "This Idempotency-Key belongs to another request.",
    )


def version_tag(version: int) -> str:
    """The `ETag` of a version (strong, RFC 9110 section 8.8.3)."""
    return f'"{version}"'


def expected_version(header: str | None) -> int | None:
    """The version in `If-Match`, None without the header; raises `Problem` for anything else."""
    if header is None:
        return None
    match = re.fullmatch(r'"([0-9]{1,18})"', header)
    if match is None:
        raise malformed(
            "if_match_malformed",
            "Tiêu đề If-Match không hợp lệ.",
            'If-Match takes one version as its ETag showed it, such as "7".',
        )
    return int(match[1])
