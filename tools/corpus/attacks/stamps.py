"""Timestamps that prove nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import cms as asn1_cms
from asn1crypto import core
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from services.signatures.pdf.timestamps import with_token
from tools.corpus.certificates import Holder, issue, new_key
from tools.corpus.kinds import Bench, kind
from tools.corpus.signing import (
    authority,
    document_timestamp,
    gap,
    put,
    sign,
    stamped,
    taken,
    with_cms,
)

STAMPING: dict[str, Any] = {
    "usages": ("digital_signature",),
    "purposes": [ExtendedKeyUsageOID.TIME_STAMPING],
    "critical_purposes": True,
}


def _signed(bench: Bench) -> bytes:
    return sign(bench.draft, bench.pki.issue("Hà Dấu Giờ").signer)


def _token(pdf: bytes) -> asn1_cms.ContentInfo:
    (info,) = taken(pdf)["content"]["signer_infos"]
    return info["unsigned_attrs"][0]["values"][0]


@kind("a timestamp over other bytes")
def timestamp_over_other_bytes(bench: Bench) -> bytes:
    return stamped(_signed(bench), authority(bench.pki.holder("tsa")), over=b"other bytes")


@kind("a timestamp copied from another signature")
def timestamp_copied(bench: Bench) -> bytes:
    pdf = _signed(bench)
    return put(pdf, gap(pdf), with_token(taken(pdf), _token(bench.leader)).dump())


@kind("a timestamp by an authority that nobody trusts")
def timestamp_by_stranger(bench: Bench) -> bytes:
    stranger = issue("TSA lạ", None, **STAMPING)
    return stamped(_signed(bench), authority(stranger))


@kind("a timestamp by a namesake of the authority")
def timestamp_by_namesake(bench: Bench) -> bytes:
    real = bench.pki.holder("tsa")
    return stamped(_signed(bench), authority(Holder(real.certificate, new_key())))


@kind("a timestamp by a person")
def timestamp_by_person(bench: Bench) -> bytes:
    return stamped(_signed(bench), authority(bench.pki.issue("Hà Tự Đóng Dấu")))


@kind("a timestamp by the signer himself")
def timestamp_by_signer(bench: Bench) -> bytes:
    holder = bench.pki.issue("Hà Tự Đóng Dấu")
    return stamped(sign(bench.draft, holder.signer), authority(holder))


@kind("a timestamp by an authority whose certificate has expired")
def timestamp_by_expired_authority(bench: Bench) -> bytes:
    expired = bench.pki.issue("TSA hết hạn", days=(-30, -10), **STAMPING)
    return stamped(_signed(bench), authority(expired))


@kind("a timestamp by a revoked authority")
def timestamp_by_revoked_authority(bench: Bench) -> bytes:
    revoked = ocsp.OCSPCertStatus.REVOKED
    tsa = bench.pki.issue(
        "TSA bị thu hồi", told=lambda holder: bench.pki.good(holder, status=revoked), **STAMPING
    )
    return stamped(_signed(bench), authority(tsa))


@kind("a timestamp from the future")
def timestamp_from_future(bench: Bench) -> bytes:
    later = datetime.now(UTC) + timedelta(days=3)
    return stamped(_signed(bench), authority(bench.pki.holder("tsa"), later))


@kind("a timestamp from before the signer's certificate")
def timestamp_before_certificate(bench: Bench) -> bytes:
    earlier = datetime.now(UTC) - timedelta(days=40)
    return stamped(_signed(bench), authority(bench.pki.holder("tsa"), earlier))


@kind("a timestamp over a SHA-1 digest")
def timestamp_over_sha1(bench: Bench) -> bytes:
    return stamped(_signed(bench), authority(bench.pki.holder("tsa")), digest="sha1")


@kind("a timestamp signed over SHA-1")
def timestamp_signed_over_sha1(bench: Bench) -> bytes:
    return stamped(_signed(bench), authority(bench.pki.holder("tsa"), digest="sha1"))


@kind("a timestamp whose time was changed")
def timestamp_time_changed(bench: Bench) -> bytes:
    pdf = stamped(_signed(bench), authority(bench.pki.holder("tsa")))
    der = taken(pdf).dump()
    year = f"{datetime.now(UTC):%Y%m%d}".encode()
    place = der.rindex(year)
    return put(pdf, gap(pdf), der[:place] + b"2019" + der[place + 4 :])


@kind("a timestamp that is none")
def timestamp_of_rubbish(bench: Bench) -> bytes:
    pdf = _signed(bench)
    rubbish = {"content_type": "data", "content": core.OctetString(b"rubbish")}
    return put(pdf, gap(pdf), with_token(taken(pdf), asn1_cms.ContentInfo(rubbish)).dump())


@kind("one bad timestamp beside a good one")
def timestamp_good_and_bad(bench: Bench) -> bytes:
    pdf = stamped(_signed(bench), authority(bench.pki.holder("tsa")))
    stranger = issue("TSA lạ", None, **STAMPING)
    bad = _token(stamped(pdf, authority(stranger)))

    def change(signature: asn1_cms.ContentInfo) -> None:
        (info,) = signature["content"]["signer_infos"]
        info["unsigned_attrs"][0]["values"].append(bad)

    return with_cms(pdf, change)


@kind("a document timestamp by an authority that nobody trusts")
def document_timestamp_by_stranger(bench: Bench) -> bytes:
    stranger = issue("TSA lạ", None, **STAMPING)
    return document_timestamp(bench.sealed, authority(stranger))


@kind("a document timestamp over other bytes")
def document_timestamp_over_other_bytes(bench: Bench) -> bytes:
    made = document_timestamp(bench.sealed, authority(bench.pki.holder("tsa")))
    return put(made, gap(made), _token(bench.leader).dump())


@kind("a document timestamp alone signs nothing")
def document_timestamp_alone(bench: Bench) -> bytes:
    return document_timestamp(bench.draft, authority(bench.pki.holder("tsa")))


@kind("a document timestamp from the future")
def document_timestamp_from_future(bench: Bench) -> bytes:
    later = datetime.now(UTC) + timedelta(days=3)
    return document_timestamp(bench.sealed, authority(bench.pki.holder("tsa"), later))
