"""What lies between two states: what appeared, what changed and how, what is no longer there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

APPEARED, CHANGED, ENDED = "appeared", "changed", "ended"
KEYS = {
    "documents": "document_id",
    "tasks": "task_id",
    "processes": "process_id",
    "dispatches": "document_id",
}
# They move with every change, and say nothing of their own.
_MOVES = {"version", "changed_at"}

Row = dict[str, Any]


@dataclass(frozen=True)
class Difference:
    """One row of one list of one viewer; `fields` has, of a change, before and after."""

    agency_id: str
    agency_name: str
    list: str
    key: str
    kind: str
    row: Row
    fields: Mapping[str, tuple[Any, Any]]


def differences(before: Row, after: Row) -> list[Difference]:
    """Between two states of `look`, in the order of viewers and lists."""
    older = {_viewer(view): view for view in before["views"]}
    newer = {_viewer(view): view for view in after["views"]}
    found = []
    for viewer, view in {**older, **newer}.items():
        for name in KEYS:
            rows = ({row[KEYS[name]]: row for row in views.get(viewer, {}).get(name, [])}
                    for views in (older, newer))  # fmt: skip
            found += [
                Difference(view["agency_id"], view["agency_name"], name, *each)
                for each in _between(*rows)
            ]
    return found


def _viewer(view: Row) -> tuple[str, str | None]:
    return view["agency_id"], view["position_id"]


def _between(
    before: dict[str, Row], after: dict[str, Row]
) -> Iterator[tuple[str, str, Row, dict[str, tuple[Any, Any]]]]:
    for key, row in after.items():
        if key not in before:
            yield key, APPEARED, row, {}
        elif fields := _fields(before[key], row):
            yield key, CHANGED, row, fields
    for key, row in before.items():
        if key not in after:
            yield key, ENDED, row, {}


def _fields(before: Row, after: Row) -> dict[str, tuple[Any, Any]]:
    return {
        name: (before.get(name), after.get(name))
        for name in {**before, **after}
        if name not in _MOVES and before.get(name) != after.get(name)
    }


def as_json(found: list[Difference]) -> list[Row]:
    """Differences for programs."""
    return [
        {
            **{name: value for name, value in vars(each).items() if name not in ("fields", "row")},
            "row": each.row,
            "fields": {
                name: {"before": before, "after": after}
                for name, (before, after) in each.fields.items()
            },
        }
        for each in found
    ]
