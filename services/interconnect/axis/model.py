"""What this service asks of an axis, whatever the interface: the drivers' common form."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import BinaryIO, Literal, Protocol

from libs.jobs.worker import ComeAgain, Doubtful
from services.interconnect.axis.outcomes import Outcome, meaning

MessageType = Literal["edoc", "status"]


class AxisRefused(Doubtful):
    """The axis declined, or sent what we do not take; `outcomes` says what its code means for us.

    `code` is the axis' ErrorCode, `http-<status>` where it gave none, or `too-large`; `http` is the
    reply's status.
    """

    def __init__(self, code: str, description: str, http: int = 200) -> None:
        super().__init__(f"the axis refused ({code}): {description}")
        self.code = code
        self.description = description
        self.http = http
        self.doubtful = meaning(code).outcome is Outcome.DAMAGED


class AxisUnreachable(ComeAgain):
    """No valid answer: network, time limit, 5xx or a broken reply. It may have been carried out.

    Trying again is safe: every call may be repeated, after `seconds` if the axis said so.
    """

    def __init__(self, reason: str, seconds: float = 0) -> None:
        super().__init__(f"the axis is unreachable: {reason}", seconds)
        self.reason = reason

    @property
    def failing(self) -> bool:
        """Whether it answered in its own form, by an error that is its own (20)."""
        return self.reason.startswith("error ")


class AxisFailed(AxisRefused):
    """It answers what we send by an error of its own (20): this may be so for ever for a packet."""

    def __init__(self, reason: str) -> None:
        super().__init__("20", reason)


class AddresseeAway(AxisRefused):
    """It does not take a status for its addressee (18, 23), who may be back some day."""


@dataclass(frozen=True)
class AxisAgency:
    """An agency in an axis' directory; `pid` is the superior body's id or empty."""

    id: str
    pid: str
    code: str
    name: str
    mail: str


@dataclass(frozen=True)
class Received:
    """A packet that waits for us, once, with all our agencies to which it is addressed.

    `created` is the axis' own text (Viet Nam time), to be shown and not reckoned with.
    """

    doc_id: str
    message_type: str
    from_: str
    to: tuple[str, ...]
    status: str
    created: str


@dataclass(frozen=True)
class Sent:
    """What became of one packet that we sent, at one recipient; `status` is the transport's.

    It is `done` or `fail` once the recipient's system has said so.
    """

    doc_id: str
    message_type: str
    from_: str
    to: str
    status: str


def each_once(rows: Iterable[Received]) -> list[Received]:
    """Packets in their order, each once; some axes list one for each of its recipients."""
    found: dict[str, Received] = {}
    for row in rows:
        known = found[row.doc_id].to if row.doc_id in found else ()
        found[row.doc_id] = replace(row, to=tuple(dict.fromkeys((*known, *row.to))))
    return list(found.values())


class Sink(Protocol):
    """Where a fetched packet goes."""

    def write(self, data: bytes, /) -> object: ...


class AxisClient(Protocol):
    """One registered system's access to an axis; one client serves one thread.

    The axis is polled: list what waits, fetch it, keep it, then acknowledge. Every method may be
    repeated, and raises `AxisRefused` or `AxisUnreachable`. A driver never tries again by itself.
    """

    def register_agency(self, agency: AxisAgency) -> None:
        """See to it that the axis delivers to this agency of ours, now or from now on."""

    def waiting(self, message_type: MessageType) -> list[Received]:
        """Return what waits for us, oldest first."""

    def fetch(self, doc_id: str, into: Sink, limit: int) -> None:
        """Write a received packet to `into`, in constant memory.

        Raises `AxisRefused` (`too-large`) beyond `limit` bytes. After any error, what was written
        is to be thrown away.
        """

    def sent_on(self, day: date) -> Iterable[Sent]:
        """Tell what became of the documents that we sent on this day in Viet Nam.

        Of very many the oldest part; nothing where the axis keeps no such list.
        """

    def acknowledge(self, doc_id: str, *, taken: Sequence[str], failed: Sequence[str]) -> None:
        """Take a packet off the list: these of our agencies have it, those never will."""

    def portions(self, packet: BinaryIO, recipients: Sequence[str]) -> list[Sequence[str]]:
        """The recipients of a packet, parted so that each part goes in one call of `send`."""

    def send(
        self,
        packet: BinaryIO,
        *,
        message_type: MessageType,
        sender: str,
        recipients: Sequence[str] = (),
        sha256: str,
    ) -> str:
        """Send an edXML packet and return the axis' id for it; a repeat returns the same one.

        `packet` is a seekable stream, read from its position on; `sha256` is its digest in hex.
        `recipients` narrows a document packet to these codes, one of its `portions`; without, it
        goes to all in its `To`. All of them get it by this call, or none.
        """
