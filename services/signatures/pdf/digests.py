"""Digests of a file, of its revisions and of what its signatures cover, in one pass."""

from __future__ import annotations

import hashlib
from typing import Any

NAME = "sha256"


class Digests:
    """SHA-256 over parts of a file; asked in the file's order, each byte is hashed about once."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._done, self._running = 0, hashlib.sha256()

    def until(self, end: int) -> bytes:
        """Of the first `end` bytes."""
        return bytes(self._state(end).digest())

    def without(self, start: int, resumed: int, end: int) -> bytes:
        """Of the first `end` bytes without those from `start` to `resumed`."""
        state = self._state(start)
        state.update(self._data[resumed:end])
        return bytes(state.digest())

    def _state(self, end: int) -> Any:
        if end < self._done:
            self._done, self._running = 0, hashlib.sha256()
        self._running.update(self._data[self._done : end])
        self._done = end
        return self._running.copy()
