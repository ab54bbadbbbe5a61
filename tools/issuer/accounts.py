"""The accounts of the development issuer, in a file that may change while it runs."""

import hmac
import json
import threading
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any


class AccountsUnreadable(Exception):
    """The accounts file is missing or not as it should be."""


@dataclass(frozen=True)
class Account:
    """One person in one position of one agency (a person in two agencies has two accounts)."""

    username: str
    password: str = field(repr=False)
    subject: str
    agency: str
    roles: tuple[str, ...]
    position: str | None = None
    on_behalf_of: str | None = None


class Accounts:
    """Reads `path` anew whenever it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._accounts: dict[str, Account] = {}
        self._lock = threading.Lock()

    def check(self, username: str, password: str) -> Account | None:
        """The account, or None for a wrong name or password, in the same time for either.

        Raises `AccountsUnreadable`.
        """
        with self._lock:
            self._refresh()
            account = self._accounts.get(username)
        known = account.password if account else ""
        right = hmac.compare_digest(known.encode(), password.encode())
        return account if account and right else None

    def _refresh(self) -> None:
        try:
            state = self._path.stat()
            seen = (state.st_mtime_ns, state.st_size, state.st_ino)
            if seen != self._seen:
                found = [_account(each) for each in json.loads(self._path.read_bytes())]
                self._accounts = {account.username: account for account in found}
                self._seen = seen
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise AccountsUnreadable(str(self._path)) from error


def _account(members: dict[str, Any]) -> Account:
    names = {each.name for each in fields(Account)}
    roles = members["roles"] if isinstance(members, dict) and "roles" in members else None
    if not isinstance(roles, list) or not set(members) <= names:
        raise ValueError("an account is not as it should be")
    account = Account(**{**members, "roles": tuple(roles)})
    required = (account.username, account.password, account.subject, account.agency, *roles)
    optional = (account.position or "-", account.on_behalf_of or "-")
    if not all(isinstance(text, str) and text for text in (*required, *optional)):
        raise ValueError("an account is not as it should be")
    return account
