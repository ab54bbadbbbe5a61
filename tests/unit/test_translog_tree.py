"""The tree grows by appends as if it had been built whole, and its tiles with it."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.translog import (
    EMPTY_ROOT,
    ENTRIES,
    Malformed,
    Tile,
    TileMissing,
    Tree,
    from_bundle,
    leaf_hash,
    new_bundles,
    new_tiles,
    partial_tiles,
    to_bundle,
)
from libs.translog.files import log_in
from libs.translog.hashing import node_hash
from libs.translog.prove import subtree_root
from libs.translog.tiles import first_of_bundle
from libs.translog.tree import hashes_of
from tests.support.translog_log import SampleLog, numbered, tree_of

VECTORS = json.loads(Path("tests/vectors/translog/tree.json").read_text("utf-8"))
LEAVES = [leaf_hash(entry) for entry in numbered(70_000)]
# Sizes about the edges of tiles, and any others.
SIZES = st.sampled_from([0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000])
SIZES |= st.integers(0, 700)


def root_by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word by word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY_ROOT
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node_hash(root_by_definition(leaves[:half]), root_by_definition(leaves[half:]))


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_other_implementations(size: int) -> None:
    entries = [bytes.fromhex(entry) for entry in VECTORS["entries"][:size]]
    assert tree_of(entries).root.hex() == VECTORS["roots"][size]


@given(st.integers(0, 600))
@settings(deadline=None, max_examples=40)
def test_the_root_is_the_one_that_the_rfc_defines(size: int) -> None:
    assert Tree().append(LEAVES[:size]).tree.root == root_by_definition(LEAVES[:size])


@given(st.lists(st.integers(0, 700), max_size=8))
@settings(deadline=None, max_examples=30)
def test_a_log_grown_in_batches_is_the_log_built_whole(batches: list[int]) -> None:
    tree, size = Tree(), 0
    tiles: dict[Tile, bytes] = {}
    for batch in batches:
        grown = tree.append(LEAVES[size : size + batch])
        assert [tile for tile, _ in grown.tiles] == list(new_tiles(size, size + batch))
        tree, size = grown.tree, size + batch
        tiles |= dict(grown.tiles)
    whole = Tree().append(LEAVES[:size])
    assert tree == whole.tree
    assert {tile: tiles[tile] for tile in new_tiles(0, size)} == dict(whole.tiles)


@given(SIZES)
@settings(deadline=None, max_examples=25)
def test_a_log_is_taken_up_again_from_its_partial_tiles(size: int) -> None:
    grown = Tree().append(LEAVES[:size])
    assert Tree.resume(size, dict(grown.tiles).__getitem__) == grown.tree
    if size:
        assert subtree_root(size, dict(grown.tiles).__getitem__) == grown.tree.root


def test_a_tile_that_is_too_short_is_not_taken_up() -> None:
    with pytest.raises(Malformed, match=r"tile/0/000.p/3 has 64 bytes, not 96"):
        Tree.resume(3, lambda tile: bytes(64))


def test_a_leaf_of_another_length_is_refused() -> None:
    with pytest.raises(Malformed):
        Tree().append([bytes(32), bytes(31)])


def test_an_append_leaves_the_tree_before_it_as_it_was() -> None:
    before = tree_of(numbered(300))
    root = before.root
    before.append(LEAVES[:300])
    assert (before.size, before.root) == (300, root)
    assert before.append([]).tree == before


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(2, 999), "tile/2/999"),
        (Tile(1, 1000, 1), "tile/1/x001/000.p/1"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(ENTRIES, 12_345, 7), "tile/entries/x012/345.p/7"),
    ],
)
def test_tiles_lie_where_the_specification_puts_them(tile: Tile, path: str) -> None:
    assert tile.path == path


def test_a_log_of_seventy_thousand_has_the_tiles_of_the_specifications_example() -> None:
    tiles = list(new_tiles(0, 70_000))
    assert sum(tile.width == 256 and tile.level == 0 for tile in tiles) == 273
    assert [tile for tile in tiles if tile.level == 1] == [Tile(1, 0), Tile(1, 1, 17)]
    assert list(partial_tiles(70_000)) == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert list(new_tiles(0, 256)) == [Tile(0, 0), Tile(1, 0, 1)]


@given(st.integers(0, 2_000), st.integers(0, 2_000))
def test_bundles_lie_beside_the_tiles_of_level_nought(old: int, grown: int) -> None:
    beside = [tile for tile in new_tiles(old, old + grown) if tile.level == 0]
    bundles = list(new_bundles(old, old + grown))
    assert [(bundle.index, bundle.width) for bundle in bundles] == [
        (tile.index, tile.width) for tile in beside
    ]
    assert all(bundle.level == ENTRIES for bundle in bundles)


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_a_bundle_holds_its_entries(entries: list[bytes]) -> None:
    assert from_bundle(to_bundle(entries)) == entries


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_the_first_entry_of_a_bundle_is_read_alone(entries: list[bytes]) -> None:
    assert first_of_bundle(to_bundle(entries)) == entries[0]


@pytest.mark.parametrize("content", [b"", b"\x00", b"\x00\x02a"])
def test_a_bundle_that_ends_within_its_first_entry_is_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        first_of_bundle(content)


@pytest.mark.parametrize("content", [b"\x00", b"\x00\x02a", b"\x00\x01ab", b"\x00\x00" * 257])
def test_a_broken_bundle_is_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        from_bundle(content)


def test_an_entry_that_a_length_cannot_say_is_refused() -> None:
    assert from_bundle(to_bundle([bytes(65_535)])) == [bytes(65_535)]
    with pytest.raises(Malformed):
        to_bundle([bytes(65_536)])


def test_a_wider_tile_serves_as_well_as_the_one_of_the_size() -> None:
    log = SampleLog().grow(numbered(300)).grow(numbered(100, start=300))
    assert log.read(Tile(0, 1, 44)) == log.tiles[Tile(0, 1, 144)]
    assert subtree_root(300, log.read) == tree_of(numbered(300)).root
    assert Tree.resume(300, log.read) == tree_of(numbered(300))


def test_a_full_file_serves_for_a_partial_one_that_was_dropped(tmp_path: Path) -> None:
    SampleLog().grow(numbered(600)).write_to(tmp_path)
    (tmp_path / Tile(0, 2, 88).path).unlink()
    read = log_in(tmp_path).tile
    assert Tree.resume(512, read) == tree_of(numbered(512))
    assert hashes_of(Tile(0, 1, 44), read) == read(Tile(0, 1))[: 44 * 32]
    with pytest.raises(TileMissing, match=r"tile/0/002\.p/88"):
        read(Tile(0, 2, 88))
