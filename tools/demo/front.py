"""The front ends of many people: one client for each account, shared by all who ask."""

import threading

from tools.demo.cast import PASSWORD, Agency, Cast, Person
from tools.demo.client import Client
from tools.platform import Installation


class Front:
    """The front ends of a cast's people; threads may share it."""

    def __init__(
        self, here: Installation, cast: Cast, run: str, kind: type[Client] = Client
    ) -> None:
        self._here = here
        self.cast = cast
        self._run = run
        self._kind = kind
        self._clients: dict[str, Client] = {}
        self._lock = threading.Lock()

    def client(self, agency: Agency, role: str) -> Client:
        """The front end of whoever holds `role` there."""
        return self.log_in(self.cast.person(agency.key, role))

    def log_in(self, person: Person) -> Client:
        """A person's front end."""
        with self._lock:
            if person.key not in self._clients:
                self._clients[person.key] = self._kind(
                    self._here.url, self._here.issuer_url, person.key, PASSWORD, self._run
                )
            return self._clients[person.key]
