"""One running platform for all system tests, and one journey that nothing disturbed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.system import Caller, Report, at_rest, journey
from tests.support.wait import eventually
from tools.demo.cast import PROVINCE, person, world
from tools.pki import softhsm
from tools.platform import Platform
from tools.platform.soft_token import with_token
from tools.platform.welcome import enter_agencies

MEBIBYTE = 1024 * 1024
PACKET_LIMIT = 4 * MEBIBYTE
OFFICER = "ubndtinh_chuyenvien"


@dataclass(frozen=True)
class Walked:
    """A journey's report, and the folder in which it lies with its PDFs."""

    report: Report
    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "report.json"


@pytest.fixture(scope="session")
def platform(server_folder: Path) -> Iterator[Platform]:
    """A platform of its own with the demo's agencies, and a packet limit that tests can reach.

    Where SoftHSM is installed the province's leader and its seal have their keys in a token.
    """
    folder, settings = server_folder / "system", {"PACKET_LIMIT": str(PACKET_LIMIT)}
    if softhsm.installed():
        owners = [str(person(PROVINCE.key, "lanhdao").person_id), str(PROVINCE.agency_id)]
        settings |= with_token(folder, world(), owners)
    with Platform(folder, world=world(), settings=settings) as platform:
        platform.start(within=600)  # a busy machine only starts late
        enter_agencies(platform)
        yield platform


@pytest.fixture(scope="session")
def undisturbed(platform: Platform, server_folder: Path) -> Walked:
    """The golden journey, walked once without any disturbance."""
    folder = server_folder / "undisturbed"
    report = journey(platform, folder)
    at_rest(platform)
    return Walked(report, folder)


@pytest.fixture(scope="module")
def unharmed(platform: Platform) -> Iterator[None]:
    """After a module's tests every process does its work, none was restarted, nothing is left."""

    def restarts() -> dict[str, int]:
        return {name: process.restarts for name, process in platform.state().processes.items()}

    before = restarts()
    yield
    eventually(lambda: platform.state().ready, within=10)
    assert restarts() == before
    at_rest(platform)


@pytest.fixture(scope="module")
def officer(platform: Platform) -> Caller:
    """An officer of the province, who writes drafts."""
    return Caller(platform.installation, OFFICER)
