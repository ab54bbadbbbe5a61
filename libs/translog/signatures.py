"""Signatures on a text: a log's own, and a witness's with the time (C2SP tlog-cosignature)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from libs.translog.encoding import MAX_SIZE, from_base64, to_base64
from libs.translog.errors import Malformed, SignatureRefused
from libs.translog.keys import ID_SIZE, Signer, Use, VerifierKey, check_name

_DASH = "\N{EM DASH} "
_TIME_SIZE = 8


@dataclass(frozen=True)
class Signature:
    """A signature line: who says to have signed, by which key, and the signature's bytes."""

    name: str
    key_id: bytes
    value: bytes

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a line without its newline; raises `Malformed`."""
        name, space, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space:
            raise Malformed("a signature is written: dash, name, base64")
        content = from_base64(encoded)
        if len(content) <= ID_SIZE:
            raise Malformed(f"the signature of {name[:100]} is too short")
        return cls(check_name(name), content[:ID_SIZE], content[ID_SIZE:])

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {to_base64(self.key_id + self.value)}"


@dataclass(frozen=True)
class Signed:
    """A signature that was checked: whose, and of which second (Unix time; witnesses alone)."""

    key: VerifierKey
    at: int | None = None


def sign(text: str, signer: Signer) -> Signature:
    """Sign a note's text."""
    _check_use(signer.key, Use.NOTE)
    return Signature(signer.key.name, signer.key.id, signer.raw(text.encode()))


def cosign(text: str, signer: Signer, at: int) -> Signature:
    """Say of a checkpoint's text: at this second (Unix time) no longer log was known here."""
    _check_use(signer.key, Use.COSIGNATURE)
    value = at.to_bytes(_TIME_SIZE) + signer.raw(_cosigned(text, at))
    return Signature(signer.key.name, signer.key.id, value)


def check(text: str, signature: Signature, keys: Iterable[VerifierKey]) -> Signed | None:
    """Return what the signature says, or None when it is of none of `keys`.

    Raises `SignatureRefused` when it claims to be of one of them and is not.
    """
    for key in keys:
        if (key.name, key.id) == (signature.name, signature.key_id):
            return _checked(text, signature.value, key)
    return None


def _checked(text: str, value: bytes, key: VerifierKey) -> Signed:
    at, message = None, text.encode()
    if key.use is Use.COSIGNATURE:
        at, value = int.from_bytes(value[:_TIME_SIZE]), value[_TIME_SIZE:]
        message = _cosigned(text, at)
    if (at is not None and at > MAX_SIZE) or not key.verifies(message, value):
        raise SignatureRefused(f"the signature of {key.name} is wrong")
    return Signed(key, at)


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _check_use(key: VerifierKey, use: Use) -> None:
    if key.use is not use:
        raise Malformed(f"the key of {key.name} is not for this use")
