"""Small functions of pyHanko and asn1crypto, with the same results in less time.

Together they were two thirds of a validation. Each leaves what it does not expect to the
original; tests compare the two. Importing this module puts them in place, once a process.
"""

from __future__ import annotations

import re
from functools import lru_cache
from io import BytesIO
from typing import IO, Any

from asn1crypto.x509 import Name, NameTypeAndValue
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PDF_DELIMITERS, PDF_WHITESPACE, PdfStreamError

_NOT_HEX = re.compile(rb"[^0-9A-Fa-f]")
_DELIMITER = re.compile(b"[" + re.escape(PDF_WHITESPACE + PDF_DELIMITERS) + b"]")
_LONGEST_KEPT = 1_000  # characters or bytes; a stranger's longer texts must not fill the memory
_READ_AHEAD = 256  # bytes; nearly every name is shorter

original_hex_string = generic.read_hex_string_from_stream
original_until_delimiter = generic.read_until_delimiter
original_decode_name = generic._decode_name
original_same_name = Name.__eq__
original_hashable = Name.hashable.fget
original_prepared = NameTypeAndValue._ldap_string_prep


def hex_string(stream: IO[bytes]) -> Any:
    """Read `<...>` at once instead of letter by letter: a signature has 24 thousand."""
    if not isinstance(stream, BytesIO):
        return original_hex_string(stream)
    start = stream.tell()
    data = stream.getvalue()  # shared with the stream, not copied
    end = data.find(b">", start)
    digits = data[start + 1 : end].translate(None, PDF_WHITESPACE)
    if end < 0 or b"%" in digits:
        return original_hex_string(stream)
    strange = _NOT_HEX.search(digits)
    if strange:
        raise PdfStreamError(f"unexpected byte in a hexadecimal string: {strange[0]!r}")
    stream.seek(end + 1)
    return generic.pdf_string(bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode()))


def until_delimiter(stream: IO[bytes]) -> bytes:
    """Read a name or an operator at once."""
    start = stream.tell()
    ahead = stream.read(_READ_AHEAD)
    found = _DELIMITER.search(ahead)
    stream.seek(start if found is None else start + found.start())
    if found is None:
        rest: bytes = original_until_delimiter(stream)
        return rest
    return ahead[: found.start()]


def decode_name(name: bytes) -> Any:
    """The name of its bytes; a new object each time, since names know where they stand."""
    if len(name) > _LONGEST_KEPT:
        return original_decode_name(name)
    return generic.NameObject(_decoded(name))


@lru_cache(maxsize=4096)
def _decoded(name: bytes) -> str:
    return str(original_decode_name(name))


def same_name(one: Name, other: object) -> bool:
    """Whether two names are one (RFC 5280, 7.1); a chain compares the same few over and over."""
    if not isinstance(other, Name):
        return bool(original_same_name(one, other))
    mine, others = one.chosen.dump(), other.chosen.dump()
    if mine == others:
        return True
    if len(mine) + len(others) > _LONGEST_KEPT:
        return bool(original_same_name(one, other))
    return _same_name(mine, others)


@lru_cache(maxsize=4096)
def _same_name(one: bytes, other: bytes) -> bool:
    return bool(original_same_name(Name.load(one), Name.load(other)))


def hashable_name(name: Name) -> str:
    """A text that is the same for names that are one."""
    der = name.chosen.dump()
    return _hashable(der) if len(der) <= _LONGEST_KEPT else str(original_hashable(name))


@lru_cache(maxsize=4096)
def _hashable(der: bytes) -> str:
    return str(original_hashable(Name.load(der)))


def prepared(value: NameTypeAndValue, text: str) -> str:
    """RFC 4518's preparation of a text in a certificate's name, before two are compared."""
    if len(text) > _LONGEST_KEPT:
        return str(original_prepared(value, text))
    return _prepared(text)


@lru_cache(maxsize=4096)
def _prepared(text: str) -> str:
    return str(original_prepared(None, text))


generic.read_hex_string_from_stream = hex_string
generic.read_until_delimiter = until_delimiter
generic._decode_name = decode_name
Name.__eq__ = same_name
Name.hashable = property(hashable_name)
NameTypeAndValue._ldap_string_prep = prepared
