"""Controls: genuine files, which must pass, so that refusing everything is no way out."""

from tools.corpus.attacks.fields import LINK
from tools.corpus.kinds import Bench, kind
from tools.corpus.pdf import page
from tools.corpus.signing import authority, sign


@kind("leader's signature with a timestamp", hostile=False)
def genuine_leader(bench: Bench) -> bytes:
    return bench.leader


@kind("leader, number and seal with timestamps", hostile=False)
def genuine_sealed(bench: Bench) -> bytes:
    return bench.sealed


@kind("all three with archive evidence", hostile=False)
def genuine_with_evidence(bench: Bench) -> bytes:
    return bench.kept


@kind("a certificate and a TSA made for the corpus", hostile=False)
def genuine_extra_certificate(bench: Bench) -> bytes:
    tsa = authority(bench.pki.holder("tsa"))
    return sign(bench.draft, bench.pki.issue("Đặng Thêm").signer, tsa=tsa)


@kind("a link to a web page is no active content", hostile=False)
def genuine_with_link(bench: Bench) -> bytes:
    return sign(page(on_page=LINK), bench.pki.issue("Đặng Thêm").signer)
