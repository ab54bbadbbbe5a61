"""The one way out: OCSP, CRL and TSA calls with an allow list, a cache and back-off."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp

LARGEST_ANSWER = 4 * 1024 * 1024  # bytes; a national CRL has a few hundred kB
CALLS_AT_ONCE = 4  # to one host, over all processes of the machine
SLOTS = Path(gettempdir()) / f"lienthong-fetch-{os.getuid()}"  # empty lock files


class FetchFailed(Exception):
    """No usable answer: refused address, refused status, too large, too slow, not there.

    `passing`: whoever was asked may answer another time.
    """

    code = "fetch_failed"

    def __init__(self, url: str, why: str, *, passing: bool = True) -> None:
        super().__init__(f"{url[:200]}: {why}")
        self.url, self.passing = url, passing


def host_of(url: str) -> str | None:
    """`host:port` of an HTTP address, None for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        return None
    return f"{parts.hostname}:{port}"


class Fetch(Protocol):
    """Asks one address; `body` None is a GET. Raises `FetchFailed`, nothing else."""

    async def __call__(self, url: str, body: bytes | None, content_type: str) -> bytes: ...


class HttpFetch:
    """`Fetch` over HTTP.

    `allowed` are the `host:port` pairs that may be asked, whatever a certificate says; a file
    of a stranger must not make this machine call addresses inside the house. A host that
    failed is left alone for `back_off` seconds, doubled with each further failure up to 16
    times, so that a dead responder does not cost its time-out at each signature.
    """

    def __init__(
        self, allowed: Collection[str], *, timeout: float = 3.0, back_off: float = 2.0
    ) -> None:
        self._allowed = frozenset(allowed)
        self._timeout = timeout
        self._back_off = back_off
        self._rests: dict[str, tuple[float, int]] = {}

    async def __call__(self, url: str, body: bytes | None, content_type: str) -> bytes:
        host = self._host(url)
        ready_at, failures = self._rests.get(host, (0.0, 0))
        if time.monotonic() < ready_at:
            raise FetchFailed(url, "failed a moment ago")
        try:
            async with asyncio.timeout(self._timeout), _slot(host):
                answer = await _exchange(url, body, content_type)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            rest = self._back_off * 2 ** min(failures, 4)
            self._rests[host] = (time.monotonic() + rest, failures + 1)
            raise FetchFailed(url, type(error).__name__) from error
        self._rests.pop(host, None)
        return answer

    def _host(self, url: str) -> str:
        host = host_of(url)
        if host is None:
            raise FetchFailed(url, "not an http address", passing=False)
        if host not in self._allowed:
            raise FetchFailed(url, "not on the list of allowed hosts", passing=False)
        return host


async def _exchange(url: str, body: bytes | None, content_type: str) -> bytes:
    headers = {"Content-Type": content_type} if body is not None else {}
    # A session for one call: asyncio loops here live as long as one file, sessions cannot outlive.
    async with (
        aiohttp.ClientSession() as session,
        session.request(
            "GET" if body is None else "POST",
            url,
            data=body,
            headers=headers,
            allow_redirects=False,
        ) as response,
    ):
        if response.status != 200:
            raise FetchFailed(url, f"status {response.status}")
        answer = bytearray()
        async for chunk in response.content.iter_chunked(65536):
            answer += chunk
            if len(answer) > LARGEST_ANSWER:
                raise FetchFailed(url, "the answer is too large")
        return bytes(answer)


@asynccontextmanager
async def _slot(host: str) -> AsyncIterator[None]:
    """Hold one of the host's places; a killed worker gives its place back by dying."""
    name = "".join(letter if letter.isalnum() else "-" for letter in host)
    SLOTS.mkdir(mode=0o700, exist_ok=True)
    while True:
        for place in range(CALLS_AT_ONCE):
            path = SLOTS / f"{name}-{place}"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                continue
            try:
                yield
            finally:
                os.close(descriptor)
            return
        await asyncio.sleep(0.02)
