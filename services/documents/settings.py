"""What the documents service and its workers read from their environment."""

from dataclasses import dataclass

from libs.service import ServiceSettings, WorkerSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """`blob_url` is the store of texts and files."""

    blob_url: str


__all__ = ["Settings", "WorkerSettings"]
