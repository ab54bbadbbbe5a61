"""The agencies beyond the axis: one system that takes what comes, answers, and sends of its own.

It is as careful as we are: a packet is kept under its DocId before the axis hears `done`, whatever
gets no answer is sent again in the same bytes, and what comes twice or broken changes nothing.
"""

import hashlib
import io
import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from libs import edxml
from services.interconnect.axis import AxisRefused, AxisUnreachable, MessageType, NationalAxis
from tools.demo.cast import GOVERNMENT_SYSTEM, Agency, Cast
from tools.demo.government_office import GovernmentOffice, Letter
from tools.demo.run import government_office
from tools.platform import Installation

_LARGEST = 100 * 1024 * 1024
_POLL_SECONDS = 0.5
_AGAIN_SECONDS = 0.5
_PARAGRAPHS = ("Đề nghị các cơ quan báo cáo kết quả thực hiện.",)
# What the axis says while it is not itself: of a body damaged on its way, of a wrong clock.
_PASSING = frozenset({"10", "15"})
Step = tuple[str, str]
"""A status code, and its second in Viet Nam's time."""


@dataclass(frozen=True)
class Posted:
    """A letter that the axis has: its ids there and in the packet, and its file's digest."""

    doc_id: str
    document_id: str
    file: str


@dataclass
class Kept:
    """What strangers know: by (DocumentId, code of the recipient), and by DocId of the axis."""

    letters: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    statuses: dict[str, set[Step]] = field(default_factory=lambda: defaultdict(set))
    repeated: list[str] = field(default_factory=list)
    """Statuses of which a second packet with the same content came."""
    told: dict[tuple[str, str], list[Step]] = field(default_factory=lambda: defaultdict(list))
    ended: dict[tuple[str, str], str] = field(default_factory=dict)
    """What is in force no more: recalled, updated or replaced."""


