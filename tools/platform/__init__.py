"""The platform on one machine: servers, services and the process that watches them."""

from tools.platform.handle import Platform, PlatformError
from tools.platform.installation import Installation, InstallationError
from tools.platform.state import PlatformState, ProcessState
from tools.platform.world import World

__all__ = [
    "Installation",
    "InstallationError",
    "Platform",
    "PlatformError",
    "PlatformState",
    "ProcessState",
    "World",
]
