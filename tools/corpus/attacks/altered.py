"""Signed bytes that were changed in place."""

from tools.corpus.kinds import Bench, kind
from tools.corpus.signing import gap, put, taken


def _exchange(pdf: bytes, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new)
    assert old in pdf
    return pdf.replace(old, new, 1)


@kind("every signed byte is under the digest")
def altered_page_size(bench: Bench) -> bytes:
    return _exchange(bench.leader, b"/MediaBox", b"/MediaBoy")


@kind("the first signature still holds below two others")
def altered_under_three_signatures(bench: Bench) -> bytes:
    return _exchange(bench.sealed, b"/MediaBox", b"/MediaBoy")


@kind("archive evidence does not heal changed bytes")
def altered_under_evidence(bench: Bench) -> bytes:
    return _exchange(bench.kept, b"/MediaBox", b"/MediaBoy")


@kind("the signature dictionary's own entries are signed")
def altered_signing_time(bench: Bench) -> bytes:
    return _exchange(bench.leader, b"/M (D\\0722", b"/M (D\\0721")


@kind("comments between objects are signed as well")
def altered_comment(bench: Bench) -> bytes:
    return _exchange(bench.leader, b"ReportLab", b"ReportLob")


@kind("the signature's value fits the signer's key")
def altered_signature_value(bench: Bench) -> bytes:
    signature = taken(bench.leader)
    value = signature["content"]["signer_infos"][0]["signature"].native
    der = signature.dump()
    place = der.rindex(value)
    return put(
        bench.leader, gap(bench.leader), der[:place] + bytes([value[0] ^ 1]) + der[place + 1 :]
    )


@kind("the signed attributes are signed")
def altered_signed_attribute(bench: Bench) -> bytes:
    der = taken(bench.leader).dump()
    place = der.index(bytes.fromhex("06092a864886f70d010904"))  # messageDigest
    return put(
        bench.leader,
        gap(bench.leader),
        der[: place + 20] + bytes([der[place + 20] ^ 1]) + der[place + 21 :],
    )


@kind("unprotected room behind the signature must be empty")
def altered_padding(bench: Bench) -> bytes:
    _, end = gap(bench.leader)
    hidden = b"hidden behind the signature".hex().encode()
    return bench.leader[: end - 1 - len(hidden)] + hidden + bench.leader[end - 1 :]


@kind("a signature is of one document only")
def transplanted_signature(bench: Bench) -> bytes:
    other = bench.sealed
    return put(bench.leader, gap(bench.leader), taken(other).dump())


@kind("the file is not cut inside a signed revision")
def truncated_in_signature(bench: Bench) -> bytes:
    return bench.leader[: gap(bench.leader)[0] + 100]


@kind("the file is not cut inside the last revision")
def truncated_at_end(bench: Bench) -> bytes:
    return bench.sealed[:-40]
