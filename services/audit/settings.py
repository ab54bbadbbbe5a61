"""What the audit service reads from its environment."""

from dataclasses import dataclass

from libs.service import ServiceSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """`blob_url` is where the names of people and the texts of documents are."""

    blob_url: str
