"""Checking proofs (RFC 9162, sections 2.1.3.2 and 2.1.4.2): hashlib alone, short enough to copy."""

from collections.abc import Iterator, Sequence

from libs.translog.errors import ProofRefused
from libs.translog.hashing import HASH_SIZE, node_hash


def check_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Return if the tree of `size` under `root` has `leaf` at `index`; raises `ProofRefused`."""
    if not 0 <= index < size:
        raise ProofRefused(f"a log of {size} entries has none at {index}")
    if len(leaf) != HASH_SIZE:
        raise ProofRefused(f"a leaf hash has {HASH_SIZE} bytes")
    found = leaf
    for sibling, is_left in _upwards(index, size - 1, proof):
        found = node_hash(sibling, found) if is_left else node_hash(found, sibling)
    if found != root:
        raise ProofRefused(f"the proof of entry {index} leads to another root")


def check_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Return if the tree of `new` begins with the tree of `old`; raises `ProofRefused`.

    Every tree begins with the empty one: then, and for equal sizes, the proof must be empty.
    """
    if not 0 <= old <= new:
        raise ProofRefused(f"a log of {new} entries cannot begin with {old}")
    if old in (0, new):
        if proof:
            raise ProofRefused("the proof is too long")
        if old == new and old_root != new_root:
            raise ProofRefused(f"two roots for the same {old} entries")
        return
    # A complete old tree is itself the first hash: the proof does not repeat it.
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        raise ProofRefused("the proof is too short")
    place, last = old - 1, new - 1
    while place % 2:  # up to the largest complete subtree at the end of the old tree
        place, last = place >> 1, last >> 1
    old_found = new_found = path[0]
    for sibling, is_left in _upwards(place, last, path[1:]):
        if is_left:
            old_found = node_hash(sibling, old_found)
        new_found = node_hash(sibling, new_found) if is_left else node_hash(new_found, sibling)
    if (old_found, new_found) != (old_root, new_root):
        raise ProofRefused(f"the log of {new} entries does not begin with the one of {old}")


def _upwards(place: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each hash of the proof, and whether it stands to the left of the path to the root.

    `place` is the path's index in its level, `last` the level's last index.
    """
    for sibling in proof:
        if last == 0:
            raise ProofRefused("the proof is too long")
        if len(sibling) != HASH_SIZE:
            raise ProofRefused(f"a hash of the proof has not {HASH_SIZE} bytes")
        is_left = place % 2 == 1 or place == last
        yield sibling, is_left
        if is_left:  # a last node without a sibling has no hash in the proof: climb past it
            while place and place % 2 == 0:
                place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    if last:
        raise ProofRefused("the proof is too short")
