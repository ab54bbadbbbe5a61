"""A system beyond the axis, the Government Office's own: it speaks to us over the axis alone.

It lays out and signs its documents, packs them as edXML, sends them by the axis' public interface,
and answers what it receives with status packets, as any connected system would.
"""

import hashlib
import io
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from libs import edxml
from libs.blobs import BlobStore, open_store
from services.documents.layout import Box as PageBox
from services.documents.layout import OfficialDocument, render
from services.interconnect.axis import AxisRefused, AxisUnreachable, MessageType, NationalAxis
from services.signatures.pdf.box import Box
from services.signatures.pdf.engine import Engine, Setup
from services.signatures.pdf.report import Report
from tools.demo.cast import DEMO, GOVERNMENT_OFFICE, PROVINCE, Agency, Cast
from tools.demo.client import wait_for

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
LARGEST_PACKET = 100 * 1024 * 1024
UNKNOWN_RECIPIENT = "18"


@dataclass(frozen=True)
class Letter:
    """A document as the Government Office keeps it."""

    packet: edxml.DocumentPacket
    pdf: bytes


@dataclass
class GovernmentOffice:
    """One session of its system, for itself or for all agencies of `cast` beyond the axis.

    `engine` holds their keys, `blobs` their files.
    """

    axis: NationalAxis
    engine: Engine
    blobs: BlobStore
    cast: Cast = DEMO
    letters: list[Letter] = field(default_factory=list)
    statuses: list[edxml.StatusPacket] = field(default_factory=list)

    @classmethod
    def open(
        cls, axis: NationalAxis, setup: Setup, folder: Path, cast: Cast = DEMO
    ) -> "GovernmentOffice":
        """Its system with files below `folder`."""
        return cls(axis, Engine(setup), open_store(f"file://{folder}"), cast)

    def directive(
        self,
        number: int,
        subject: str,
        paragraphs: tuple[str, ...],
        sender: Agency = GOVERNMENT_OFFICE,
        recipient: Agency = PROVINCE,
    ) -> Letter:
        """Lay out, sign, number and seal an urgent directive."""
        pdf = self._signed(sender, recipient, number, subject, paragraphs)
        return self.letter(pdf, number, subject, sender, recipient)

    def letter(
        self, pdf: bytes, number: int, subject: str, sender: Agency, recipient: Agency
    ) -> Letter:
        """A document of today under this number, whose file is signed already."""
        today = datetime.now(VIETNAM).date()
        return Letter(self._packed(number, subject, pdf, today, sender, recipient), pdf)

    def _signed(
        self,
        sender: Agency,
        recipient: Agency,
        number: int,
        subject: str,
        paragraphs: tuple[str, ...],
    ) -> bytes:
        today, leader = datetime.now(VIETNAM).date(), self.cast.person(sender.key, "lanhdao")
        page = render(
            OfficialDocument(
                agency=sender.name,
                place=sender.place,
                year=today.year,
                type_code="CĐ",
                type_name="Công điện",
                notation=_notation(sender),
                subject=subject,
                addressees=(recipient.name,),
                paragraphs=paragraphs,
                recipients_list=(
                    "Như trên",
                    "Thủ tướng, các Phó Thủ tướng (để báo cáo)",
                    "Lưu: VT",
                ),
                position=leader.title,
                signer_name=leader.full_name,
                urgency=1,
            )
        )
        at, seal_owner = datetime.now(UTC), str(sender.agency_id)
        pdf = self.engine.sign_leader(
            page.pdf, person_id=str(leader.person_id), box=_box(page.boxes.leader), at=at
        ).pdf
        pdf = self.engine.sign_number(
            pdf,
            agency_id=seal_owner,
            at=at,
            number=str(number),
            number_box=_box(page.boxes.number),
            date=f"ngày {today.day:02d} tháng {_month(today)} năm {today.year}",
            date_box=_box(page.boxes.date),
        ).pdf
        return self.engine.sign_seal(
            pdf, agency_id=seal_owner, agency=sender.name, box=_box(page.boxes.seal), at=at
        ).pdf

    def send(self, letter: Letter) -> bool:
        """Send by the axis; False while the axis does not know the recipient yet."""
        try:
            self._send(letter.packet, "edoc", self._sender(letter))
        except AxisRefused as error:
            if error.code == UNKNOWN_RECIPIENT:
                return False
            raise
        return True

    def poll(self) -> None:
        """Fetch what the axis has for us, documents and statuses; the rest when it is back."""
        with suppress(AxisUnreachable):
            for kind in ("edoc", "status"):
                for row in self.axis.received(kind):
                    packet = io.BytesIO()
                    self.axis.fetch(row.doc_id, packet, LARGEST_PACKET)
                    packet.seek(0)
                    self._keep(edxml.read(packet, self.blobs))
                    self.axis.update_status(row.doc_id, "done", recipients=row.to)

    def judge(self, letter: Letter) -> Report:
        """The verdict of its own validation software."""
        return self.engine.validate(letter.pdf, at=datetime.now(UTC))

    def tell(self, letter: Letter, code: str, text: str) -> None:
        """Tell the sender of a letter a step of its recipient on it."""
        teller = self._recipient(letter.packet.header)
        self._send(self.status(letter, teller, code, text), "status", teller)

    def status(self, letter: Letter, teller: Agency, code: str, text: str) -> edxml.StatusPacket:
        """The packet by which one of our agencies tells a step on a letter, now."""
        header = letter.packet.header
        return edxml.StatusPacket(
            header=edxml.StatusHeader(
                sender=_agency(teller),
                response_for=edxml.ResponseFor(
                    organ_id=header.sender.organ_id,
                    code=f"{header.code.number}/{header.code.notation}",
                    promulgation_date=header.promulgation.promulgation_date,
                    document_id=header.document_id,
                ),
                staff=edxml.StaffInfo(department="Vụ Thư ký - Biên tập", staff="Lê Thị Dung"),
                status_code=code,
                description=text,
                timestamp=datetime.now(VIETNAM).replace(tzinfo=None, microsecond=0),
            )
        )

    def _recipient(self, header: edxml.DocumentHeader) -> Agency:
        """Which of our agencies a letter is for."""
        codes = {recipient.organ_id for recipient in header.recipients}
        return next(agency for agency in self.cast.outside if codes & set(agency.codes))

    def _keep(self, packet: edxml.DocumentPacket | edxml.StatusPacket) -> None:
        if isinstance(packet, edxml.StatusPacket):
            self.statuses.append(packet)
        else:
            self.letters.append(Letter(packet, self.blobs.read(packet.attachments[0].digest)))

    def _sender(self, letter: Letter) -> Agency:
        code = letter.packet.header.sender.organ_id
        return next(agency for agency in self.cast.outside if code in agency.codes)

    def _send(
        self,
        packet: edxml.DocumentPacket | edxml.StatusPacket,
        kind: MessageType,
        sender: Agency,
    ) -> None:
        """Send a packet; while the axis is away, the same bytes again."""
        data = edxml.serialize(packet, self.blobs)

        def sent() -> str | None:
            with suppress(AxisUnreachable):
                return self.axis.send(
                    io.BytesIO(data),
                    message_type=kind,
                    sender=sender.codes[0],
                    sha256=hashlib.sha256(data).hexdigest(),
                )
            return None

        wait_for("an answer of the axis", sent)

    def _packed(
        self,
        number: int,
        subject: str,
        pdf: bytes,
        today: date,
        sender: Agency,
        recipient: Agency,
    ) -> edxml.DocumentPacket:
        blob, leader = self.blobs.put_bytes(pdf), self.cast.person(sender.key, "lanhdao")
        own, code = sender.codes[0], f"{number}/{_notation(sender)}"
        document_id = f"{own},{today:%Y/%m/%d},{code}"
        return edxml.DocumentPacket(
            header=edxml.DocumentHeader(
                sender=_agency(sender),
                recipients=(_agency(recipient),),
                document_id=document_id,
                code=edxml.Code(number=str(number), notation=_notation(sender)),
                promulgation=edxml.PromulgationInfo(place=sender.place, promulgation_date=today),
                document_type=edxml.DocumentType(type="19", detail="0", name="Công điện"),
                subject=subject,
                signer=edxml.SignerInfo(position=leader.title, full_name=leader.full_name),
                other_info=edxml.OtherInfo(priority="1", page_amount="1"),
                steering_type="2",
            ),
            trace=edxml.Trace(
                headers=(
                    edxml.TraceHeader(
                        organ_id=own,
                        timestamp=datetime.now(VIETNAM).replace(tzinfo=None, microsecond=0),
                    ),
                ),
                business=edxml.Business(doc_type="0", paper="0"),
            ),
            attachments=(
                edxml.Attachment(
                    content_id="congdien",
                    content_type="application/pdf",
                    name="congdien.pdf",
                    digest=blob.digest,
                    size=blob.size,
                ),
            ),
        )


def _agency(agency: Agency) -> edxml.Agency:
    return edxml.Agency(organ_id=agency.codes[0], organ_name=agency.name)


def _notation(sender: Agency) -> str:
    return f"CĐ-{sender.short_sign}"


def _box(box: PageBox) -> Box:
    return Box(box.page, box.x1, box.y1, box.x2, box.y2)


def _month(day: date) -> str:
    # Decree 30/2020: days below 10 and the months 1 and 2 have a leading zero.
    return f"{day.month:02d}" if day.month < 3 else str(day.month)
