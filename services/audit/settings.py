"""What the audit service reads from its environment."""

from dataclasses import dataclass
from pathlib import Path

from libs.service import ServiceSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """`blob_url` is where names of people and texts of documents are, `log_dir` the log's files."""

    blob_url: str
    log_dir: Path
