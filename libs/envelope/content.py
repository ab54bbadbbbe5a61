"""What an envelope says, and the only bytes that say it (RFC 8785)."""

import json
import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime

from libs.contracts.codec import UnreadablePayload, decode, encode
from libs.envelope.errors import EnvelopeMalformed, RecipientWrong, VersionUnknown

VERSION = 1
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST = 2**53 - 1  # what every JSON reader can count to
_MOST_PACKETS = 2**31 - 1  # and every table and event
_LONGEST = 1000


@dataclass(frozen=True, kw_only=True)
class PairNumber:
    """The packet's place among all from the sender to `recipient` (agency codes): 1, 2, 3, ...

    Documents and answers are counted together; a hole means that a packet was lost.
    """

    recipient: str
    number: int


@dataclass(frozen=True, kw_only=True)
class File:
    """A file of the packet; `sha256` in lower-case hex, `size` in bytes."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of handling, told in an answer; what the sender may not see is None.

    `status` is one of the field's nine codes, `agency` a code, `at` when it was done; unit,
    handler (a person's name) and note are texts to be shown.
    """

    status: str
    agency: str
    at: datetime
    unit: str | None = None
    handler: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """One for a packet, whoever its recipients are: hence several numbers, in order of their codes.

    `sender` is an agency code, `document_id` edXML's DocumentId, `made_at` an instant.
    """

    version: int = VERSION
    sender: str
    numbers: tuple[PairNumber, ...]
    document_id: str
    made_at: datetime
    files: tuple[File, ...] = ()
    step: Step | None = None

    def number_for(self, recipient: str) -> int:
        """Return the recipient's number. Raises `RecipientWrong`."""
        place = bisect_left(self.numbers, recipient, key=lambda pair: pair.recipient)
        if place < len(self.numbers) and self.numbers[place].recipient == recipient:
            return self.numbers[place].number
        raise RecipientWrong("the envelope is for others")


def to_bytes(envelope: Envelope) -> bytes:
    """Return the canonical bytes. Raises `EnvelopeMalformed` for what no envelope may say."""
    _check(envelope)
    try:
        return encode(envelope)
    except (TypeError, ValueError) as error:
        raise EnvelopeMalformed("content") from error


def from_bytes(data: bytes) -> Envelope:
    """Read canonical bytes; other bytes that mean the same are refused.

    So no two readers can disagree: there are no repeated keys, no unknown ones, no other spelling.
    Raises `EnvelopeMalformed`, and `VersionUnknown` whatever else a newer version holds.
    """
    try:
        fields = json.loads(data)
        if not isinstance(fields, dict) or type(fields.get("version")) is not int:
            raise EnvelopeMalformed("version")
        if fields["version"] != VERSION:
            raise VersionUnknown("the envelope is of another version")
        envelope = decode(Envelope, data)
    except (UnreadablePayload, RecursionError, ValueError) as error:
        raise EnvelopeMalformed("content") from error
    if to_bytes(envelope) != data:
        raise EnvelopeMalformed("content is not canonical")
    return envelope


def _check(envelope: Envelope) -> None:
    recipients = [pair.recipient for pair in envelope.numbers]
    if not recipients or recipients != sorted(set(recipients)):
        raise EnvelopeMalformed("numbers: at least one, in the order of the recipients")
    if not all(1 <= pair.number <= _MOST_PACKETS for pair in envelope.numbers):
        raise EnvelopeMalformed("number")
    for file in envelope.files:
        if not (0 <= file.size <= _MOST and _DIGEST.fullmatch(file.sha256)):
            raise EnvelopeMalformed("file")
    step = envelope.step
    texts = [envelope.sender, envelope.document_id, *recipients]
    texts += [file.name for file in envelope.files]
    if step is not None:
        told = (step.unit, step.handler, step.note)
        texts += [step.status, step.agency, *(text for text in told if text is not None)]
    if not all(0 < len(text) <= _LONGEST for text in texts):
        raise EnvelopeMalformed("a text is empty or too long")
