"""Signatures whose structure says one thing and whose signer another."""

from typing import Any

from asn1crypto import algos, cms, core
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tools.corpus.certificates import Holder, new_key
from tools.corpus.kinds import Bench, kind
from tools.corpus.signing import sign, with_cms


def _signer(bench: Bench) -> Holder:
    return bench.pki.issue("Vương Cấu Trúc")


def _info(signature: Any) -> Any:
    return signature["content"]["signer_infos"][0]


def _signed_again(signature: Any, holder: Holder) -> None:
    """The signer's value over the signed attributes as they are now."""
    attributes = _info(signature)["signed_attrs"]
    covered = attributes.untag().dump(force=True)
    value = holder.key.sign(covered, padding.PKCS1v15(), hashes.SHA256())
    _info(signature)["signature"] = value


def _without(attributes: cms.CMSAttributes, name: str) -> cms.CMSAttributes:
    return cms.CMSAttributes([one for one in attributes if one["type"].native != name])


def _dropping(bench: Bench, name: str) -> bytes:
    holder = _signer(bench)

    def change(signature: Any) -> None:
        info = _info(signature)
        info["signed_attrs"] = _without(info["signed_attrs"], name)
        _signed_again(signature, holder)

    return with_cms(sign(bench.draft, holder.signer), change)


@kind("the signer names his certificate inside what he signs")
def cms_without_certificate_attribute(bench: Bench) -> bytes:
    return _dropping(bench, "signing_certificate_v2")


@kind("the digest of the file is inside what the signer signs")
def cms_without_digest(bench: Bench) -> bytes:
    return _dropping(bench, "message_digest")


@kind("the kind of content is inside what the signer signs")
def cms_without_content_type(bench: Bench) -> bytes:
    return _dropping(bench, "content_type")


@kind("there are signed attributes")
def cms_without_signed_attributes(bench: Bench) -> bytes:
    def change(signature: Any) -> None:
        info = _info(signature)
        signature["content"]["signer_infos"] = cms.SignerInfos(
            [{name: info[name] for name in info if name not in ("signed_attrs", "unsigned_attrs")}]
        )

    return with_cms(sign(bench.draft, _signer(bench).signer), change)


@kind("the certificate is the one that the signer named")
def cms_with_exchanged_certificate(bench: Bench) -> bytes:
    """Another certificate with the same name and serial number, for another key."""
    holder, other = _signer(bench), bench.pki.issue("Vương Khác", key=new_key())

    def change(signature: Any) -> None:
        certificates = signature["content"]["certificates"]
        own = next(
            index
            for index, one in enumerate(certificates)
            if one.chosen.sha256 == holder.asn1.sha256
        )
        exchanged = holder.asn1.copy()
        tbs = exchanged["tbs_certificate"]
        tbs["subject_public_key_info"] = other.asn1["tbs_certificate"]["subject_public_key_info"]
        certificates[own] = cms.CertificateChoices("certificate", exchanged)

    return with_cms(sign(bench.draft, holder.signer), change)


@kind("the signer's certificate is in the signature")
def cms_without_certificates(bench: Bench) -> bytes:
    def change(signature: Any) -> None:
        signature["content"]["certificates"] = cms.CertificateSet([])

    return with_cms(sign(bench.draft, _signer(bench).signer), change)


@kind("one signature has one signer: two")
def cms_with_two_signers(bench: Bench) -> bytes:
    def change(signature: Any) -> None:
        infos = signature["content"]["signer_infos"]
        infos.append(infos[0].copy())

    return with_cms(sign(bench.draft, _signer(bench).signer), change)


@kind("one signature has one signer: none")
def cms_without_signer(bench: Bench) -> bytes:
    def change(signature: Any) -> None:
        signature["content"]["signer_infos"] = cms.SignerInfos([])

    return with_cms(sign(bench.draft, _signer(bench).signer), change)


@kind("the signature brings no content of its own")
def cms_with_content(bench: Bench) -> bytes:
    def change(signature: Any) -> None:
        signature["content"]["encap_content_info"] = {
            "content_type": "data",
            "content": core.OctetString(b"other content"),
        }

    return with_cms(sign(bench.draft, _signer(bench).signer), change)


@kind("the content of a signature is data")
def cms_of_other_content_type(bench: Bench) -> bytes:
    def change(signature: Any) -> None:
        signature["content"]["encap_content_info"] = {"content_type": "enveloped_data"}

    return with_cms(sign(bench.draft, _signer(bench).signer), change)


@kind("/Contents are signed data")
def cms_of_other_kind(bench: Bench) -> bytes:
    def change(signature: Any) -> None:
        signature["content_type"] = "1.2.840.113549.1.7.3"

    return with_cms(sign(bench.draft, _signer(bench).signer), change)


@kind("the digest's name fits the digest")
def cms_of_other_digest_name(bench: Bench) -> bytes:
    def change(signature: Any) -> None:
        _info(signature)["digest_algorithm"] = algos.DigestAlgorithm({"algorithm": "sha512"})

    return with_cms(sign(bench.draft, _signer(bench).signer), change)


@kind("the signature's algorithm is one that we know")
def cms_of_unknown_algorithm(bench: Bench) -> bytes:
    def change(signature: Any) -> None:
        _info(signature)["signature_algorithm"] = {"algorithm": "1.3.6.1.4.1.99999.2"}

    return with_cms(sign(bench.draft, _signer(bench).signer), change)


@kind("the signature's algorithm fits the key")
def cms_of_other_algorithm(bench: Bench) -> bytes:
    def change(signature: Any) -> None:
        _info(signature)["signature_algorithm"] = {"algorithm": "sha256_ecdsa"}

    return with_cms(sign(bench.draft, _signer(bench).signer), change)


@kind("the signature's value is not empty")
def cms_with_empty_value(bench: Bench) -> bytes:
    def change(signature: Any) -> None:
        _info(signature)["signature"] = b""

    return with_cms(sign(bench.draft, _signer(bench).signer), change)
