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
    """The worker's. The first of the `workers` takes urgent jobs alone.

    `tsa_url` are time-stamp authorities in the order of preference; `fetch_hosts` (host:port) may
    be asked for OCSP and CRL, the authorities need not be among them. `pictures_dir` has scanned
    signatures and seals, `<owner id>.png`. Keys are in the files of `keys_dir`, and in tokens:
    `pkcs11_module` is their library, and each `<label>.pin` in `tokens_dir` the PIN of one.
    `report_key_file` (PEM) signs reports; where there is none, a key is made. `trust_dir` is
    trusted until a version of the store was approved; published lists are believed by the
    certificates in `trust_list_signers_dir`.
    """

    trust_dir: Path
    trust_list_signers_dir: Path | None = None
    keys_dir: Path | None = None
    pkcs11_module: Path | None = None
    tokens_dir: Path | None = None
    report_key_file: Path
    pictures_dir: Path | None = None
    tsa_url: tuple[str, ...] = ()
    fetch_hosts: tuple[str, ...] = ()
    workers: int = 3
