"""Free TCP ports of this machine, where no outgoing connection is given one."""

import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path

_FIRST, _LAST = 10_000, 32_767
_GIVEN_OUT = Path("/proc/sys/net/ipv4/ip_local_port_range")
_chance = random.SystemRandom()


def free_ports(count: int) -> list[int]:
    """Return `count` different ports of 127.0.0.1 that were free a moment ago.

    Another program may take one before its server does; the server then fails to start, and
    whoever waits for it must check that the one answering is its own. Rare: they are drawn from
    those that the kernel gives to nobody who only connects.
    """
    with ExitStack() as held:
        return list(islice(_bindable(held), count))


def _bindable(held: ExitStack) -> Iterator[int]:
    last = min(_LAST, _first_given_out() - 1)
    numbers = range(_FIRST, last + 1) if last > 2 * _FIRST else range(_FIRST, 65_536)
    for port in _chance.sample(numbers, len(numbers)):
        listener = held.enter_context(socket.socket())
        with suppress(OSError):
            listener.bind(("127.0.0.1", port))
            yield port


def _first_given_out() -> int:
    """The first port that the kernel takes for an outgoing connection."""
    with suppress(OSError, ValueError, IndexError):
        return int(_GIVEN_OUT.read_text().split()[0])
    return _LAST + 1