class Beyond:
    """The strangers' system, at work in a thread of its own."""

    def __init__(self, here: Installation, cast: Cast) -> None:
        self._here = here
        self._cast = cast
        self._office: GovernmentOffice = government_office(here, cast)
        self._pdfs: dict[str, bytes] = {}
        self._settled: set[str] = set()
        self._chance = random.Random(9)  # noqa: S311
        self._letters: dict[tuple[str, str], Letter] = {}
        self._to_tell: list[tuple[Letter, Agency, str]] = []
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self.kept = Kept()
        self.failure: BaseException | None = None

    @property
    def busy(self) -> bool:
        """Whether something waits to be told, or on the axis for either side."""
        with self._lock:
            waiting = bool(self._to_tell)
        ours = self._client("province")
        return waiting or any(
            client.received(kind) for client in (self._client(), ours) for kind in _KINDS
        )

    def send(self, number: int, sender: Agency, recipient: Agency) -> Posted:
        """Send a signed document, in a packet without an envelope."""
        pdf = self._signed(sender, recipient)
        subject = f"Về việc báo cáo số {number}"
        letter = self._office.letter(pdf, number, subject, sender, recipient)
        data = edxml.serialize(letter.packet, self._office.blobs)
        doc_id = self._insist(data, "edoc", sender)
        file = hashlib.sha256(pdf).hexdigest()
        return Posted(doc_id, letter.packet.header.document_id, file)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Poll and answer for as long as the block lasts."""
        thread = threading.Thread(target=self._work, name="beyond", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join(timeout=60)

    def _work(self) -> None:
        try:
            while not self._ended.wait(_POLL_SECONDS):
                for kind in _KINDS:
                    self._poll(kind)
                self._answer()
        except BaseException as error:
            self.failure = error
            raise

    def _poll(self, kind: MessageType) -> None:
        client = self._client()
        try:
            for row in client.received(kind):
                if row.doc_id not in self._settled:
                    self._take(client, row.doc_id, row.to)
                client.update_status(row.doc_id, "done", recipients=row.to)
        except (AxisUnreachable, AxisRefused, edxml.MalformedPacket):
            return  # what is not done is listed again

    def _take(self, client: NationalAxis, doc_id: str, to: tuple[str, ...]) -> None:
        file = io.BytesIO()
        client.fetch(doc_id, file, _LARGEST)
        file.seek(0)
        packet = edxml.read(file, self._office.blobs)
        if isinstance(packet, edxml.StatusPacket):
            self._keep_status(packet.header)
        else:
            self._keep_letter(packet, doc_id, to)
        self._settled.add(doc_id)

    def _keep_status(self, header: edxml.StatusHeader) -> None:
        about = header.response_for.document_id
        step = (header.status_code, header.timestamp.isoformat())
        if header.status_code == "13" and step not in self.kept.statuses[about]:
            self._answer_recall(about, self._agency(header.response_for.organ_id))
        if step in self.kept.statuses[about]:
            self.kept.repeated.append(f"{about} {step}")
        self.kept.statuses[about].add(step)

    def _keep_letter(self, packet: edxml.DocumentPacket, doc_id: str, to: tuple[str, ...]) -> None:
        letter = Letter(packet, b"")
        for agency in map(self._agency, to):
            key = packet.header.document_id, agency.codes[0]
            self.kept.letters[key].add(doc_id)
            self._letters[key] = letter
            codes = ["01", "03"] + (["04", "05", "06"] if self._chance.random() < 0.3 else [])
            with self._lock:
                self._to_tell += [(letter, agency, status) for status in codes]
            self._take_the_place(packet.trace.business, agency)

    def _take_the_place(self, business: edxml.Business, agency: Agency) -> None:
        """Every update and replacement is accepted; whoever sends the latter asks for nothing."""
        older = [each.document_id for each in business.replacements]
        if business.kind is edxml.BusinessKind.UPDATE:
            key = business.document_id, agency.codes[0]
            self.kept.ended[key] = "updated"
            with self._lock:
                self._to_tell.append((self._letters[key], agency, "15"))
        self.kept.ended |= {(each, agency.codes[0]): "replaced" for each in older}

    def _answer_recall(self, about: str, agency: Agency) -> None:
        key = about, agency.codes[0]
        if key not in self._letters:
            raise AxisUnreachable("what is asked back has not come yet")
        code = self._chance.choice(("15", "16"))
        if code == "15":
            self.kept.ended[key] = "recalled"
        with self._lock:
            self._to_tell.append((self._letters[key], agency, code))

    def _agency(self, code: str) -> Agency:
        return next(each for each in self._cast.outside if code in each.codes)

    def _answer(self) -> None:
        """Tell what waits to be told, in order, each in the same bytes until the axis has it."""
        while not self._ended.is_set():
            with self._lock:
                if not self._to_tell:
                    return
                letter, teller, code = self._to_tell[0]
            packet = self._office.status(letter, teller, code, "Cập nhật trạng thái")
            data = edxml.serialize(packet, self._office.blobs)
            self._insist(data, "status", teller)
            header, about = packet.header, letter.packet.header.document_id
            self.kept.told[about, teller.codes[0]].append((code, header.timestamp.isoformat()))
            with self._lock:
                self._to_tell.pop(0)

    def _insist(self, data: bytes, kind: MessageType, sender: Agency) -> str:
        """Send until the axis has it; its DocId."""
        digest = hashlib.sha256(data).hexdigest()
        while True:
            try:
                return self._client().send(
                    io.BytesIO(data), message_type=kind, sender=sender.codes[0], sha256=digest
                )
            except AxisUnreachable:
                pass
            except AxisRefused as error:
                if error.code not in _PASSING:
                    raise
            if self._ended.wait(_AGAIN_SECONDS):
                raise AxisUnreachable("the run has ended")

    def _signed(self, sender: Agency, recipient: Agency) -> bytes:
        """A file signed once by each sender: what is judged is its signatures, each time anew."""
        with self._lock:
            if sender.key not in self._pdfs:
                subject = "Về việc báo cáo"
                letter = self._office.directive(1, subject, _PARAGRAPHS, sender, recipient)
                self._pdfs[sender.key] = letter.pdf
            return self._pdfs[sender.key]

    def _client(self, system: str = GOVERNMENT_SYSTEM) -> NationalAxis:
        """A client of its own for whoever asks: one serves one thread."""
        secret = self._here.credentials.get(f"axis.{system}")
        return NationalAxis(self._here.axis_url, system, secret, timeout=10)


_KINDS: tuple[MessageType, ...] = ("edoc", "status")
