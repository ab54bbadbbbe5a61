"""How fast are the log's pure parts, on one core?

CPU time, so that a busy machine disturbs less; trees are held against SHA-256 of the same input.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libs.translog import (
    Checkpoint,
    Note,
    Signer,
    Tile,
    Tree,
    Use,
    check_inclusion,
    prove_inclusion,
)
from tools.bench.eventstore.place import Place
from tools.bench.report import Measure, Target, ratio

LEAVES = 1_000_000
BATCHES = (50, 1000)
REPEATS = 3
# Half of the 20 ms in which a proof is to be served: the rest is for reading the tiles.
TARGETS = {"inclusion proof made": Target("<=", 10)}


def tree(place: Place) -> list[Measure]:
    """Trees of a million leaves with a root for every batch; proofs and signatures in them."""
    leaves = LEAVES // 50 if place.quick else LEAVES
    hashes = [sha256(b"%d" % number).digest() for number in range(leaves)]
    return [*_trees(hashes), *_acts(hashes)]


def _trees(hashes: list[bytes]) -> list[Measure]:
    pairs = [b"\x01" + hash_ + hash_ for hash_ in hashes]
    plain: list[float] = []
    grown: dict[int, list[float]] = {batch: [] for batch in BATCHES}
    for _ in range(REPEATS):
        plain.append(len(hashes) / _seconds(lambda: [sha256(pair).digest() for pair in pairs]))
        for batch, rates in grown.items():
            rates.append(len(hashes) / _seconds(partial(_grow, hashes, batch)))
    rows = [Measure("SHA-256 of a node's 65 bytes", "1/s", tuple(plain))]
    for batch, rates in grown.items():
        name = f"tree, tiles and root every {batch}"
        rows.append(Measure(name, "leaves/s", tuple(rates)))
        rows.append(ratio(f"{name}, to SHA-256", rates, plain, Target(">=", 0.3)))
    return rows


def _grow(hashes: list[bytes], batch: int) -> None:
    tree = Tree()
    for start in range(0, len(hashes), batch):
        tree = tree.append(hashes[start : start + batch]).tree
        assert tree.root


def _acts(hashes: list[bytes]) -> list[Measure]:
    grown, leaves = Tree().append(hashes), len(hashes)
    indexes = range(0, leaves, leaves // 300)
    tiles: dict[Tile, bytes] = dict(grown.tiles)
    proofs = {index: prove_inclusion(index, leaves, tiles.__getitem__) for index in indexes}
    root = grown.tree.root
    signer = Signer.of("log.example", Use.NOTE, Ed25519PrivateKey.generate())
    checkpoint = Checkpoint("log.example", leaves, root)
    note = bytes(checkpoint.signed(signer))
    acts: dict[str, Callable[[int], object]] = {
        "inclusion proof made": lambda index: prove_inclusion(index, leaves, tiles.__getitem__),
        "inclusion proof checked": lambda index: check_inclusion(
            hashes[index], index, leaves, proofs[index], root
        ),
        "checkpoint signed": lambda _: checkpoint.signed(signer),
        "checkpoint opened": lambda _: Note.parse(note).signed_by([signer.key]),
    }
    return [
        Measure(name, "ms", _milliseconds(act, indexes), TARGETS.get(name))
        for name, act in acts.items()
    ]


def _milliseconds(act: Callable[[int], object], indexes: Sequence[int]) -> tuple[float, ...]:
    each = 1000 / len(indexes)
    return tuple(each * _seconds(lambda: [act(i) for i in indexes]) for _ in range(REPEATS))


def _seconds(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start
