"""The settings that every service process has."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """Where a service listens, whom it believes, and its broker. Port 0 takes a free one."""

    http_host: str = "127.0.0.1"
    http_port: int = 0
    ops_host: str = "127.0.0.1"
    ops_port: int = 0
    oidc_issuer: tuple[str, ...]
    access_table: Path = Path("proto/access.toml")
    amqp_url: str = field(repr=False)
