"""What the signatures service and its worker read from their environment."""

from dataclasses import dataclass
from pathlib import Path

from libs.service import ServiceSettings, WorkerSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """The API's."""

    blob_url: str


@dataclass(frozen=True, kw_only=True)
class SigningSettings(WorkerSettings):
    """The worker's. `fetch_hosts` (host:port) may be asked for OCSP, CRL and timestamps.

    The first of the `workers` takes urgent jobs alone.
    """

    trust_dir: Path
    keys_dir: Path
    tsa_url: str = ""
    fetch_hosts: tuple[str, ...] = ()
    workers: int = 3
