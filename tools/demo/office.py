"""One agency's people at work: what each does through the public API, and what each waits for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools.demo.cast import DEMO, Agency, Cast, Person
from tools.demo.client import Client, wait_for

LogIn = Callable[[Person], Client]
Row = dict[str, Any]


@dataclass(frozen=True)
class Draft:
    """What an officer writes."""

    type_code: str
    subject: str
    paragraphs: tuple[str, ...]
    recipients: tuple[Agency, ...]
    addressees: tuple[str, ...] = ()
    urgency: int = 0
    unit_sign: str = ""
    attachments: tuple[tuple[str, bytes], ...] = ()
    """Names and contents."""


class Office:
    """The people of one agency, each under an account of their own."""

    def __init__(self, agency: Agency, log_in: LogIn, cast: Cast = DEMO) -> None:
        self.agency = agency
        self._log_in = log_in
        self._cast = cast

    def person(self, role: str) -> Person:
        """Whoever holds `role` here."""
        return self._cast.person(self.agency.key, role)

    def client(self, role: str) -> Client:
        """The front end of whoever holds `role` here."""
        return self._log_in(self.person(role))

    def arrived(self, foreign_id: str) -> Row:
        """Wait until a document is here and its signatures are judged; the clerk looks at it."""
        clerk = self.client("vanthu")

        def look() -> Row | None:
            rows = clerk.get("/v1/documents", direction="incoming", limit=50)["documents"]
            for row in rows:
                if row["state"] != "arrived":
                    found = clerk.get(f"/v1/documents/{row['document_id']}")
                    if found["foreign_id"] == foreign_id:
                        return found
            return None

        return wait_for(f"{foreign_id} at {self.agency.name}", look)

    def take_up(self, document_id: str) -> str:
        """Accept, assign, start: statuses 03, 04 and 05. The task's id."""
        self.client("vanthu").post(f"/v1/documents/{document_id}/accept")
        leader, officer = self.client("lanhdao"), self.client("chuyenvien")

        def opened() -> str | None:
            rows = leader.get("/v1/processes", document_id=document_id)["processes"]
            return str(rows[0]["process_id"]) if rows else None

        process_id = wait_for(f"the process of {document_id}", opened)
        assignee = self.person("chuyenvien")
        task_id = str(
            leader.post(
                f"/v1/processes/{process_id}/tasks",
                {
                    "unit": assignee.unit,
                    "assignee_id": str(assignee.person_id),
                    "assignee_position_id": str(assignee.position_id),
                },
            )["task_id"]
        )

        def to_do() -> bool | None:
            rows = officer.get("/v1/tasks", mine="true", limit=100)["tasks"]
            return any(row["task_id"] == task_id for row in rows) or None

        wait_for(f"the task of {assignee.full_name}", to_do)
        officer.post(f"/v1/tasks/{task_id}/start")
        return task_id

    def finish(self, task_id: str) -> None:
        """Finish a task: status 06 when it was the last."""
        self.client("chuyenvien").post(f"/v1/tasks/{task_id}/finish")

    def issue(self, draft: Draft, *, answers: str = "", carries_out: str = "") -> Row:
        """Draft, attach, review, sign, number, seal and issue; the issued document."""
        officer, clerk = self.client("chuyenvien"), self.client("vanthu")
        signer = self.person("lanhdao")
        body = {
            "type_code": draft.type_code,
            "subject": draft.subject,
            "paragraphs": list(draft.paragraphs),
            "addressees": list(draft.addressees),
            "recipients": [str(agency.agency_id) for agency in draft.recipients],
            "urgency": draft.urgency,
            "unit_sign": draft.unit_sign,
            "signer_id": str(signer.person_id),
            "signer_position_id": str(signer.position_id),
            "answers": answers or None,
            "carries_out": carries_out or None,
        }
        step = f"{draft.type_code} {answers} {carries_out}"
        document_id = str(officer.post("/v1/documents", body, step=step)["document_id"])
        for name, content in draft.attachments:
            officer.upload(f"/v1/documents/{document_id}/attachments", name, content)
        self.client("truongphong").post(f"/v1/documents/{document_id}/review")
        self.client("lanhdao").post(f"/v1/documents/{document_id}/approve")
        self._reaches(clerk, document_id, "signed")
        clerk.post(f"/v1/documents/{document_id}/issue")
        return self._reaches(clerk, document_id, "issued")

    def sent(self, document_id: str) -> Row | None:
        """What the sender sees of an issued document: deliveries with every step told."""
        return self.client("vanthu").find(f"/v1/dispatches/{document_id}")

    @staticmethod
    def _reaches(clerk: Client, document_id: str, state: str) -> Row:
        def look() -> Row | None:
            found = clerk.find(f"/v1/documents/{document_id}")
            return found if found and found["state"] == state else None

        return wait_for(f"{document_id} to be {state}", look)
