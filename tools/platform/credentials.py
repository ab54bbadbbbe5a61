"""Secrets of one installation: random, made once, kept in files that only their owner reads."""

import os
import secrets
from pathlib import Path


class Credentials:
    """The folder of secrets; each is a file of mode 0600 in a folder of mode 0700."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, name: str) -> str:
        """Return the secret called `name`; it is drawn (256 bits) when asked for the first time."""
        path = self.path(name)
        return path.read_text(encoding="ascii")

    def path(self, name: str) -> Path:
        """Return the file that holds the secret called `name`, for programs that read files."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / name
        if not path.exists():
            self.put(name, secrets.token_urlsafe(32))
        return path

    def put(self, name: str, text: str) -> None:
        """Write a secret whole or not at all, readable by its owner from the first byte on."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.folder / f".{name}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(self.folder / name)
