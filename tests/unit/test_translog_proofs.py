"""Proofs show what they are made for, and nothing else."""

import base64
import json
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.translog import (
    EMPTY_ROOT,
    ProofRefused,
    Tree,
    check_consistency,
    check_inclusion,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
)
from libs.translog.hashing import node_hash
from tests.support.translog_log import SampleLog, numbered

VECTORS = json.loads(Path("tests/vectors/translog/tree.json").read_text("utf-8"))
COUNT = 70_000
LOG = SampleLog().grow(numbered(COUNT))
LEAVES = [leaf_hash(entry) for entry in LOG.entries]
SIZES = st.sampled_from([1, 2, 3, 255, 256, 257, 65_536, 65_537, COUNT]) | st.integers(1, 700)
PLACES = st.integers(0, 2**40)
FLIPS = st.integers(0, 255)


@lru_cache
def root(size: int) -> bytes:
    return Tree().append(LEAVES[:size]).tree.root


def flipped(hashes: list[bytes], bit: int, which: int) -> list[bytes]:
    changed = bytearray(hashes[which % len(hashes)])
    changed[bit // 8] ^= 1 << bit % 8
    return [bytes(changed) if n == which % len(hashes) else h for n, h in enumerate(hashes)]


@given(SIZES, PLACES)
@settings(deadline=None, max_examples=40)
def test_every_entry_is_proven(size: int, place: int) -> None:
    index = place % size
    proof = prove_inclusion(index, size, LOG.read)
    check_inclusion(LEAVES[index], index, size, proof, root(size))


@given(SIZES, PLACES, FLIPS, st.integers(0, 63), st.sampled_from(["leaf", "proof", "root"]))
@settings(deadline=None, max_examples=40)
def test_a_changed_bit_of_an_inclusion_proof_is_noticed(
    size: int, place: int, bit: int, which: int, part: str
) -> None:
    index = place % size
    proof, top = prove_inclusion(index, size, LOG.read), root(size)
    leaf = LEAVES[index]
    if part == "leaf":
        leaf = flipped([leaf], bit, 0)[0]
    elif part == "root" or not proof:
        top = flipped([top], bit, 0)[0]
    else:
        proof = flipped(proof, bit, which)
    with pytest.raises(ProofRefused):
        check_inclusion(leaf, index, size, proof, top)


@given(st.integers(1, 600), PLACES, PLACES)
@settings(deadline=None, max_examples=40)
def test_an_inclusion_proof_holds_for_its_index_alone(size: int, place: int, other: int) -> None:
    index, elsewhere = place % size, other % (size + 3)
    if elsewhere != index:
        proof = prove_inclusion(index, size, LOG.read)
        with pytest.raises(ProofRefused):
            check_inclusion(LEAVES[index], elsewhere, size, proof, root(size))


@given(SIZES, SIZES)
@settings(deadline=None, max_examples=40)
def test_every_log_begins_with_what_it_was_before(one: int, other: int) -> None:
    old, new = sorted((one, other))
    proof = prove_consistency(old, new, LOG.read)
    check_consistency(old, root(old), new, root(new), proof)
    check_consistency(0, EMPTY_ROOT, new, root(new), prove_consistency(0, new, LOG.read))


@given(SIZES, SIZES, FLIPS, st.integers(0, 63), st.sampled_from(["old", "proof", "new"]))
@settings(deadline=None, max_examples=40)
def test_a_changed_bit_of_a_consistency_proof_is_noticed(
    one: int, other: int, bit: int, which: int, part: str
) -> None:
    old, new = sorted((one, other))
    proof = prove_consistency(old, new, LOG.read)
    roots = [root(old), root(new)]
    if part == "proof" and proof:
        proof = flipped(proof, bit, which)
    else:
        roots = flipped(roots, bit, 0 if part == "old" else 1)
    with pytest.raises(ProofRefused):
        check_consistency(old, roots[0], new, roots[1], proof)


@given(st.integers(2, 600), st.integers(1, 600))
@settings(deadline=None, max_examples=40)
def test_a_log_with_another_past_has_no_proof(size: int, forged: int) -> None:
    """One entry of the old log was changed before the log went on."""
    index = forged % (size - 1)
    fork = SampleLog().grow([b"forged" if n == index else e for n, e in enumerate(numbered(size))])
    for old in {index + 1, size - 1}:
        proof = prove_consistency(old, size, fork.read)
        with pytest.raises(ProofRefused):
            check_consistency(old, root(old), size, fork.tree.root, proof)


@given(st.integers(1, 600), PLACES, st.integers(0, 3))
@settings(deadline=None, max_examples=40)
def test_proofs_of_another_length_are_refused(size: int, place: int, change: int) -> None:
    index = place % size
    inclusion = prove_inclusion(index, size, LOG.read)
    consistency = prove_consistency(index + 1, size, LOG.read)
    if change == 0:
        inclusion, consistency = [*inclusion, bytes(32)], [*consistency, bytes(32)]
    elif change == 1:
        inclusion, consistency = [bytes(32), *inclusion], [bytes(32), *consistency]
    elif change == 2:
        inclusion, consistency = [*inclusion, b""], [*consistency, b""]
    elif not inclusion or not consistency:
        return
    else:
        inclusion, consistency = inclusion[:-1], consistency[:-1]
    with pytest.raises(ProofRefused):
        check_inclusion(LEAVES[index], index, size, inclusion, root(size))
    with pytest.raises(ProofRefused):
        check_consistency(index + 1, root(index + 1), size, root(size), consistency)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0), (5, 3)])
