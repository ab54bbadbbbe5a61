"""What the transparency log's code refuses, and why."""


class TranslogError(ValueError):
    """Something about a log was refused; nothing was changed."""

    code = "translog_refused"


class Malformed(TranslogError):
    """A text or a file is not of the form that its specification asks for."""

    code = "translog_malformed"


class SignatureRefused(TranslogError):
    """A signature of a known key is wrong, or no known key has signed."""

    code = "translog_signature_refused"


class ProofRefused(TranslogError):
    """A Merkle proof does not show what it is meant to show."""

    code = "translog_proof_refused"


class PolicyRefused(TranslogError):
    """A checkpoint is not signed or co-signed by those whom the policy asks for."""

    code = "translog_policy_refused"


class TileMissing(TranslogError):
    """A tile that a proof needs cannot be read."""

    code = "translog_tile_missing"

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is not to be had")
        self.path = path
