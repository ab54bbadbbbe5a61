"""What the directory shows of certificates: names from cards, days by which something is due."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid5

import rfc8785
from sqlalchemy import Connection

from libs.blobs import BlobMissing, BlobStore
from services.directory import certificates, forms, queries
from services.directory.domain.deadlines import (
    ANSWER_DAYS,
    RENEW_BEFORE,
    RETURN_DAYS,
    working_days_after,
)
from services.directory.domain.lifecycle import HOLDERS
from services.directory.forecast import STOPS, Expiry

_LONGEST_TEXT = 64 * 1024


def put_text(blobs: BlobStore, text: Mapping[str, Any], seed: UUID) -> str:
    """Keep what people wrote; the salt keeps a short text from being guessed out of its digest."""
    salted = {**text, "salt": str(uuid5(seed, "salt"))}
    return blobs.put_bytes(bytes(rfc8785.dumps(salted))).digest


def read_text(blobs: BlobStore, digest: str | None) -> dict[str, Any]:
    """A kept text without its salt; empty when there is none, or when it was erased."""
    if not digest:
        return {}
    try:
        text: dict[str, Any] = json.loads(blobs.read(digest, limit=_LONGEST_TEXT))
    except BlobMissing:
        return {}
    return {name: value for name, value in text.items() if name != "salt"}


def name_on(blobs: BlobStore, card: str | None) -> str:
    """The name on a person's card."""
    return str(read_text(blobs, card).get("full_name", ""))


def plain(row: Mapping[str, Any], *hidden: str) -> dict[str, Any]:
    """A row as JSON values."""
    return {
        name: str(value) if isinstance(value, UUID | date) else value
        for name, value in row.items()
        if name not in hidden
    }


def request(row: Mapping[str, Any], blobs: BlobStore) -> dict[str, Any]:
    """A request; once forwarded, with the day by which the authority answers."""
    shown = plain(row, "form", "note")
    if row["state"] == "forwarded":
        shown["due_on"] = str(working_days_after(row["forwarded_on"], ANSWER_DAYS))
    if row["note"]:
        shown["note"] = read_text(blobs, row["note"]).get("note", "")
    return shown


def device(row: Mapping[str, Any], held: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A device; while in hand without a certificate in use, with the day of its return."""
    ends = [one for one in held if one["device"] == row["device"]]
    shown = plain(row)
    if row["state"] == "in_hand" and ends and all(one["ended"] for one in ends):
        last = max(one["ended_on"] for one in ends)
        shown["return_by"] = str(working_days_after(last, RETURN_DAYS))
    return shown


def missing(rows: Sequence[Mapping[str, Any]], day: date, blobs: BlobStore) -> dict[str, Any]:
    """Positions with the authority to sign and no valid certificate, by agency."""
    agencies: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        head = {name: plain(row)[name] for name in ("agency_id", "name", "tier")}
        entry = agencies.setdefault(row["agency_id"], {**head, "leaders": 0, "missing": []})
        entry["leaders"] += 1
        if not row["covered"]:
            who = {name: plain(row)[name] for name in ("person_id", "position_id", "title", "unit")}
            name = name_on(blobs, row["card"])
            entry["missing"].append({**who, "full_name": name, "why": _why(row, day)})
    short = [entry for entry in agencies.values() if entry["missing"]]
    return {
        "at": str(day),
        "leaders": sum(entry["leaders"] for entry in agencies.values()),
        "missing": sum(len(entry["missing"]) for entry in short),
        "agencies": short,
    }


def _why(row: Mapping[str, Any], day: date) -> str:
    if row["last_to"] is None:
        return "never"
    if row["last_ended"]:
        return str(row["last_ended"])
    return "expired" if row["last_to"] < day else "not_yet_valid"


def forecast(
    connection: Connection, ending: Sequence[Expiry], today: date, until: date, blobs: BlobStore
) -> dict[str, Any]:
    """What expires up to a day, month by month."""
    shown = [one for one in ending if one.stops_on <= until]
    owners = [one.held.owner_id for one in shown]
    names, places, cards = queries.subscribers_shown(connection, owners)
    asked = queries.asked_renewals(connection)
    months: dict[str, list[dict[str, Any]]] = {}
    for one in shown:
        owner, kind = one.held.owner_id, one.held.kind
        name = one.held.authority or names.get(owner) or name_on(blobs, cards.get(owner))
        entry = _expiry(one, today) | {
            "name": name,
            "agencies": places.get(owner, [names[owner]] if owner in names else []),
            "asked": asked.get((owner, kind)),
        }
        months.setdefault(f"{one.stops_on:%Y-%m}", []).append(entry)
    return {
        "as_of": str(today),
        "until": str(until),
        "months": [{"month": month, "expiries": rows} for month, rows in months.items()],
    }


def _expiry(one: Expiry, today: date) -> dict[str, Any]:
    held = one.held
    vi, en = STOPS[held.kind]
    shown: dict[str, Any] = {
        "certificate_id": str(held.certificate_id),
        "owner_id": str(held.owner_id),
        "kind": held.kind,
        "valid_to": str(held.valid_to),
        "stops_on": str(one.stops_on),
        "days_left": (one.stops_on - today).days,
        "because": one.because,
        "below": one.below,
        "stops": {"vi": vi, "en": en},
    }
    if held.kind in HOLDERS:
        shown["ask_by"] = str(held.valid_to - RENEW_BEFORE)
    return shown


def request_form(
    connection: Connection, row: Mapping[str, Any], blobs: BlobStore
) -> dict[str, Any]:
    """A request's form, filled."""
    agency = queries.one_agency(connection, row["agency_id"]) or {}
    subject = _subject(connection, row["owner_id"], agency, blobs)
    known = queries.one_certificate(connection, row["owner_id"], row["certificate_id"])
    named = _named(known, blobs) if known else None
    form = forms.request_form(row, read_text(blobs, row["form"]), subject, named)
    return {**_head(agency), **form}


def minutes(connection: Connection, row: Mapping[str, Any], blobs: BlobStore) -> dict[str, Any]:
    """The minutes of a device's hand-over or return, filled."""
    owner = row["owner_id"]
    (agency_id, *_) = queries.agencies_of(connection, owner) or [owner]
    agency = queries.one_agency(connection, agency_id) or {}
    held = queries.certificates_of(connection, owner)
    on_it = [_named(one, blobs) for one in held if one["device"] == row["device"]]
    receiver = name_on(blobs, queries.card_of(connection, row["receiver_id"]))
    subject = _subject(connection, owner, agency, blobs)
    return {**_head(agency), **forms.minutes(row, subject, receiver, on_it)}


def _head(agency: Mapping[str, Any]) -> dict[str, Any]:
    """What stands at the top of the page, as the directory has it."""
    return {name: agency.get(name, "") for name in ("name", "place", "short_sign")}


def _subject(
    connection: Connection, owner_id: UUID, agency: Mapping[str, Any], blobs: BlobStore
) -> forms.Subject:
    name = str(agency.get("name", ""))
    for place in queries.positions_of(connection, agency["agency_id"]) if agency else ():
        if place["person_id"] == owner_id:
            full_name = name_on(blobs, place["card"])
            return forms.Subject(name, full_name, place["title"], place["unit"])
    return forms.Subject(name, name)


def _named(row: Mapping[str, Any], blobs: BlobStore) -> forms.Named:
    certificate = certificates.read(blobs.read(row["file"], limit=_LONGEST_TEXT).decode())
    serial = format(certificate.serial_number, "X")
    return forms.Named(serial, row["valid_from"], row["valid_to"])
