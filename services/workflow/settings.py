"""What the workflow service reads from its environment."""

from dataclasses import dataclass

from libs.service import ServiceSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """`blob_url` is where the reasons of what is decided at the desk are kept."""

    blob_url: str
