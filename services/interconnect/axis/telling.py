"""Status packets by the axis: taken, or refused for good, which is a fact and no failure."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from services.interconnect.axis.model import (
    AddresseeAway,
    AxisClient,
    AxisFailed,
    AxisRefused,
    AxisUnreachable,
)
from services.interconnect.axis.outcomes import is_final, of_a_recipient


@dataclass(frozen=True)
class Told:
    """What became of a status packet: the axis' id for it, or why it is refused for good."""

    doc_id: str = ""
    reason_code: str = ""


@contextmanager
def answered() -> Iterator[None]:
    """Within, an error of the axis' own (20) is an answer: raises `AxisFailed` for it.

    By the field's table it is an error, not an absence. Nobody else would learn of a packet at
    which it fails each time: its tries have an end, and then it stands on the desk.
    """
    try:
        yield
    except AxisUnreachable as error:
        if not error.failing:
            raise
        raise AxisFailed(error.reason) from error


def send_status(
    axis: AxisClient, data: bytes, sender: str, sha256: str, doubts: int, *, keep: bool = False
) -> Told:
    """Send a status packet; `doubts` of its tries before may have been damaged on their way.

    Raises `AxisUnreachable`, `AxisRefused` for what is tried again, and with `keep` `AddresseeAway`
    instead of giving up what its addressee cannot take now.
    """
    try:
        packet = io.BytesIO(data)
        with answered():
            return Told(axis.send(packet, message_type="status", sender=sender, sha256=sha256))
    except AxisRefused as error:
        if not is_final(error.code, doubts + 1):
            raise
        if keep and of_a_recipient(error.code):
            raise AddresseeAway(error.code, error.description, error.http) from error
        return Told(reason_code=f"axis-{error.code}")
