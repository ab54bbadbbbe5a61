"""Statuses that senders saw, against the packets that told them."""

from collections import Counter
from datetime import datetime
from typing import Any

from tools.check_report.evidence import Evidence
from tools.check_report.names import Names
from tools.check_report.outcome import Outcome, difference
from tools.check_report.packets import read_status
from tools.check_report.timeline import SYSTEM, Step


def seen_by_senders(rows: list[dict[str, Any]], evidence: Evidence, names: Names) -> Outcome:
    """Each row of the report is told by one stored packet, and each packet stands in the report."""
    stored = evidence.axis_packets("status")
    found, strange = [], []
    for event in evidence.of_type("StatusReceived"):
        if event["channel"] == "axis" and event["status_packet"] not in stored:
            strange.append(f"the axis does not hold packet {event['status_packet']}")
        certificates = _service_certificates(evidence, event["recipient_id"])
        told = read_status(evidence.blob(event["status_packet"]), certificates)
        parties = (event["sender_id"], event["recipient_id"])
        sender, recipient = (names.agency(party, event.occurred_at)[2] for party in parties)
        who = (told.handler, told.unit)
        code = (told.document_code, told.code)
        found.append((event["document_id"], *code, sender, recipient, *who, told.at, told.envelope))
    reported = [
        (
            row["document_id"],
            row["document_code"],
            row["status_code"],
            row["sender"],
            row["recipient"],
            row["handler"] or "",
            row["unit"] or "",
            datetime.fromisoformat(row["at"]),
            row["envelope"] or "",
        )
        for row in rows
    ]
    differences = difference(Counter(reported), Counter(found))
    return Outcome("statuses seen by senders / packets", len(found), [*differences, *strange])


def done_by_recipients(
    rows: list[dict[str, Any]], steps: list[Step], evidence: Evidence, names: Names
) -> Outcome:
    """Inside, every sender sees exactly the steps that its recipients did, by whom, to the instant.

    So it is where nothing is kept back: by the widest disclosure, which is the demo's.
    """
    came = {
        event["packet_id"]: event
        for event in evidence.of_type("PacketArrived")
        if event["channel"] == "inside"
    }
    done = Counter(
        (
            names.agency(came[step.event["packet_id"]]["sender_id"], step.line["at"])[2],
            step.line["agency_name"],
            step.line["status_code"],
            "" if step.line["handler"] == SYSTEM else step.line["handler"],
            step.line["at"],
        )
        for step in steps
        if step.line["status_code"] and step.event["packet_id"] in came
    )
    pairs = {pair[:2] for pair in done}
    seen = Counter(
        (
            row["sender"],
            row["recipient"],
            row["status_code"],
            row["handler"] or "",
            datetime.fromisoformat(row["at"]),
        )
        for row in rows
        if (row["sender"], row["recipient"]) in pairs
    )
    differences = difference(seen, done)
    return Outcome("steps seen by senders / steps done", done.total(), differences)


def told_through_axis(steps: list[Step], evidence: Evidence) -> Outcome:
    """Our steps on what came by the axis, and the packets that the axis holds about them."""
    stored = evidence.axis_packets("status")
    came = {
        event["packet_id"]
        for event in evidence.of_type("PacketArrived")
        if event["channel"] == "axis"
    }
    ours = Counter(
        (
            step.line["status_code"],
            step.line["at"].replace(microsecond=0),
            "" if step.line["handler"] == SYSTEM else step.line["handler"],
        )
        for step in steps
        if step.line["status_code"] and step.event["packet_id"] in came
    )
    sent = [
        event["status_packet"]
        for event in evidence.of_type("StatusSent")
        if event["channel"] == "axis"
    ]
    missing = [f"the axis does not hold packet {digest}" for digest in sent if digest not in stored]
    told = [read_status(stored[digest]) for digest in sent if digest in stored]
    theirs = Counter((packet.code, packet.second, packet.handler) for packet in told)
    differences = difference(ours, theirs)
    return Outcome("steps told by the axis / its packets", len(sent), [*differences, *missing])


def documents_through_axis(evidence: Evidence) -> Outcome:
    """Every document packet that came or went by the axis is held by it, byte for byte."""
    stored = evidence.axis_packets("edoc")
    moved = [
        event["packet"]
        for event in evidence.of_type("PacketArrived", "PacketSent")
        if event["channel"] == "axis"
    ]
    missing = [
        f"the axis does not hold packet {digest}" for digest in moved if digest not in stored
    ]
    return Outcome("documents by the axis / its packets", len(moved), missing)


def _service_certificates(evidence: Evidence, agency_id: str) -> list[bytes]:
    """The certificates (PEM) by which an agency's envelopes are believed."""
    return [
        evidence.blob(event["file"])
        for event in evidence.of_type("CertificateRegistered")
        if event["owner_id"] == agency_id and event["kind"] == "service"
    ]
