"""Streams that stand still, as people and as programs read them."""

import json
from datetime import datetime
from typing import Any

from google.protobuf import json_format
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from libs.contracts import UnknownEvent, message
from libs.desk.model import Letter
from libs.eventstore import Recorded
from libs.messaging.causes import PlainCause, plain
from libs.messaging.parked import Held
from libs.messaging.positions import BACK_OFF_SECONDS

# Wide enough for every column when the output goes to a file.
FILE_WIDTH = 200
_ENVELOPE = (
    "event_id", "stream", "version", "type", "schema", "agency", "handler", "behalf",
    "occurred_at", "recorded_at", "trace", "correlation", "causation", "tx", "position",
)  # fmt: skip


def console() -> Console:
    """Standard output; wide when nobody looks at it."""
    terminal = Console(highlight=False)
    return terminal if terminal.is_terminal else Console(highlight=False, width=FILE_WIDTH)


def facts(held: Held) -> dict[str, Any]:
    """One stream for programs."""
    words = plain(held.cause)
    return {
        "kind": "event",
        "consumer": held.consumer,
        "stream": held.stream,
        "version": held.version,
        "event_id": str(held.event_id) if held.event_id else None,
        "type": held.event_type,
        "state": "parked" if held.parked else "waiting",
        "attempts": held.attempts,
        "since": _instant(held.recorded_at),
        "next_try": None if held.parked else _instant(held.due_at),
        "behind": held.behind,
        "cause": held.cause,
        "cause_vi": words.vi,
        "cause_en": words.en,
    }


def letter(each: Letter, words: PlainCause) -> dict[str, Any]:
    """One parked job or packet for programs."""
    return {
        "kind": each.kind,
        "item": each.item,
        "what": each.what,
        "state": "parked",
        "attempts": each.attempts,
        "since": _instant(each.since),
        "behind": each.behind,
        "trace": str(each.trace) if each.trace else None,
        "cause": each.cause,
        "cause_vi": words.vi,
        "cause_en": words.en,
    }


def letters(found: list[tuple[Letter, PlainCause]]) -> Table:
    """A line for each parked job or packet."""
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("item", "what", "tries", "since", "behind", "why"):
        right = title in ("tries", "behind")
        grid.add_column(title, justify="right" if right else "left", overflow="fold")
    for each, words in found:
        why = Text.assemble(words.en, "\n", (each.cause, "dim"))
        counts = (str(each.attempts), _local(each.since), str(each.behind))
        grid.add_row(each.item, each.what, *counts, why)
    return grid


def whole(held: Held, events: list[Recorded]) -> dict[str, Any]:
    """One stream with its events for programs: the head in full, the rest by place and kind."""
    return {
        **facts(held),
        "event": {**_envelope(events[0]), "payload": payload(events[0])} if events else None,
        "events_behind": [
            {"version": e.version, "type": e.type, "recorded_at": _instant(e.recorded_at)}
            for e in events[1:]
        ],
    }


def payload(event: Recorded) -> dict[str, Any] | str:
    """The event's content as the contract reads it; as stored when the contract cannot."""
    try:
        content: dict[str, Any] = json_format.MessageToDict(
            message(event), preserving_proto_field_name=True
        )
        return content
    except UnknownEvent:
        return event.payload.decode("utf-8", "backslashreplace")


def table(held: list[Held]) -> Table:
    """A line for each stream that stands still."""
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("consumer", "stream", "version", "event", "tries", "since", "behind", "why"):
        right = title in ("version", "tries", "behind")
        grid.add_column(title, justify="right" if right else "left", overflow="fold")
    for each in held:
        tries = str(each.attempts) if each.parked else f"{each.attempts} of {len(BACK_OFF_SECONDS)}"
        grid.add_row(
            each.consumer,
            each.stream,
            str(each.version),
            each.event_type or "?",
            tries,
            _local(each.recorded_at),
            str(each.behind),
            Text.assemble(plain(each.cause).en, "\n", (each.cause, "dim")),
        )
    return grid


def page(held: Held, events: list[Recorded]) -> RenderableType:
    """One stream: its head in full, why it failed, what to do, what waits."""
    state = "parked" if held.parked else f"waiting, next try {_local(held.due_at)}"
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_row("consumer", held.consumer)
    grid.add_row("state", f"{state}; {held.attempts} tries failed")
    grid.add_row("cause", Text(held.cause))
    words = plain(held.cause)
    grid.add_row("", words.en)
    grid.add_row("", Text(words.vi, style="dim"))
    if not events:
        return Group(grid, "The role may not read the event itself any more.")
    for name, value in _envelope(events[0]).items():
        if value is not None:
            grid.add_row(name, Text(str(value)))
    content = payload(events[0])
    is_text = isinstance(content, str)
    told = (
        content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=1)
    )
    grid.add_row("payload, as stored" if is_text else "payload", Text(told))
    return Group(grid, "", _behind(events[1:]))


def _behind(events: list[Recorded]) -> RenderableType:
    if not events:
        return "Nothing stands behind it."
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("behind it", "event", "recorded"):
        grid.add_column(title)
    for event in events:
        grid.add_row(str(event.version), event.type, _local(event.recorded_at))
    return grid


def _envelope(event: Recorded) -> dict[str, Any]:
    values = {name: getattr(event, name) for name in _ENVELOPE}
    return {
        name: value if value is None or isinstance(value, int) else _plain(value)
        for name, value in values.items()
    }


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _local(at: datetime | None) -> str:
    return at.astimezone().strftime("%d/%m/%Y %H:%M:%S") if at else "?"
