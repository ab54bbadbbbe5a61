"""A policy says whose signatures are enough; a proof file is good under a policy or not at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.translog import (
    Checkpoint,
    LogProof,
    Malformed,
    Note,
    Policy,
    PolicyRefused,
    ProofRefused,
    Signature,
    SignatureRefused,
    TranslogError,
    Use,
    cosign,
    leaf_hash,
    prove_inclusion,
)
from tests.support.translog_log import SampleLog, numbered, signer

LOG = SampleLog().grow(numbered(300))
WITNESSES = {
    name: signer(f"{name.lower()}.example", Use.COSIGNATURE, seed)
    for seed, name in enumerate(("X1", "X2", "X3", "Y1", "Y2"), start=10)
}
NAMES = "\n".join(f"witness {name} {each.key}" for name, each in WITNESSES.items())
TEXT = f"""\
# whose word we take
log {LOG.signer.key} https://log.h42.example/
\t
{NAMES}
group X-witnesses 2 X1 X2 X3
group Y-witnesses any Y1 Y2
  group\tX-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""
POLICY = Policy.parse(TEXT)
AT = 1_700_000_000


def cosigned(*names: str) -> Note:
    note = LOG.checkpoint()
    return note.with_signatures(*(cosign(note.text, WITNESSES[name], AT) for name in names))


def proof(index: int = 77) -> LogProof:
    hashes = prove_inclusion(index, LOG.tree.size, LOG.read)
    return LogProof(index, tuple(hashes), cosigned("X1", "X3", "Y2"), b"which entry")


@given(st.sets(st.sampled_from(sorted(WITNESSES))))
@settings(deadline=None)
def test_a_checkpoint_is_good_when_the_quorum_has_cosigned(names: set[str]) -> None:
    enough = len(names & {"X1", "X2", "X3"}) >= 2 and bool(names & {"Y1", "Y2"})
    assert POLICY.satisfied_by(dict.fromkeys(names, AT)) is enough
    if enough:
        accepted = POLICY.accept(cosigned(*names))
        assert accepted.witnesses == dict.fromkeys(names, AT)
        assert accepted.log == LOG.signer.key
        assert (accepted.checkpoint.size, accepted.checkpoint.root) == (300, LOG.tree.root)
    else:
        with pytest.raises(PolicyRefused):
            POLICY.accept(cosigned(*names))


def test_without_witnesses_the_logs_word_is_enough() -> None:
    alone = Policy.parse(f"log {LOG.signer.key}\nquorum none\n")
    assert alone.accept(LOG.checkpoint()).witnesses == {}


def test_one_witness_may_be_the_quorum() -> None:
    one = Policy.parse(TEXT.replace("quorum X-and-Y", "quorum Y1"))
    assert one.accept(cosigned("Y1")).witnesses == {"Y1": AT}
    with pytest.raises(PolicyRefused):
        one.accept(cosigned("Y2"))


def test_a_log_that_the_policy_does_not_name_is_refused() -> None:
    other = SampleLog(signer("other.example")).grow(numbered(2))
    with pytest.raises(PolicyRefused, match=r"other\.example"):
        POLICY.accept(other.checkpoint())


def test_a_log_speaks_for_no_other_origin() -> None:
    two = Policy.parse(
        f"log {LOG.signer.key}\nlog {signer('other.example', seed=8).key}\nquorum none\n"
    )
    stolen = Checkpoint("other.example", 2, bytes(32)).signed(LOG.signer)
    with pytest.raises(SignatureRefused):
        two.accept(stolen)


def test_a_wrong_cosignature_spoils_the_checkpoint() -> None:
    key = WITNESSES["X2"].key
    forged = cosigned("X1", "X3", "Y1").with_signatures(Signature(key.name, key.id, bytes(72)))
    with pytest.raises(SignatureRefused):
        POLICY.accept(forged)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "no quorum"),
        ("quorum", "not a log"),
        ("quorum A B", "not a log"),
        ("quorum Z9", "not defined"),
        ("quorum none\nquorum none", "second quorum"),
        ("policy X1", "not a log"),
        ("group none all X1", "taken"),
        ("group X1 all X2", "taken"),
        ("group G all", "not a log"),
        ("group G 0 X1", "cannot be asked"),
        ("group G 3 X1 X2", "cannot be asked"),
        ("group G ２ X1 X2", "cannot be asked"),
        ("group G all none", "not defined"),
        ("group G all X1 X1", "twice"),
        ("group G all X1\ngroup H all X1", "twice"),
        ("group G all H\ngroup H all X1", "not defined"),
        (f"witness X1 {signer('new.example', Use.COSIGNATURE, 30).key}", "taken"),
        (f"witness N {signer('new.example', Use.COSIGNATURE, 10).key}", "twice"),
        (f"witness N {signer('new.example', seed=30).key}", "not for this use"),
        (f"log {LOG.signer.key}", "twice"),
        (f"log {WITNESSES['X1'].key}", "not for this use"),
        ("log key", "name"),
        ("quorum none\r", "control"),
        ("# \x01", "control"),
    ],
)
def test_a_policy_that_is_not_one_is_refused_with_its_line(line: str, reason: str) -> None:
    with pytest.raises(Malformed, match=reason) as refused:
        Policy.parse(f"log {LOG.signer.key}\n{NAMES}\n{line}\n")
    assert "quorum" in str(refused.value) or "line" in str(refused.value)


def test_a_proof_file_is_read_as_it_was_written() -> None:
    assert LogProof.parse(bytes(proof())) == proof()
    bare = LogProof(0, (), cosigned("X1"), None)
    assert LogProof.parse(bytes(bare)) == bare
    assert bytes(bare).split(b"\n")[:3] == [b"c2sp.org/tlog-proof@v1", b"index 0", b""]


def test_a_proof_file_shows_its_entry_and_no_other() -> None:
    read = LogProof.parse(bytes(proof()))
    assert read.check(leaf_hash(LOG.entries[77]), POLICY).checkpoint.size == 300
    with pytest.raises(ProofRefused):
        read.check(leaf_hash(LOG.entries[78]), POLICY)


def test_a_proof_file_without_the_quorum_is_refused() -> None:
    few = LogProof(77, proof().hashes, cosigned("X1", "X2"))
    with pytest.raises(PolicyRefused):
        few.check(leaf_hash(LOG.entries[77]), POLICY)


CONTENT = bytes(proof())
EXTRA = range(CONTENT.index(b"extra"), CONTENT.index(b"index"))


@given(st.integers(0, 8 * len(CONTENT) - 1).filter(lambda bit: bit // 8 not in EXTRA))
@settings(deadline=None, max_examples=150)
def test_a_changed_bit_of_a_proof_file_is_noticed(bit: int) -> None:
    """All but the extra line, which nobody has signed."""
    content = bytearray(CONTENT)
    content[bit // 8] ^= 1 << bit % 8
    with pytest.raises(TranslogError):
        LogProof.parse(bytes(content)).check(leaf_hash(LOG.entries[77]), POLICY)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        CONTENT.partition(b"\n\n")[0],
        CONTENT.replace(b"@v1", b"@v2"),
        CONTENT.replace(b"index 77", b"index 077"),
        CONTENT.replace(b"index 77\n", b""),
        CONTENT.replace(b"extra ", b"extra  "),
        CONTENT.replace(b"index 77\n", b"index 77\n" + (b"A" * 43 + b"=\n") * 64),
        b"\xff" + CONTENT,
    ],
)
def test_what_is_not_a_proof_file_is_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        LogProof.parse(content)
