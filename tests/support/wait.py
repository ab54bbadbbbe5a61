"""Waiting for a condition, with a bound."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(probe: Callable[[], T], within: float, every: float = 0.05) -> T:
    """Return the first truthy answer of `probe`; raise `AssertionError` after `within` seconds.

    An `AssertionError` of the probe itself counts as "not yet", and is the one shown at the end.
    """
    deadline = time.monotonic() + within
    while True:
        try:
            answer = probe()
            failure: AssertionError | None = None
        except AssertionError as error:
            failure = error
        else:
            if answer:
                return answer
        if time.monotonic() >= deadline:
            raise failure or AssertionError(f"still not true after {within} s: {probe!r}")
        time.sleep(every)
