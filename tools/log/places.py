"""Where a log is: below a folder, or behind a web server."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from libs.translog import CHECKPOINT, LogFiles
from libs.translog.files import log_in
from services.audit.proofs import Proofs
from services.audit.sealing.files import SIGNED
from services.audit.sealing.shards import ShardName
from tools.platform.installation import Installation, InstallationError

_SECONDS = (5, 60)


class LogUnreachable(Exception):
    """The log cannot be read; the message says why."""

    code = "log_unreachable"


@dataclass(frozen=True)
class LogPlace:
    """One shard: its name as far as it is known, and its files."""

    name: str
    files: LogFiles


def log_at(options: Any) -> LogPlace:
    """The shard that `--log`, `--shard`, LOG_DIR or `--folder` name. Raises `LogUnreachable`."""
    place = options.log or str(log_folder(options.folder))
    if place.startswith(("http://", "https://")):
        url = place.rstrip("/") + (f"/{_name(options.shard)}" if options.shard else "")
        return LogPlace(url, LogFiles(_Remote(url, options.token_file).read))
    folder = Path(place)
    if any((folder / path).exists() for path in (CHECKPOINT, SIGNED)):
        return LogPlace(folder.name, log_in(folder))
    shards = Proofs(folder).shards()
    wanted = _name(options.shard) if options.shard else None
    if not shards or wanted not in (None, *shards):
        raise LogUnreachable(f"{folder} holds no log" + (f" of {wanted}" if wanted else ""))
    name = wanted or shards[-1]
    return LogPlace(str(name), log_in(folder / str(name)))


def log_folder(run: Path) -> Path:
    """LOG_DIR, else the log's folder of the platform in `run`. Raises `InstallationError`."""
    if given := os.environ.get("LOG_DIR"):
        return Path(given)
    try:
        return Path(Installation.open(run).environment("audit")["LOG_DIR"])
    except FileNotFoundError:
        raise InstallationError(
            f"no platform was started in {run}: name the log by --log or LOG_DIR"
        ) from None


def _name(text: str) -> ShardName:
    try:
        return ShardName.parse(text)
    except ValueError as error:
        raise LogUnreachable(f"{error}; it is a year, as 2026") from error


class _Remote:
    """Files below a URL; entries need an auditor's token."""

    def __init__(self, url: str, token_file: Path | None) -> None:
        self._url = url
        self._session = requests.Session()
        if token_file:
            token = token_file.read_text("ascii").strip()
            self._session.headers["Authorization"] = f"Bearer {token}"

    def read(self, path: str) -> bytes:
        """See `libs.translog.ReadFile`."""
        try:
            answer = self._session.get(
                f"{self._url}/{path}", timeout=_SECONDS, allow_redirects=False
            )
        except requests.RequestException as error:
            raise LogUnreachable(f"{self._url}: {type(error).__name__}") from error
        if answer.status_code == 404:
            raise FileNotFoundError(f"{self._url}/{path}")
        if answer.status_code in (401, 403):
            raise LogUnreachable(f"{path} is for auditors: --token-file names a token")
        if answer.status_code != 200:
            raise LogUnreachable(f"{self._url}/{path} answers {answer.status_code}")
        return answer.content
