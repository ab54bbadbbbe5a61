"""A transparency log: what was written can be proven to people who do not trust its keepers.

RFC 6962's tree over leaf hashes, cut into tiles that any web server can hand out (C2SP
tlog-tiles), signed in checkpoints, co-signed by witnesses, proven in single files. Pure, except
for `files`.

    tree         a log that grows: its root and its new tiles
    prove        proofs from tiles · verify  their check · proof  the proof in a file
    tiles        which tiles a size has, their paths, bundles of entries
    keys         names and keys · signatures, note  what they sign
    checkpoint   a log's word on itself · policy  whose words are enough
    reading      a log's files, and the check of all of them
    submission   what a log sends to a witness
"""

from libs.translog.checkpoint import Checkpoint
from libs.translog.encoding import decimal, hash_from_base64, to_base64
from libs.translog.errors import (
    Malformed,
    PolicyRefused,
    ProofRefused,
    SignatureRefused,
    TileMissing,
    TranslogError,
)
from libs.translog.hashing import EMPTY_ROOT, leaf_hash
from libs.translog.keys import Signer, Use, VerifierKey
from libs.translog.note import Note
from libs.translog.policy import Accepted, Policy
from libs.translog.proof import LogProof
from libs.translog.prove import prove_consistency, prove_inclusion
from libs.translog.reading import LogFiles, ReadFile, rebuilt
from libs.translog.signatures import Signature, Signed, cosign, sign
from libs.translog.submission import Submission
from libs.translog.tiles import (
    CHECKPOINT,
    ENTRIES,
    WIDTH,
    Tile,
    from_bundle,
    new_bundles,
    new_tiles,
    partial_tiles,
    to_bundle,
)
from libs.translog.tree import Growth, ReadTile, Tree
from libs.translog.verify import check_consistency, check_inclusion

__all__ = [
    "CHECKPOINT",
    "EMPTY_ROOT",
    "ENTRIES",
    "WIDTH",
    "Accepted",
    "Checkpoint",
    "Growth",
    "LogFiles",
    "LogProof",
    "Malformed",
    "Note",
    "Policy",
    "PolicyRefused",
    "ProofRefused",
    "ReadFile",
    "ReadTile",
    "Signature",
    "SignatureRefused",
    "Signed",
    "Signer",
    "Submission",
    "Tile",
    "TileMissing",
    "TranslogError",
    "Tree",
    "Use",
    "VerifierKey",
    "check_consistency",
    "check_inclusion",
    "cosign",
    "decimal",
    "from_bundle",
    "hash_from_base64",
    "leaf_hash",
    "new_bundles",
    "new_tiles",
    "partial_tiles",
    "prove_consistency",
    "prove_inclusion",
    "rebuilt",
    "sign",
    "to_base64",
    "to_bundle",
]
