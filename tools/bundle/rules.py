"""The rules by which events become lines, as the verifier reads them: made from the auditor's own.

The verifier knows their SHA-256: `python -m tools.bundle.rules` prints what it has to know, after
a change of an action's words, of the page or of the read-me. Bundles made before stay valid.
"""

import json
from hashlib import sha256
from importlib.resources import files
from typing import Any

from services.audit import names, projections, shown
from services.audit.actions import ACTIONS, VARIANTS

SHOWN = (
    "agency_code", "agency_name", "handler", "position", "unit", "assignee", "counterpart",
    "document_code",
)  # fmt: skip
"""What a line shows besides its facts: each has to stand somewhere in the bundle."""


def rules() -> dict[str, Any]:
    """Words and fields by event type."""
    return {
        "actions": {key: [each.vi, each.en, each.status] for key, each in ACTIONS.items()},
        "variants": VARIANTS,
        "agency": projections.AGENCY,
        "named_in": projections.NAMED_IN,
        "shown": SHOWN,
        "words": [
            "",
            shown.SYSTEM,
            shown.NOT_TOLD,
            shown.UNKNOWN,
            names.ERASED,
            names.UNREADABLE,
        ],
    }


def texts() -> dict[str, bytes]:
    """The members that are the same in every bundle."""
    here = files("tools.bundle")
    return {
        "README.txt": (here / "README.txt").read_bytes(),
        "texts/page.html": (here / "page.html").read_bytes(),
        "texts/rules.json": as_json(rules()),
    }


def as_json(value: Any) -> bytes:
    """JSON for people and programs."""
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


if __name__ == "__main__":
    for name, body in texts().items():
        print(sha256(body).hexdigest(), name)
