"""The files that events and their reports name by SHA-256, as far as they are still kept."""

from collections.abc import Iterable, Mapping, Sequence

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from libs.blobs import BlobMissing, BlobStore
from libs.blobs import TooLarge as BlobTooLarge
from tools.bundle import verify_bundle as check
from tools.bundle.errors import TooLarge

LARGEST = 2**32 - 2**26
"""Bytes of all files together: a bundle is a ZIP without its 64-bit form."""
_KINDS = {
    b"%PDF-": "pdf",
    b"-----BEGIN CERTIFICATE": "pem",
    b"{": "json",
    b"<": "xml",
    b"\xef\xbb\xbf<": "xml",
    b"PK\3\4": "zip",
    b"eyJ": "jws",
    b"0\x82": "der",
    b"0\x83": "der",
}


def files_of(
    events: Sequence[check.Event], blobs: BlobStore
) -> tuple[dict[str, bytes], dict[str, str]]:
    """The files by digest, and why those that are not there are missing. Raises `TooLarge`."""
    files = _read(_named(events, {}), blobs, LARGEST)
    named = _named(events, files)
    left = LARGEST - sum(map(len, files.values()))
    files |= _read(named.keys() - files.keys(), blobs, left)
    certificates = fingerprints(files.values())
    taken_back = {
        one.data["document_id"] for one in events if one.entry["type"] == "DocumentWithdrawn"
    }
    missing = {
        digest: "withdrawn" if one.data.get("document_id") in taken_back else "erased"
        for digest, one in named.items()
        if digest not in files and digest not in certificates
    }
    return files, missing


def _named(events: Iterable[check.Event], files: Mapping[str, bytes]) -> dict[str, check.Event]:
    return {digest: one for one in events for digest in check.named(one, files)}


def _read(digests: Iterable[str], blobs: BlobStore, left: int) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for digest in sorted(digests):
        try:
            files[digest] = blobs.read(digest, limit=left)
        except BlobMissing:
            continue
        except BlobTooLarge as error:
            raise TooLarge(f"the files of the trace have more than {LARGEST:,} bytes") from error
        left -= len(files[digest])
    return files


def fingerprints(files: Iterable[bytes]) -> set[str]:
    """The SHA-256 fingerprints of the certificates that are among the files."""
    pems = (body for body in files if kind_of(body) == "pem")
    return {
        certificate.fingerprint(SHA256()).hex()
        for pem in pems
        for certificate in x509.load_pem_x509_certificates(pem)
    }


def kind_of(body: bytes) -> str:
    """The usual ending of a file's name, by how the file begins."""
    return next((kind for begin, kind in _KINDS.items() if body.startswith(begin)), "bin")
