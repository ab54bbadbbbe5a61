"""The demo's report: what an auditor and every sender saw, as JSON."""

import hashlib
import json
from pathlib import Path
from typing import Any

from tools.demo.client import Client, wait_for
from tools.demo.journey import Story

TIMELINE = (
    "at",
    "tier",
    "agency_code",
    "agency_name",
    "handler",
    "position",
    "action",
    "status_code",
    "event_type",
)
TIERS = 4
LAST_STEP = ("StatusReceived", "06")


def whole_trace(auditor: Client, subject: str) -> dict[str, Any]:
    """The journey's trace as the auditor sees it, once the last step of all four tiers is in it."""

    def complete() -> dict[str, Any] | None:
        for row in auditor.get("/v1/traces", limit=20)["traces"]:
            if row["subject"] == subject:
                trace = auditor.get(f"/v1/traces/{row['trace_id']}")
                ends = {(line["event_type"], line["status_code"]) for line in trace["lines"]}
                return trace if LAST_STEP in ends and len(trace["tiers"]) == TIERS else None
        return None

    return wait_for("the whole trace in the audit", complete)


def compose(story: Story, trace: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The report."""
    return {
        "traces": [
            {
                "trace_id": trace["trace_id"],
                "subject": trace["subject"],
                "tiers": trace["tiers"],
                "timeline": [{name: line[name] for name in TIMELINE} for line in trace["lines"]],
            }
        ],
        "signatures": _signatures(story),
        "statuses_seen_by_sender": _statuses(story),
        "seconds": round(seconds, 1),
    }


def write(report: dict[str, Any], path: Path) -> None:
    """Write the report where programs read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _signatures(story: Story) -> list[dict[str, Any]]:
    """Every signature of every file, as its first receiver judged it."""
    names = {hashlib.sha256(content).hexdigest(): n for n, content in story.files.items()}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for judged in story.judged:
        for signature in judged["signatures"]:
            file = names[judged["file_sha256"]]
            found.setdefault(
                (file, signature["role"]),
                {
                    "file": file,
                    "role": signature["role"],
                    "signer": signature["signer"]["name"],
                    "verdict": signature["verdict"],
                },
            )
    return list(found.values())


def _statuses(story: Story) -> list[dict[str, Any]]:
    return [
        {
            "document_id": seen["document_id"],
            "document_code": seen["foreign_id"].rsplit(",", 1)[-1],
            "sender": office.agency.name,
            "recipient": delivery["recipient"]["name"],
            "status_code": step["code"],
            "handler": step["handler"],
            "unit": step["unit"],
            "at": step["told_at"],
            "seconds": step["seconds"],
            "envelope": (step["envelope"] or {}).get("verdict"),
        }
        for office, seen in story.dispatches
        for delivery in seen["deliveries"]
        for step in delivery["steps"]
    ]
