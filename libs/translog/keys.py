"""Keys of logs and witnesses by name (C2SP signed-note): Ed25519, with one byte for its use."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from libs.translog.encoding import from_base64, to_base64
from libs.translog.errors import Malformed

PUBLIC_SIZE = 32
ID_SIZE = 4


class Use(IntEnum):
    """What a key signs: the byte that keeps a log's signatures and a witness's apart."""

    NOTE = 0x01
    COSIGNATURE = 0x04


@dataclass(frozen=True)
class VerifierKey:
    """A public key of 32 bytes under the name that its signatures carry."""

    name: str
    use: Use
    public: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public) != PUBLIC_SIZE:
            raise Malformed(f"the key of {self.name} has not {PUBLIC_SIZE} bytes")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a vkey, `name+id+base64`; raises `Malformed`."""
        name, plus, rest = text.partition("+")
        identity, plus_too, encoded = rest.partition("+")
        if not (plus and plus_too):
            raise Malformed("a key is written name+id+base64")
        material = from_base64(encoded)
        if material[:1] not in (bytes([use]) for use in Use):
            raise Malformed(f"the key of {name[:100]} is of a kind that is not known here")
        key = cls(name, Use(material[0]), material[1:])
        if key.id.hex() != identity:
            raise Malformed(f"the key of {name[:100]} has the id {key.id.hex()}, not the one given")
        return key

    def __str__(self) -> str:
        """The vkey."""
        return f"{self.name}+{self.id.hex()}+{to_base64(bytes([self.use]) + self.public)}"

    @property
    def id(self) -> bytes:
        """The first four bytes of the hash over name, use and key: an identifier, no proof."""
        return sha256(f"{self.name}\n".encode() + bytes([self.use]) + self.public).digest()[
            :ID_SIZE
        ]

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the Ed25519 signature (RFC 8032) is this key's over the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """A key, and the means to sign with it: `raw` returns the Ed25519 signature of a message.

    The secret itself may lie in a file, in a token (PKCS#11) or with an agent.
    """

    key: VerifierKey
    raw: Callable[[bytes], bytes]

    @classmethod
    def of(cls, name: str, use: Use, private: Ed25519PrivateKey) -> Self:
        """Sign under `name` with a key that this process holds."""
        public = private.public_key().public_bytes_raw()
        return cls(VerifierKey(name, use, public), private.sign)


def check_name(name: str) -> str:
    """Return the name of a key if it is one: no spaces, no plus; raises `Malformed`."""
    if not name or "+" in name or any(letter.isspace() or letter < " " for letter in name):
        raise Malformed(f"not the name of a key: {name[:100]!r}")
    return name
