"""Signed notes (C2SP signed-note): a text, an empty line, and lines of signatures."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from libs.translog.errors import Malformed, SignatureRefused
from libs.translog.keys import VerifierKey
from libs.translog.signatures import Signature, Signed, check

MAX_BYTES = 128 * 1024
MAX_SIGNATURES = 100


@dataclass(frozen=True)
class Note:
    """A text, which ends in a newline, and its signatures, of which any may be false."""

    text: str
    signatures: tuple[Signature, ...] = ()

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read a note of at most 128 KiB and 100 signatures; raises `Malformed`."""
        if len(content) > MAX_BYTES:
            raise Malformed(f"a note of more than {MAX_BYTES} bytes is not read")
        try:
            whole = content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Malformed("a note is UTF-8") from error
        if any(letter < " " and letter != "\n" for letter in whole):
            raise Malformed("a note has no control characters")
        before, gap, after = whole.rpartition("\n\n")
        if not gap or not after.endswith("\n"):
            raise Malformed("a note is a text, an empty line and signatures")
        lines = after.removesuffix("\n").split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise Malformed(f"a note with more than {MAX_SIGNATURES} signatures is not read")
        return cls(before + "\n", tuple(Signature.parse(line) for line in lines))

    def __bytes__(self) -> bytes:
        """The note as it is sent and kept."""
        return (self.text + "\n" + "".join(f"{line}\n" for line in self.signatures)).encode()

    def with_signatures(self, *more: Signature) -> Self:
        """Add signatures; those that are there already are not repeated."""
        return replace(self, signatures=tuple(dict.fromkeys([*self.signatures, *more])))

    def only(self, keys: Iterable[VerifierKey]) -> Self:
        """Keep the signatures that name these keys."""
        wanted = {(key.name, key.id) for key in keys}
        kept = [each for each in self.signatures if (each.name, each.key_id) in wanted]
        return replace(self, signatures=tuple(kept))

    def checked(self, keys: Iterable[VerifierKey]) -> list[Signed]:
        """Return the signatures of these keys; others are passed over, as the format asks.

        Raises `SignatureRefused` when one of them is wrong.
        """
        known = tuple(keys)
        found = (check(self.text, signature, known) for signature in self.signatures)
        return [signed for signed in found if signed]

    def signed_by(self, keys: Iterable[VerifierKey]) -> list[Signed]:
        """As `checked`; raises `SignatureRefused` also when none of the keys has signed."""
        signed = self.checked(keys)
        if not signed:
            raise SignatureRefused("no known key has signed the note")
        return signed
