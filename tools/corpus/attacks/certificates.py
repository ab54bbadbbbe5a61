"""Signers whose certificates do not entitle them."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from pyhanko.sign.signers import SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from tools.corpus.authority import ENCRYPTING, EXPIRED, FUTURE, REVOKED
from tools.corpus.certificates import SIGNING, Holder, issue, new_key, with_weak_digest
from tools.corpus.kinds import Bench, kind
from tools.corpus.signing import authority, sign

CA = ("key_cert_sign", "crl_sign")


def _by(bench: Bench, holder: Holder) -> bytes:
    return sign(bench.draft, holder.signer, tsa=authority(bench.pki.holder("tsa")))


def _simple(holder: Holder) -> SimpleSigner:
    """A signer that also knows the digests which the platform's own refuses."""
    return SimpleSigner(
        signing_cert=holder.asn1,
        signing_key=holder.asn1_key,
        cert_registry=SimpleCertificateStore(),
    )


def _of(bench: Bench, owner: str) -> bytes:
    return sign(bench.draft, bench.pki.keys.signer(owner), tsa=authority(bench.pki.holder("tsa")))


@kind("a revoked certificate")
def certificate_revoked(bench: Bench) -> bytes:
    return _of(bench, REVOKED)


@kind("an expired certificate")
def certificate_expired(bench: Bench) -> bytes:
    return _of(bench, EXPIRED)


@kind("a certificate that is not valid yet")
def certificate_not_yet_valid(bench: Bench) -> bytes:
    return _of(bench, FUTURE)


@kind("an expired certificate with a back-dated claim and no timestamp")
def certificate_expired_back_dated(bench: Bench) -> bytes:
    return sign(bench.draft, bench.pki.keys.signer(EXPIRED))


@kind("a certificate for encryption")
def usage_for_encryption(bench: Bench) -> bytes:
    return _of(bench, ENCRYPTING)


@kind("a certificate without commitment (nonRepudiation)")
def usage_without_commitment(bench: Bench) -> bytes:
    return _by(bench, bench.pki.issue("Trần Chỉ Xác Thực", usages=("digital_signature",)))


@kind("a certificate for web servers")
def purpose_web_server(bench: Bench) -> bytes:
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH]
    return _by(bench, bench.pki.issue("may-chu.example.vn", purposes=purposes))


@kind("a certificate for programs")
def purpose_code_signing(bench: Bench) -> bytes:
    purposes = [ExtendedKeyUsageOID.CODE_SIGNING]
    return _by(bench, bench.pki.issue("Trần Phần Mềm", purposes=purposes))


@kind("a certificate for time stamps")
def purpose_time_stamping(bench: Bench) -> bytes:
    purposes = [ExtendedKeyUsageOID.TIME_STAMPING]
    return _by(bench, bench.pki.issue("Dấu thời gian", purposes=purposes))


@kind("a certificate for documents", hostile=False)
def genuine_purpose_documents(bench: Bench) -> bytes:
    purposes = [ObjectIdentifier("1.3.6.1.5.5.7.3.36")]
    return _by(bench, bench.pki.issue("Trần Văn Bản", purposes=purposes))


@kind("an authority's own certificate does not sign documents")
def authority_signs_document(bench: Bench) -> bytes:
    return _by(bench, bench.pki.issue("CA", usages=(*SIGNING, *CA), authority=True))


@kind("an authority that nobody trusts")
def authority_untrusted(bench: Bench) -> bytes:
    root = issue("Cơ quan lạ", None, usages=CA, authority=True)
    return _by(bench, bench.pki.issue("Lạ", root))


@kind("an authority with a trusted one's name and another key")
def authority_namesake(bench: Bench) -> bytes:
    namesake = Holder(bench.pki.holder("localities").certificate, new_key())
    return _by(bench, bench.pki.issue("Lạ", namesake))


@kind("a certificate that the holder issued to himself")
def self_signed(bench: Bench) -> bytes:
    return _by(bench, issue("Nguyễn Văn Đức", None))


@kind("a person is no authority")
def issued_by_person(bench: Bench) -> bytes:
    person = bench.pki.issue("Nguyễn Cấp Phát")
    return _by(bench, bench.pki.issue("Con của Cấp Phát", person))


@kind("an authority may not create further ones below its path length")
def path_too_long(bench: Bench) -> bytes:
    further = bench.pki.issue("Cơ quan dưới", usages=CA, authority=True)
    return _by(bench, bench.pki.issue("Dưới nữa", further))


@kind("an unknown critical extension")
def critical_extension_unknown(bench: Bench) -> bytes:
    strange = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    return _by(bench, bench.pki.issue("Lê Điều Kiện", more=[(strange, True)]))


@kind("an RSA key of 1024 bits")
def key_too_short(bench: Bench) -> bytes:
    return _by(bench, bench.pki.issue("Lê Khóa Ngắn", key=new_key(1024)))


@kind("a certificate signed over SHA-1")
def certificate_over_sha1(bench: Bench) -> bytes:
    localities = bench.pki.holder("localities")
    weak = bench.pki.issue("Lê Băm Yếu")
    return _by(bench, with_weak_digest(weak, localities))


@kind("a signature over SHA-1")
def signature_over_sha1(bench: Bench) -> bytes:
    return sign(bench.draft, _simple(bench.pki.issue("Lê Băm Yếu")), digest="sha1")


@kind("a signature over MD5")
def signature_over_md5(bench: Bench) -> bytes:
    return sign(bench.draft, _simple(bench.pki.issue("Lê Băm Yếu")), digest="md5")


@kind("a certificate that expired between signing and stamping")
def certificate_expired_before_timestamp(bench: Bench) -> bytes:
    holder = bench.pki.issue("Phạm Vừa Hết", days=(-30, -1))
    return sign(
        bench.draft, holder.signer, tsa=authority(bench.pki.holder("tsa"), datetime.now(UTC))
    )
