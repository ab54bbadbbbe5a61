"""The golden journey: one directive through four tiers and back, by the public interfaces alone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tools.demo.cast import COMMUNES, DEPARTMENT, GOVERNMENT_OFFICE, PROVINCE, Agency
from tools.demo.client import DemoFailed, wait_for
from tools.demo.government_office import VIETNAM, GovernmentOffice, Letter
from tools.demo.office import Draft, LogIn, Office, Row

SUBJECT = "Về việc tăng cường gửi, nhận văn bản điện tử ký số giữa bốn cấp hành chính"
GOVERNMENT_TEXT = (
    "Thủ tướng Chính phủ yêu cầu Chủ tịch Ủy ban nhân dân tỉnh chỉ đạo các cơ quan, đơn vị trực "
    "thuộc gửi, nhận toàn bộ văn bản điện tử có ký số trên hệ thống liên thông.",
    "Báo cáo kết quả thực hiện về Văn phòng Chính phủ để tổng hợp, báo cáo Thủ tướng Chính phủ.",
)
PROVINCE_TEXT = (
    "Thực hiện công điện của Văn phòng Chính phủ, Chủ tịch Ủy ban nhân dân tỉnh yêu cầu:",
    "1. Các sở, ngành và Ủy ban nhân dân cấp xã xử lý văn bản đến hoàn toàn trên hệ thống; phản "
    "hồi đầy đủ trạng thái xử lý cho cơ quan gửi.",
    "2. Lãnh đạo cơ quan ký số bằng chứng thư số cá nhân; văn thư cấp số và đóng dấu bằng chứng "
    "thư số của cơ quan.",
    "3. Báo cáo kết quả về Ủy ban nhân dân tỉnh.",
)
APPENDIX_NAME = "phu-luc-co-quan-thuc-hien.csv"
APPENDIX = "".join(
    f"{row}\r\n"
    for row in (
        "Mã định danh,Cơ quan",
        *(f"{a.codes[0]},{a.name}" for a in (DEPARTMENT, *COMMUNES)),
    )
).encode("utf-8-sig")
REPORT_TEXT = (
    "Thực hiện chỉ thị của Chủ tịch Ủy ban nhân dân tỉnh, cơ quan báo cáo như sau:",
    "Toàn bộ văn bản đến trong kỳ đã được tiếp nhận, phân công và xử lý trên hệ thống; trạng thái "
    "xử lý được phản hồi tự động cho cơ quan gửi.",
)
Say = Callable[[str], None]


@dataclass
class Story:
    """What came of the journey: the material of its report."""

    dispatches: list[tuple[Office, Row]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    judged: list[dict[str, Any]] = field(default_factory=list)


class Journey:
    """Walks the steps in order; `say` tells a person what is happening."""

    def __init__(self, outside: GovernmentOffice, log_in: LogIn, say: Say) -> None:
        self._outside = outside
        self._log_in = log_in
        self._say = say
        self._reports: dict[str, Row] = {}
        self.subject = SUBJECT
        self.story = Story()

    def walk(self) -> Story:
        """From the Government Office down to the communes, and back up to it."""
        province = self._office(PROVINCE)
        letter = self._government_sends()
        foreign_id = letter.packet.header.document_id
        directive, _ = self._take(province, foreign_id)
        own = self._issue(
            province,
            Draft(
                "CT",
                SUBJECT,
                PROVINCE_TEXT,
                (DEPARTMENT, *COMMUNES),
                urgency=1,
                attachments=((APPENDIX_NAME, APPENDIX),),
            ),
            carries_out=directive,
        )
        for agency in (DEPARTMENT, *COMMUNES):
            self._report(self._office(agency), own)
        for agency in (DEPARTMENT, *COMMUNES):
            self._receive_report(province, self._office(agency))
        answer = self._issue(
            province,
            Draft(
                "BC",
                "Kết quả gửi, nhận văn bản điện tử ký số trên địa bàn tỉnh",
                REPORT_TEXT,
                (GOVERNMENT_OFFICE,),
                addressees=(GOVERNMENT_OFFICE.name,),
            ),
            answers=directive,
        )
        self._government_answers(letter, answer)
        self._senders_look(province, own, answer)
        return self.story

    def _office(self, agency: Agency) -> Office:
        return Office(agency, self._log_in)

    def _government_sends(self) -> Letter:
        self._say("Government Office signs an urgent directive and sends it by the national axis")
        midnight = datetime.now(VIETNAM).replace(hour=0, minute=0, second=0)
        number = int((datetime.now(VIETNAM) - midnight).total_seconds()) + 1
        self.subject = f"{SUBJECT} (đợt {number})"
        letter = self._outside.directive(number, self.subject, GOVERNMENT_TEXT)
        wait_for("the axis to know the province", lambda: self._outside.send(letter) or None)
        self.story.files["cong-dien-vpcp.pdf"] = letter.pdf
        return letter

    def _take(self, office: Office, foreign_id: str) -> tuple[str, str]:
        """An arrival is accepted, assigned and begun; its id and the task's."""
        arrival = office.arrived(foreign_id)
        document = f"/v1/documents/{arrival['document_id']}"
        self.story.judged.append(office.client("vanthu").get(f"{document}/report"))
        self._say(f"{office.agency.name}: {arrival['verdict']}, accepted, assigned, begun")
        document_id = str(arrival["document_id"])
        return document_id, office.take_up(document_id)

    def _issue(self, office: Office, draft: Draft, **links: str) -> Row:
        self._say(f"{office.agency.name}: drafts, reviews, signs, numbers, seals and issues")
        issued = office.issue(draft, **links)
        document_id = str(issued["document_id"])
        content = office.client("vanthu").file(f"/v1/documents/{document_id}/file")
        name = f"{office.agency.key}-{issued['code'].replace('/', '-')}.pdf"
        self.story.files[name] = content
        return issued

    def _report(self, office: Office, directive: Row) -> None:
        foreign_id = self._foreign_id(PROVINCE, directive)
        received, _ = self._take(office, foreign_id)
        self._appendix_came(office, received)
        report = self._issue(
            office,
            Draft(
                "BC",
                "Kết quả thực hiện Chỉ thị về gửi, nhận văn bản điện tử ký số",
                REPORT_TEXT,
                (PROVINCE,),
                addressees=(PROVINCE.name,),
            ),
            answers=received,
        )
        self._reports[office.agency.key] = report

    @staticmethod
    def _appendix_came(office: Office, document_id: str) -> None:
        clerk, document = office.client("vanthu"), f"/v1/documents/{document_id}"
        names = [file["name"] for file in clerk.get(document)["files"]]
        if APPENDIX_NAME not in names:
            raise DemoFailed(f"{office.agency.name} has {names}, and no {APPENDIX_NAME}")
        if clerk.file(f"{document}/file?index={names.index(APPENDIX_NAME)}") != APPENDIX:
            raise DemoFailed(f"{APPENDIX_NAME} came to {office.agency.name} with other bytes")

    def _receive_report(self, province: Office, sender: Office) -> None:
        report = self._reports[sender.agency.key]
        _, task = self._take(province, self._foreign_id(sender.agency, report))
        province.finish(task)

    def _government_answers(self, letter: Letter, answer: Row) -> None:
        """The Government Office sees our steps, takes our report, and tells us its own steps."""
        foreign_id = self._foreign_id(PROVINCE, answer)
        asked = letter.packet.header.document_id

        def came() -> Letter | None:
            self._outside.poll()
            told = {
                status.header.status_code
                for status in self._outside.statuses
                if status.header.response_for.document_id == asked
            }
            found = [x for x in self._outside.letters if x.packet.header.document_id == foreign_id]
            return found[0] if found and "06" in told else None

        report = wait_for("the province's report at the Government Office", came)
        verdict = self._outside.judge(report)
        self.story.judged.append(verdict.to_json())
        self._say(f"Government Office: {verdict.verdict}, tells 01, 03 and 06 by the axis")
        for code, text in (
            ("01", "Văn bản đã đến hệ thống"),
            ("03", "Văn thư đã tiếp nhận, vào sổ"),
            ("06", "Đã xử lý xong, lưu hồ sơ"),
        ):
            self._outside.tell(report, code, text)

    def _senders_look(self, province: Office, directive: Row, answer: Row) -> None:
        """Every sender waits until it sees 06 from every recipient."""
        self._say("every sender looks at what became of its document")
        sent = [(province, directive), (province, answer)]
        sent += [(self._office(a), self._reports[a.key]) for a in (DEPARTMENT, *COMMUNES)]
        for office, document in sent:
            document_id = str(document["document_id"])
            self.story.dispatches.append((office, self._finished(office, document_id)))

    @staticmethod
    def _finished(office: Office, document_id: str) -> Row:
        def all_done() -> Row | None:
            seen = office.sent(document_id)
            if seen is None:
                return None
            told = [[step["code"] for step in d["steps"]] for d in seen["deliveries"]]
            return seen if told and all("06" in codes for codes in told) else None

        return wait_for(f"06 from everybody for {document_id}", all_done)

    @staticmethod
    def _foreign_id(agency: Agency, issued: Row) -> str:
        day = str(issued["issued_on"]).replace("-", "/")
        return f"{agency.codes[0]},{day},{issued['code']}"


def write_files(story: Story, folder: Path) -> None:
    """Put the signed PDFs where people and checks find them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in story.files.items():
        (folder / name).write_bytes(content)
