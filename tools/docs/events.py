"""Generate `docs/events.md` from the contract (`make docs`; `--check` in lint)."""

import re
import sys
from pathlib import Path

from libs.contracts import topology

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "events.md"
MESSAGE = re.compile(r"((?:^//[^\n]*\n)+)message (\w+) \{\n(.*?)^\}", re.M | re.S)
FIELD = re.compile(r"^\s+((?:repeated )?\w+) (\w+) = \d+;(?: // (.*))?$", re.M)


def page() -> str:
    """The catalogue: every event by owner and category, with its fields."""
    shape = topology()
    parts = [
        "# Events",
        "",
        "Generated from `proto/` by `make docs`; do not edit. Payloads are canonical JSON",
        "(RFC 8785) with these field names. Who did it, for which agency, when and in which",
        "trace stand in the store's columns.",
    ]
    for owner in shape.owners:
        text = (ROOT / f"proto/lienthong/{owner}/v1/events.proto").read_text(encoding="utf-8")
        messages = {name: (why, body) for why, name, body in MESSAGE.findall(text)}
        for category in shape.categories.values():
            if category.owner == owner:
                subscribers = [
                    f"`{c.name}`" for c in shape.consumers.values() if category.name in c.categories
                ]
                writer = "every service" if category.shared else owner
                parts += ["", f"## `{category.name}` · {writer}", ""]
                parts += [f"Followed by {', '.join(subscribers)}."]
                for name, version in category.events.items():
                    parts += _event(name, version, *messages[name])
    return "\n".join(parts) + "\n"


def _event(name: str, version: int, why: str, body: str) -> list[str]:
    text = " ".join(line.removeprefix("//").strip() for line in why.strip().splitlines())
    rows = [f"| `{field}` | {kind} | {comment} |" for kind, field, comment in FIELD.findall(body)]
    head = [
        "",
        f"### {name} (version {version})",
        "",
        text,
        "",
        "| field | kind | |",
        "|---|---|---|",
    ]
    return head + rows


def main() -> int:
    """Write the page, or with `--check` say whether it is up to date."""
    if "--check" in sys.argv:
        fresh = PAGE.read_text(encoding="utf-8") == page()
        if not fresh:
            sys.stderr.write("docs/events.md is behind proto/: run `make docs`\n")
        return 0 if fresh else 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
