"""All kinds, by what they attack. Importing this package enters them into `KINDS`."""

from tools.corpus.attacks import (
    active,
    altered,
    bombs,
    broken,
    certificates,
    certified,
    cms,
    fields,
    genuine,
    ranges,
    revocation,
    shadow,
    stamps,
    updates,
)

__all__ = [
    "active",
    "altered",
    "bombs",
    "broken",
    "certificates",
    "certified",
    "cms",
    "fields",
    "genuine",
    "ranges",
    "revocation",
    "shadow",
    "stamps",
    "updates",
]
