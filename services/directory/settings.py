"""What the directory reads from its environment."""

from dataclasses import dataclass
from pathlib import Path

from libs.service import ServiceSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """`token_issuer` is the URL under which this service's own tokens are found."""

    blob_url: str
    token_issuer: str
    token_key_file: Path
