"""How long a trace's bundle takes: for `tools.bench.proof`, and for whoever wants to know.

measure(source, trace)     # Figures(made=1.9, verified=0.2, size=6870688, events=335)
"""

import time
from dataclasses import dataclass
from uuid import UUID

from tools.bundle import verify_bundle as check
from tools.bundle.making import Source, make


@dataclass(frozen=True)
class Figures:
    """Seconds to make and check a bundle, and to verify it; its bytes and events."""

    made: float
    verified: float
    size: int
    events: int


def measure(source: Source, trace: UUID) -> Figures:
    """Make a trace's bundle in memory, then verify it as a reader does. Raises `BundleRefused`."""
    began = time.perf_counter()
    bundle = make(source, trace)
    content = b"".join(check.packed(bundle.members))
    between = time.perf_counter()
    found = check.verify(content)
    ended = time.perf_counter()
    assert found["verified"], found
    return Figures(between - began, ended - between, len(content), found["events"])
