"""What the interconnect service and its workers read from their environment."""

from dataclasses import dataclass, field
from pathlib import Path

from libs import service

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Settings(service.ServiceSettings):
    """`blob_url` is the store of packets, texts and names."""

    blob_url: str


@dataclass(frozen=True, kw_only=True)
class WorkerSettings(service.WorkerSettings):
    """The axis, this installation's account there, how it is polled, and the agencies' keys.

    `axis_driver` is national or province; the latter logs in by user, password and application.
    `axis_rate` is the most requests a second. `axis_mail` is the contact that the axis shows for
    our agencies. `packet_limit` is the most bytes of a packet, in and out. `service_keys_dir` holds
    `<agency id>.p12` and `.pin` for each agency that signs envelopes. `workers` do usual jobs; one
    more does urgent ones alone.
    """

    axis_driver: str = "national"
    axis_url: str
    axis_system_id: str
    axis_secret: str = field(repr=False)
    axis_user: str = ""
    axis_password: str = field(repr=False, default="")
    axis_application: str = ""
    axis_rate: float = 50.0
    service_keys_dir: Path
    axis_mail: str = "lienthong@localhost"
    poll_seconds: float = 2.0
    packet_limit: int = 256 * MEBIBYTE
    workers: int = 2
