"""Where a log is: below a folder, or behind a web server."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from libs.translog import CHECKPOINT, Checkpoint, LogFiles
from libs.translog.files import log_in
from services.audit.proofs import Proofs, notes_of
from services.audit.sealing.files import SIGNED
from services.audit.sealing.shards import ShardName, parts_of
from tools.platform.installation import Installation, InstallationError
from tools.platform.log import LogHome

_SECONDS = (5, 60)


class LogUnreachable(Exception):
    """The log cannot be read; the message says why."""

    code = "log_unreachable"


@dataclass(frozen=True)
class LogPlace:
    """One shard: its name as far as it is known, where it lies, and its files."""

    name: str
    place: str
    files: LogFiles


def log_at(options: Any) -> LogPlace:
    """The shard that `--log`, `--shard`, LOG_DIR or `--folder` name. Raises `LogUnreachable`."""
    place = options.log or str(log_folder(options.folder))
    if place.startswith(("http://", "https://")):
        url = place.rstrip("/") + (f"/{_name(options.shard)}" if options.shard else "")
        return LogPlace(url, url, files_at(url, options.token_file))
    shards = {shard.name: shard for shard in shards_below(Path(place))}
    wanted = str(_name(options.shard)) if options.shard else next(reversed(shards), "")
    if wanted not in shards:
        raise LogUnreachable(f"{place} holds no log of {wanted}".removesuffix(" of "))
    return shards[wanted]


def shards_below(folder: Path) -> list[LogPlace]:
    """The shards below a folder, oldest first; a folder that is a shard itself is the one."""
    if any((folder / path).exists() for path in (CHECKPOINT, SIGNED)):
        files = log_in(folder)
        return [LogPlace(_told_name(files) or folder.name, str(folder), files)]
    names = map(str, Proofs(folder).shards())
    return [LogPlace(name, str(folder / name), log_in(folder / name)) for name in names]


def files_at(place: str, token_file: Path | None) -> LogFiles:
    """A shard's files below a folder or a URL."""
    if place.startswith(("http://", "https://")):
        return LogFiles(_Remote(place, token_file).read)
    return log_in(Path(place))


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


def state_folder(run: Path) -> Path:
    """LOG_STATE, else the sealer's folder on the platform in `run`. Raises `InstallationError`."""
    if given := os.environ.get("LOG_STATE"):
        return Path(given)
    try:
        return LogHome(Installation.open(run)).folder / "state"
    except FileNotFoundError:
        raise InstallationError(f"no platform was started in {run}: set LOG_STATE") from None


def _told_name(files: LogFiles) -> str | None:
    """The shard's name as its checkpoint's origin ends, wherever its folder was moved."""
    for _, note in notes_of(files):
        with suppress(ValueError):
            return str(parts_of(Checkpoint.parse(note.text).origin)[1])
    return None


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
