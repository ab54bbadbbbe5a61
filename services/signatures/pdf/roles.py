"""What the field of a signature says of it: leader, number, seal, and those of joint documents
and copies.

A joint document has leader-2, leader-3, ... and seal-2, ... of further signers and agencies. On a
copy the signatures of its original are others' own; the copying agency's is the last, `copy`, with
`copier` before it. A copy may be copied again: copier-2 and copy-2, and the first are others' own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

ROLES = ("leader", "number", "seal", "copier", "copy", "attachment")
COPY = frozenset({"copier", "copy"})
_FURTHER = re.compile(r"-\d+$")


def role_of(field: str) -> str:
    """The role that a field's name tells, empty for the names of other programs."""
    role = _FURTHER.sub("", _last(field))
    return role if role in ROLES else ""


def is_further(field: str) -> bool:
    """Whether this is the field of a further signer or agency, not of the first one."""
    return bool(role_of(field)) and bool(_FURTHER.search(_last(field)))


def is_compared(field: str, role: str, order: int, copies: Sequence[int]) -> bool:
    """Whether a signature must be the sender's own; `copies` are the orders of each `copy`.

    Those of further agencies, and on a copy all but the last `copy` and its `copier`, are not the
    sender's.
    """
    if not copies:
        return role in COPY or not is_further(field)
    before = copies[-2] if len(copies) > 1 else 0
    return is_behind_copy(order, copies) or (role in COPY and order > before)


def is_behind_copy(order: int, copies: Sequence[int]) -> bool:
    """Whether a signature came when the copy was made already: nobody may add one."""
    return bool(copies) and order > copies[-1]


def needed(role: str, copied: bool) -> bool:
    """Whether a role that was expected must be there; who signs a copy may be its agency alone."""
    return role == "copy" if copied else role not in COPY


def _last(field: str) -> str:
    return field.rsplit(".", 1)[-1].lower()
