"""What the directory reads from its environment."""

from dataclasses import dataclass
from pathlib import Path

from libs.service import ServiceSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """`public_url` is the URL under which this service's own tokens are found."""

    blob_url: str
    public_url: str
    token_key_file: Path
