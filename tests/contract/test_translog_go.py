"""Go's sumdb code accepts our log's files and proofs, and refuses each that was tampered with."""

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from libs.translog import (
    CHECKPOINT,
    ENTRIES,
    WIDTH,
    Tile,
    Use,
    cosign,
    new_tiles,
    prove_consistency,
    prove_inclusion,
)
from tests.support.translog_go import as_json, built_verifier, verdicts
from tests.support.translog_log import SampleLog, numbered, signer

SIZE = 66_000  # three levels of tiles
LOG = SampleLog().grow(numbered(SIZE))
KEY = str(LOG.signer.key)
NOTE = LOG.checkpoint()
Judge = Callable[[list[dict[str, Any]]], list[str]]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    program = built_verifier(tmp_path_factory.mktemp("go"))
    return lambda cases: verdicts(program, cases)


def checkpoint(note: bytes = bytes(NOTE), key: str = KEY) -> dict[str, Any]:
    return {"kind": "checkpoint", "key": key, "note": note.decode("utf-8", "replace")}


def inclusion(index: int, **changes: Any) -> dict[str, Any]:
    return {
        **checkpoint(),
        "kind": "inclusion",
        "index": index,
        "entry": base64.b64encode(LOG.entries[index]).decode(),
        "proof": as_json(prove_inclusion(index, SIZE, LOG.read)),
        **changes,
    }


def consistency(old: int, **changes: Any) -> dict[str, Any]:
    return {
        **checkpoint(),
        "kind": "consistency",
        "older": bytes(LOG.checkpoint(old)).decode(),
        "proof": as_json(prove_consistency(old, SIZE, LOG.read)),
        **changes,
    }


def flipped(hashes: list[str], which: int) -> list[str]:
    changed = bytearray(base64.b64decode(hashes[which]))
    changed[5] ^= 1
    return [*hashes[:which], *as_json([bytes(changed)]), *hashes[which + 1 :]]


def test_checkpoints_are_accepted(judge: Judge) -> None:
    witness = signer("witness.example", Use.COSIGNATURE, seed=5)
    cosigned = NOTE.with_signatures(cosign(NOTE.text, witness, at=1_700_000_000))
    cases = [checkpoint(), checkpoint(bytes(cosigned)), checkpoint(bytes(LOG.checkpoint(1)))]
    assert judge(cases) == ["", "", ""]


def test_every_changed_byte_of_a_checkpoint_is_refused(judge: Judge) -> None:
    """Of its text, of its signature: not of base64's unused last bits, which Go does not read."""
    text, signature = NOTE.text.encode(), NOTE.signatures[0]
    changed = [replace(NOTE, text=each.decode()) for each in mutants(text) if each[-1:] == b"\n"]
    for value in mutants(signature.value):
        changed.append(replace(NOTE, signatures=(replace(signature, value=value),)))
    cases = [checkpoint(bytes(note)) for note in changed]
    cases.append(checkpoint(key=str(signer(LOG.signer.key.name, seed=7).key)))
    assert [place for place, verdict in enumerate(judge(cases)) if not verdict] == []


def mutants(content: bytes) -> list[bytes]:
    """The content with one byte after another changed."""
    return [
        content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        for place in range(len(content))
    ]


def test_inclusion_proofs_are_accepted(judge: Judge) -> None:
    indexes = [0, 1, 255, 256, 257, 40_000, 65_535, 65_536, SIZE - 2, SIZE - 1]
    assert judge([inclusion(index) for index in indexes]) == [""] * len(indexes)


def test_tampered_inclusion_proofs_are_refused(judge: Judge) -> None:
    whole = inclusion(300)
    proof = whole["proof"]
    cases = [
        *[inclusion(300, proof=flipped(proof, which)) for which in range(len(proof))],
        {**whole, "index": 301},
        inclusion(300, entry=base64.b64encode(b"entry 301").decode()),
        inclusion(300, proof=proof[1:]),
        inclusion(300, proof=[*proof, proof[-1]]),
        inclusion(300, note=bytes(LOG.checkpoint(SIZE - 1)).decode()),
    ]
    assert all(judge(cases))


def test_consistency_proofs_are_accepted(judge: Judge) -> None:
    sizes = [1, 2, 255, 256, 257, 65_535, 65_536, SIZE]
    assert judge([consistency(old) for old in sizes]) == [""] * len(sizes)


def test_tampered_consistency_proofs_are_refused(judge: Judge) -> None:
    proof = consistency(300)["proof"]
    fork = SampleLog().grow([b"forged", *numbered(299, start=1)])
    cases = [
        *[consistency(300, proof=flipped(proof, which)) for which in range(len(proof))],
        consistency(300, proof=proof[1:]),
        consistency(300, proof=[*proof, proof[-1]]),
        consistency(300, older=bytes(LOG.checkpoint(299)).decode()),
        consistency(300, older=bytes(fork.checkpoint()).decode()),
    ]
    assert all(judge(cases))


def test_the_files_of_a_log_are_accepted_and_refused_when_tampered(
    judge: Judge, tmp_path: Path
) -> None:
    case = {"kind": "log", "key": KEY, "folder": str(tmp_path)}
    LOG.write_to(tmp_path)
    assert judge([case]) == [""]
    some = [tile.path for tile in new_tiles(0, SIZE) if tile.index in (0, 100, 256, 257)]
    last_bundle = Tile(ENTRIES, SIZE // WIDTH, SIZE % WIDTH).path
    paths = [CHECKPOINT, *some, Tile(ENTRIES, 0).path, last_bundle]
    for path in paths:
        good = (tmp_path / path).read_bytes()
        bad = bytearray(good)
        bad[len(bad) // 2] ^= 1
        (tmp_path / path).write_bytes(bad)
        assert judge([case]) != [""], path
        (tmp_path / path).unlink()
        assert judge([case]) != [""], path
        (tmp_path / path).write_bytes(good)
    assert judge([case]) == [""]
