"""The balance as HTTP and the command line show it."""

from typing import Any
from uuid import UUID

from services.interconnect.balance import NOBODY, RECEIVED, SENT

Row = dict[str, Any]


def sides(row: Row) -> Row:
    """The counts of both sides, each with its own whole, parts and difference."""
    sent = ("accepted", *SENT, "difference")
    received = ("arrived", *RECEIVED, "difference")
    return {
        "sent": {name: row[f"sent_{name}"] for name in sent},
        "received": {name: row[f"received_{name}"] for name in received},
    }


def balance_row(row: Row) -> Row:
    """One pair of agencies on one day."""
    return {
        "day": row["day"],
        "sender": agency(row, "sender"),
        "recipient": agency(row, "recipient"),
        **sides(row),
    }


def pair_row(row: Row) -> Row:
    """One pair of agencies: what was numbered, what came, what is missing."""
    sides = {
        side: None
        if row[f"{side}_highest"] is None
        else {"highest": row[f"{side}_highest"], "count": row[f"{side}_count"]}
        for side in ("sent", "received")
    }
    missing = {"total": row["missing"], "numbers": row["numbers"]}
    missing["more"] = row["missing"] > len(row["numbers"])
    return {
        "sender": agency(row, "sender"),
        "recipient": agency(row, "recipient"),
        **sides,
        "missing": missing,
        "kept_back": row["kept_back"],
    }


def agency(row: Row, side: str) -> Row | None:
    """One of the two; None for one whom the directory does not know."""
    agency_id: UUID = row[f"{side}_id"]
    if agency_id == NOBODY:
        return None
    names = {name: row[f"{side}_{name}"] for name in ("code", "name")}
    return {"agency_id": agency_id, **names}


def holds(totals: Row) -> bool:
    """Whether everything adds up."""
    return not totals["sent_difference"] and not totals["received_difference"]
