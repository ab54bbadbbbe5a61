"""Where the doctor looks: trust, keys, blobs, the database; this environment's or a platform's."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from libs.blobs import BlobStore, open_store
from services.signatures.pdf.fetch import HttpFetch
from services.signatures.pdf.revocation import RevocationSource
from services.signatures.pdf.trust import TrustStore, TrustStoreUnreadable
from services.signatures.token_desk import places as token_places
from tools.certificates.keys import Keys
from tools.certificates.revocation import Asker
from tools.platform import Installation, InstallationError

ROLE = "monitor"
_SECONDS = 10.0


class PlaceUnfit(Exception):
    """Something that is needed is not there; the message says what and how to name it."""


@dataclass(frozen=True)
class Place:
    """An installation's settings, as far as a doctor needs them."""

    environment: Mapping[str, str]
    trust: TrustStore
    asker: Asker

    @property
    def database_url(self) -> str:
        """The database as a role that reads every category."""
        return self.environment["DATABASE_URL"]

    @property
    def blobs(self) -> BlobStore:
        """Where certificates and names are kept. Raises `PlaceUnfit`."""
        if "BLOB_URL" not in self.environment:
            raise PlaceUnfit("set BLOB_URL to the installation's blob store")
        return open_store(self.environment["BLOB_URL"])

    @property
    def keys(self) -> Keys:
        """The workers' key folders and tokens, as far as they are here."""
        module, pins = self.environment.get("PKCS11_MODULE"), self._folder("TOKENS_DIR")
        if configuration := self.environment.get("SOFTHSM2_CONF"):
            os.environ["SOFTHSM2_CONF"] = configuration  # the module reads it of the process
        tokens = token_places(Path(module) if module else None, pins)
        folders = (self._folder("KEYS_DIR"), self._folder("SERVICE_KEYS_DIR"))
        return Keys(*folders, tuple(tokens))

    def _folder(self, name: str) -> Path | None:
        folder = self.environment.get(name, "")
        return Path(folder) if folder and Path(folder).is_dir() else None

    @property
    def tsa_urls(self) -> tuple[str, ...]:
        """The time-stamp authorities."""
        return _words(self.environment.get("TSA_URL", ""))


def find(folder: Path, trust: str | None, ask: Iterable[str], *, whole: bool) -> Place:
    """This environment's place; with `whole` that of DATABASE_URL, else of a platform's folder.

    Raises `PlaceUnfit`.
    """
    environment: Mapping[str, str] = os.environ
    if whole and not environment.get("DATABASE_URL"):
        try:
            environment = {**Installation.open(folder).environment(ROLE), **os.environ}
        except (FileNotFoundError, InstallationError) as error:
            raise PlaceUnfit(
                f"no platform was started in {folder}: start it with `lienthong up`, or set"
                f" DATABASE_URL to the database as role {ROLE}, BLOB_URL, TRUST_DIR and KEYS_DIR"
            ) from error
    return of(environment, trust, ask)


def of(environment: Mapping[str, str], trust: str | None = None, ask: Iterable[str] = ()) -> Place:
    """The place that these settings describe. Raises `PlaceUnfit`."""
    store = _trust(trust or environment.get("TRUST_DIR"))
    stamps = _words(environment.get("TSA_URL", ""))
    named = (*ask, *_words(environment.get("FETCH_HOSTS", "")))
    hosts = frozenset({*store.responders, *named, *(urlsplit(url).netloc for url in stamps)})
    source = RevocationSource(HttpFetch(sorted(hosts), timeout=_SECONDS))
    return Place(environment, store, Asker(store, source, hosts))


def _trust(folder: str | None) -> TrustStore:
    if not folder:
        return TrustStore.empty()
    try:
        return TrustStore.load(Path(folder))
    except TrustStoreUnreadable as error:
        raise PlaceUnfit(f"{folder}: {error}") from error


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
