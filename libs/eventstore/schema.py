"""The store's SQL: tables by migration, functions and rights anew with every migration.

The reasons for every choice stand in docs/adr/0003-event-store.md; in short: order is
(tx, position), tx a Lamport clock over transaction ids; readers stay below the horizon; one hash
chain for each stream; writers may call the append functions and nothing else.
"""

from pathlib import Path

_FOLDER = Path(__file__).with_name("sql")
FUNCTIONS = ("order", "append", "rebase")


def script(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
