"""What every part of the bench works with."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.demo.cast import PASSWORD, Agency, Cast
from tools.demo.client import Client
from tools.demo.front import Front
from tools.demo.province import PROVINCE_KEY, province
from tools.demo.seed import seed
from tools.demo.watch import Watch
from tools.platform import Platform

INSIDE, OUTSIDE = 8, 1
RATE = 3.0


@dataclass(frozen=True)
class Place:
    """A running province, its people's front ends, and the sizes of this run."""

    platform: Platform
    cast: Cast
    front: Front
    watch: Watch
    scratch: Path
    quick: bool

    @property
    def agencies(self) -> tuple[Agency, ...]:
        """Those inside."""
        return tuple(each for each in self.cast.agencies if each.channel == "inside")

    @property
    def repeats(self) -> int:
        """How often each measure is taken."""
        return 1 if self.quick else 3

    @property
    def seconds(self) -> float:
        """How long documents begin in one repeat."""
        return 3.0 if self.quick else 60.0


@contextmanager
def running(folder: Path, quick: bool) -> Iterator[Place]:
    """Start a province, enter its agencies and people; end it with the block."""
    cast = province(INSIDE, OUTSIDE)
    with Platform(folder / "run", world=cast.world()) as platform:
        print(f"starting a province of {INSIDE} agencies")
        platform.start()
        here = platform.installation
        operator = Client(here.url, here.issuer_url, f"{PROVINCE_KEY}_quantri", PASSWORD, "bench")
        seed(operator, here.folder / "pki" / "certificates", cast)
        front = Front(here, cast, str(uuid.uuid4()))
        urls = {name: platform.database_url(name) for name in ("documents", "interconnect")}
        with Watch(urls) as watch:
            yield Place(platform, cast, front, watch, folder, quick)
