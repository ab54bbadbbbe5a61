"""Lines as people and programs read them: ids resolved to the names and codes of the day."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from libs.contracts import instant_text
from services.audit.actions import ACTIONS
from services.audit.names import Names
from services.audit.queries import Entry, Facts, Lines, Replicas

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
SYSTEM = "(hệ thống)"
NOT_TOLD = "(không báo)"
UNKNOWN = "(không có trong danh bạ)"
_WORTH_SHOWING = timedelta(minutes=1)


def shown(lines: Lines, replicas: Replicas, names: Names) -> list[dict[str, Any]]:
    """The lines in their order; both views of the trail are made here."""
    return [_shown(line, replicas, names) for line in lines]


def tiers(lines: Iterable[dict[str, Any]]) -> list[int]:
    """The tiers that shown lines reach."""
    return sorted({line["tier"] for line in lines if line["tier"] is not None})


def consultation(row: Entry, replicas: Replicas, names: Names) -> dict[str, Any]:
    """Who looked into the trail, when, and what for."""
    handler, position = _handler(row, [], replicas, names)
    person = row.asked.get("person_id")
    return {
        "consultation_id": str(row.consultation_id),
        "at": instant_text(row.at),
        "handler": handler,
        "position": position,
        "handler_id": row.handler,
        "agency_id": row.agency,
        "question": row.question,
        "door": row.door,
        "asked": row.asked,
        "person": _person(UUID(person), replicas, names) if person else "",
        "lines": row.lines,
    }


def _shown(line: Entry, replicas: Replicas, names: Names) -> dict[str, Any]:
    action = ACTIONS[line.action]
    facts = replicas.documents.get(line.document_id) or replicas.packets.get(line.packet_id) or []
    handler, position = _handler(line, facts, replicas, names)
    told = {"at": instant_text(line.at)}
    if abs(line.recorded_at - line.at) > _WORTH_SHOWING:
        told["recorded_at"] = instant_text(line.recorded_at)
    return {
        **told,
        **_agency(replicas.agencies.get(line.agency_id, []), line.at),
        "agency_id": str(line.agency_id),
        "handler": handler,
        "position": position,
        "handler_id": line.handler or "",
        "action": action.vi,
        "action_en": action.en,
        "status_code": action.status,
        "unit": line.unit,
        "assignee": _assignee(line, replicas, names),
        "counterpart": _counterpart(line, replicas),
        "trace_id": str(line.trace),
        "document_id": str(facts[0].document_id) if facts else str(line.document_id or ""),
        "document_code": next((fact.code for fact in reversed(facts) if fact.code), ""),
        "event_type": line.event_type,
        "event_id": str(line.event_id),
        "store_position": line.position,
    }


def _agency(entries: list[Entry], at: datetime) -> dict[str, Any]:
    """Tier, code and name on the day of the line."""
    entry = entry_of(entries, at)
    if entry is None:
        return {"tier": None, "agency_code": "", "agency_name": UNKNOWN}
    code = _code(entries[-1].codes, _day(at))
    return {"tier": entry.tier, "agency_code": code, "agency_name": entry.name}


def entry_of(entries: list[Entry], at: datetime) -> Entry | None:
    """The entry that held on the day of `at`; before the first one, the first."""
    holding = [entry for entry in entries if _day(entry.since) <= _day(at)]
    return next(iter(holding[-1:] or entries[:1]), None)


def _code(codes: list[dict[str, str]], day: date) -> str:
    """The first code that was valid on the day; the days stand in the directory's entry."""
    valid = [
        code["code"]
        for code in codes
        if code["valid_from"] <= day.isoformat() <= (code["valid_to"] or "9999-12-31")
    ]
    return (valid or [code["code"] for code in codes] or [""])[0]


def _handler(line: Entry, facts: list[Entry], replicas: Replicas, names: Names) -> tuple[str, str]:
    """Full name and title of who did it."""
    if line.person_id is not None:
        signed = [fact for fact in facts if fact.signer_id == line.person_id]
        post = line.position_id or (signed[-1].signer_position_id if signed else None)
        return _person(line.person_id, replicas, names), _title(post, replicas.positions)
    if line.handler is None:
        text = names.of(line.named_in) if line.named_in else None
        if text is None:
            return NOT_TOLD, ""
        return text.signer or text.full_name or NOT_TOLD, text.signer_position
    kind, _, who = line.handler.partition(":")
    return (f"(máy) {who}", "") if kind == "machine" else (SYSTEM, "")


def _person(person_id: UUID | None, replicas: Replicas, names: Names) -> str:
    cards = replicas.people.get(person_id) if person_id else None
    return names.of(cards[-1].card).full_name if cards else UNKNOWN


def _title(position_id: UUID | None, positions: Facts) -> str:
    entries = positions.get(position_id) if position_id else None
    return str(entries[-1].title) if entries else ""


def _assignee(line: Entry, replicas: Replicas, names: Names) -> str:
    return _person(line.assignee_id, replicas, names) if line.assignee_id else ""


def _counterpart(line: Entry, replicas: Replicas) -> str:
    if line.counterpart_id is None:
        return ""
    return str(_agency(replicas.agencies.get(line.counterpart_id, []), line.at)["agency_name"])


def _day(at: datetime) -> date:
    """The day in Việt Nam, where the days of the directory are counted."""
    return at.astimezone(VIETNAM).date()
