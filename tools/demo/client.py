"""An agency front end: logs in at the issuer, calls the public HTTP API, waits for what comes."""

import time
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, uuid5

import requests

T = TypeVar("T")
TOKEN_SECONDS = 240


class DemoFailed(Exception):
    """A step did not come out as it should; the message says which and how."""


class Refused(DemoFailed):
    """The API refused for good; `status` is HTTP's."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class NotThere(Refused):
    """The API shows nothing under this address (yet)."""


class Client:
    """One person's calls. Every command may be repeated: its key names the step, not the try.

    Trouble passes, within its `patience` (seconds): no answer, or one of these HTTP statuses.
    """

    patience = 60.0
    trouble: tuple[int, ...] = (429, 502, 503, 504)

    def __init__(
        self, base_url: str, issuer_url: str, username: str, password: str, run: str
    ) -> None:
        self.username = username
        self._base_url = base_url
        self._issuer_url = issuer_url
        self._password = password
        self._run = run
        self._session = requests.Session()
        self._token, self._token_until = "", 0.0

    def post(
        self, path: str, body: dict[str, Any] | None = None, *, step: str = "", method: str = "POST"
    ) -> dict[str, Any]:
        """Carry out a command; a try that gets no answer is repeated under the same key."""
        key = str(uuid5(NAMESPACE_URL, f"{self._run}/{self.username}/{method}/{path}/{step}"))
        answer = self._call(method, path, json=body or {}, headers={"Idempotency-Key": key})
        return answer.json() if answer.content else {}

    def upload(self, path: str, name: str, content: bytes) -> None:
        """Bring a file; a try that gets no answer is repeated under the same key."""
        key = str(uuid5(NAMESPACE_URL, f"{self._run}/{self.username}/{path}/{name}"))
        headers = {"Idempotency-Key": key, "Content-Type": "application/octet-stream"}
        self._call("POST", path, params={"name": name}, data=content, headers=headers)

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """Ask for JSON."""
        found: dict[str, Any] = self._call("GET", path, params=params).json()
        return found

    def find(self, path: str, **params: Any) -> dict[str, Any] | None:
        """Ask for something that may not be there yet."""
        try:
            return self.get(path, **params)
        except NotThere:
            return None

    def file(self, path: str) -> bytes:
        """Fetch a file."""
        return self._call("GET", path).content

    def _call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Call until there is an answer that is not passing trouble; raise for a refusal."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                headers = {
                    "Authorization": f"Bearer {self._bearer()}",
                    **arguments.get("headers", {}),
                }
                answer = self._session.request(
                    method, self._base_url + path, timeout=30, **{**arguments, "headers": headers}
                )
                if answer.ok:
                    return answer
                if answer.status_code not in self.trouble:
                    refused = NotThere if answer.status_code == 404 else Refused
                    told = f"{answer.status_code} {answer.text}"
                    raise refused(f"{self.username}: {method} {path}: {told}", answer.status_code)
            except requests.RequestException as error:
                if time.monotonic() >= deadline:
                    raise DemoFailed(f"{self.username}: {method} {path}: {error}") from error
            if time.monotonic() >= deadline:
                raise DemoFailed(
                    f"{self.username}: {method} {path}: no answer in {self.patience} s"
                )
            time.sleep(0.2)

    def _bearer(self) -> str:
        if time.monotonic() >= self._token_until:
            answer = requests.post(
                f"{self._issuer_url}/token",
                data={"username": self.username, "password": self._password},
                timeout=10,
            )
            if answer.status_code in (400, 401):
                raise DemoFailed(f"{self.username} cannot log in: {answer.text}")
            answer.raise_for_status()
            self._token = answer.json()["access_token"]
            self._token_until = time.monotonic() + TOKEN_SECONDS
        return self._token


def wait_for(what: str, probe: Callable[[], T | None], within: float = 90.0) -> T:
    """Ask again and again until there is an answer; `DemoFailed` names what did not come."""
    deadline = time.monotonic() + within
    while (found := probe()) is None:
        if time.monotonic() >= deadline:
            raise DemoFailed(f"waited {within:.0f} s in vain for {what}")
        time.sleep(0.1)
    return found