def test_entries_that_the_log_has_not_are_not_proven(index: int, size: int) -> None:
    with pytest.raises(ProofRefused):
        prove_inclusion(index, size, LOG.read)
    with pytest.raises(ProofRefused):
        check_inclusion(LEAVES[0], index, size, [], LEAVES[0])


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_a_log_does_not_begin_with_a_longer_one(old: int, new: int) -> None:
    with pytest.raises(ProofRefused):
        prove_consistency(old, new, LOG.read)
    with pytest.raises(ProofRefused):
        check_consistency(old, bytes(32), new, bytes(32), [])


def test_a_proof_is_as_long_as_its_tree_is_high() -> None:
    """Where the hashes add up to the root nevertheless: a node is shown as a leaf, or a leaf as
    the root of more than itself."""
    one, two, three = LEAVES[:3]
    both = node_hash(one, two)
    check_inclusion(one, 0, 2, [two], both)
    for index, size, leaf, proof, top in (
        (0, 2, both, [], both),
        (0, 1, one, [two], both),
        (0, 3, one, [two], both),
        (2, 3, three, [one, two], node_hash(two, node_hash(one, three))),
    ):
        with pytest.raises(ProofRefused, match="too"):
            check_inclusion(leaf, index, size, proof, top)
    four = node_hash(both, node_hash(three, three))
    check_consistency(2, both, 4, four, [node_hash(three, three)])
    for old, new, proof in ((2, 8, [node_hash(three, three)]), (2, 3, [three, three])):
        top = four if new == 8 else node_hash(node_hash(both, three), three)
        with pytest.raises(ProofRefused, match="too"):
            check_consistency(old, both, new, top, proof)


def test_parts_of_hashes_are_no_proof() -> None:
    """Neighbours whose bytes were moved from one to the other have the same hash above them."""
    left, right = LEAVES[:2]
    top = node_hash(left, right)
    with pytest.raises(ProofRefused, match="32 bytes"):
        check_inclusion(left + right[:1], 0, 2, [right[1:]], top)
    with pytest.raises(ProofRefused, match="32 bytes"):
        check_inclusion(left, 0, 2, [right + b"x"], node_hash(left, right + b"x"))
    with pytest.raises(ProofRefused, match="32 bytes"):
        check_inclusion(b"", 0, 1, [], b"")


def test_a_proof_of_a_public_log_is_taken() -> None:
    given_ = VECTORS["consistency"]
    old, new, *proof = (
        base64.b64decode(text)
        for text in (given_["old_root"], given_["new_root"], *given_["proof"])
    )
    check_consistency(given_["old"], old, given_["new"], new, proof)
