"""The hashes of RFC 6962, section 2.1: leaves and nodes can never be taken for one another."""

from collections.abc import Iterable
from hashlib import sha256

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
"""The root of a log without entries."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash by which an entry stands in the tree."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash above two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def parents(nodes: Iterable[bytes]) -> list[bytes]:
    """Return the hashes above neighbouring pairs; a last node without a sibling is left out."""
    one = iter(nodes)
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(one, one, strict=False)]


def folded(subtrees: Iterable[bytes]) -> bytes:
    """Return the hash above complete subtrees that shrink from left to right.

    Given are their hashes from the smallest (right) to the largest (left); without any: the empty
    root.
    """
    smallest_first = iter(subtrees)
    above = next(smallest_first, EMPTY_ROOT)
    for left in smallest_first:
        above = node_hash(left, above)
    return above
