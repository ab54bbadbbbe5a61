"""Who stands behind an id, by the directory's own events."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tools.check_report.evidence import Event, Evidence

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


class Names:
    """Agencies as of a day, people and their positions."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._agencies: dict[str, list[Event]] = {}
        for event in evidence.of_type("AgencyRegistered"):
            self._agencies.setdefault(event["agency_id"], []).append(event)
        self._cards = {e["person_id"]: e["card"] for e in evidence.of_type("PersonRegistered")}
        self._titles = {e["position_id"]: e["title"] for e in evidence.of_type("PositionAssigned")}

    def agency(self, agency_id: str, at: datetime) -> tuple[int | None, str, str]:
        """Tier, code and name on the day of `at`."""
        entries = self._agencies.get(agency_id)
        if not entries:
            return None, "", "(không có trong danh bạ)"
        day = at.astimezone(VIETNAM).date()
        entry = entries[0]
        for later in entries:
            if later.occurred_at.astimezone(VIETNAM).date() <= day:
                entry = later
        return entry["tier"], _code(entries[-1]["codes"], day.isoformat()), entry["name"]

    def person(self, person_id: str) -> str:
        """The full name on the person's card."""
        card = self._cards.get(person_id)
        if card is None:
            return "(không có trong danh bạ)"
        return str(self._evidence.text(card).get("full_name", "(đã xóa)"))

    def title(self, position_id: str) -> str:
        """The title of a position."""
        return str(self._titles.get(position_id, ""))


def _code(codes: list[dict[str, Any]], day: str) -> str:
    for code in codes:
        until = code.get("valid_to") or "9999"
        if code["valid_from"] <= day <= until:
            return str(code["code"])
    return str(codes[0]["code"]) if codes else ""
