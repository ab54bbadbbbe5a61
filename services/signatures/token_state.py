"""How a token is, as the worker's parent process is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TokenState:
    """What is known of a token: whose keys it has, the code of its trouble, how often its PIN
    was given, and the version of the PIN's file that it refused."""

    owners: frozenset[str] = frozenset()
    problem: str = ""
    logins: int = 0
    refused_pin: str = ""
