"""A report in the form that other validation software reads (ETSI TS 119 102-2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pyhanko.generated.etsi import ts_11910202 as vr
from pyhanko.generated.etsi import xades
from pyhanko.generated.w3c import xmldsig_core as ds
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate
from xsdata.formats.dataclass.serializers import XmlSerializer
from xsdata.formats.dataclass.serializers.config import SerializerConfig
from xsdata.models.datatype import XmlDateTime

from .reasons import Reason
from .report import Material, Report, SignatureFacts

_ETSI = "urn:etsi:019102"
_OURS = "urn:lienthong"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_MAIN = {
    "TOTAL_PASSED": "total-passed",
    "TOTAL_FAILED": "total-failed",
    "INDETERMINATE": "indeterminate",
}
_SUB_INDICATIONS = {one.standard_name for one in (*AdESFailure, *AdESIndeterminate)}
_KINDS = {"certificate": "certificate", "ocsp": "OCSPResponse", "crl": "CRL"}
_PROCESS = {"B-B": "Basic", "B-T": "LTVM", "B-LT": "LTVM", "B-LTA": "LTA"}
_NAMESPACES = {
    "vr": "http://uri.etsi.org/19102/v1.2.1#",
    "xades": "http://uri.etsi.org/01903/v1.3.2#",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "xs": "http://www.w3.org/2001/XMLSchema",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}


def to_xml(report: Report) -> bytes:
    """The report as an unsigned `ValidationReport`, UTF-8.

    One entry for each signature, in the file's order; a reason that is about the whole file stands
    in each. A file without signatures has one entry that says so. Sentences are Vietnamese, with
    the English one beside.
    """
    entries = tuple(_entry(report, one) for one in report.signatures if one.role != "timestamp")
    document = vr.ValidationReport(
        signature_validation_report=entries or (_nothing_signed(report),),
        signature_validation_objects=vr.ValidationObjectListType(
            (_file(report), *(_object(one) for one in report.material))
        ),
    )
    rendered = XmlSerializer(config=SerializerConfig(indent=" ")).render(document, _NAMESPACES)
    return rendered.encode()


def _entry(report: Report, facts: SignatureFacts) -> vr.SignatureValidationReportType:
    reasons = [one for one in report.reasons if one.signature in ("", facts.field)]
    signer = facts.signer
    return vr.SignatureValidationReportType(
        signature_identifier=vr.SignatureIdentifierType(
            digest_alg_and_value=_digest(facts.signed_sha256),
            hash_only=False,
            doc_hash_only=False,
            daidentifier=_printable(facts.field),
        ),
        validation_constraints_evaluation_report=_policy(report),
        validation_time_info=vr.ValidationTimeInfoType(
            validation_time=_instant(report.at),
            best_signature_time=vr.POEType(
                poetime=_instant(facts.best_at or report.at),
                type_of_proof=f"{_ETSI}:poetype:validation",
            ),
        ),
        signers_document=vr.SignersDocumentType(
            digest_alg_and_value=_digest(facts.revision_sha256 or report.file_sha256),
            signers_document_ref=_reference("file"),
        ),
        signature_attributes=_attributes(facts),
        signer_information=vr.SignerInformationType(
            signer_certificate=_reference(_id(signer.sha256)), signer=_printable(signer.name)
        )
        if signer
        else None,
        signature_validation_process=vr.SignatureValidationProcessType(
            signature_validation_process_id=(
                f"{_ETSI}:validationprocess:{_PROCESS.get(facts.level, 'Basic')}"
            ),
        ),
        signature_validation_status=_status(reasons, facts.verdict, report, facts),
    )


def _nothing_signed(report: Report) -> vr.SignatureValidationReportType:
    return vr.SignatureValidationReportType(
        validation_constraints_evaluation_report=_policy(report),
        validation_time_info=vr.ValidationTimeInfoType(
            validation_time=_instant(report.at),
            best_signature_time=vr.POEType(
                poetime=_instant(report.at), type_of_proof=f"{_ETSI}:poetype:validation"
            ),
        ),
        signers_document=vr.SignersDocumentType(
            digest_alg_and_value=_digest(report.file_sha256),
            signers_document_ref=_reference("file"),
        ),
        signature_validation_status=_status(report.reasons, report.verdict, report, None),
    )


def _policy(report: Report) -> vr.ValidationConstraintsEvaluationReportType:
    return vr.ValidationConstraintsEvaluationReportType(
        signature_validation_policy=vr.SignatureValidationPolicyType(
            signature_policy_identifier=xades.SignaturePolicyIdentifierType(
                signature_policy_id=xades.SignaturePolicyIdType(
                    sig_policy_id=xades.ObjectIdentifierType(
                        identifier=xades.IdentifierType(
                            value=f"{_OURS}:policy:{report.policy}:trust:{report.trust_version}"
                        )
                    ),
                    sig_policy_hash=_digest(report.trust_version),
                )
            ),
            policy_name=report.policy,
        )
    )


def _attributes(facts: SignatureFacts) -> vr.SignatureAttributesType:
    told: dict[str, object] = {}
    if facts.claimed_at:
        told["signing_time"] = (vr.SASigningTimeType(signed=True, time=_instant(facts.claimed_at)),)
    if facts.timestamp_at:
        told["signature_time_stamp"] = (
            vr.SATimestampType(signed=False, time_stamp_value=_instant(facts.timestamp_at)),
        )
    if facts.byte_range:
        told["byte_range"] = (tuple(facts.byte_range),)
    return vr.SignatureAttributesType(**told)


def _status(
    reasons: Iterable[Reason], verdict: str, report: Report, facts: SignatureFacts | None
) -> vr.ValidationStatusType:
    """The worse of the signature's verdict and of what is about the whole file."""
    told = list(reasons)
    verdicts = {verdict, *(one.verdict for one in told)}
    main = next(one for one in ("TOTAL_FAILED", "INDETERMINATE", "TOTAL_PASSED") if one in verdicts)
    deciding = [one for one in told if one.verdict == main]
    codes = dict.fromkeys(one.sub_indication for one in deciding)
    data = [_typed("file-verdict", report.verdict)]
    if facts is not None:
        data += [_typed("role", facts.role or "-"), _typed("level", facts.level or "-")]
    for one in told:
        data.append(_typed(f"reason:{one.code}", f"{one.vi} / {one.en}"))
    return vr.ValidationStatusType(
        main_indication=f"{_ETSI}:mainindication:{_MAIN[main]}",
        sub_indication=tuple(_sub_indication(code) for code in codes if code),
        associated_validation_report_data=(
            vr.ValidationReportDataType(
                certificate_chain=_chain(facts),
                additional_validation_report_data=vr.AdditionalValidationReportDataType(
                    tuple(data)
                ),
            ),
        ),
    )


def _sub_indication(code: str) -> str:
    root = f"{_ETSI}:subindication" if code in _SUB_INDICATIONS else f"{_OURS}:subindication"
    return f"{root}:{code}"


def _chain(facts: SignatureFacts | None) -> vr.CertificateChainType | None:
    if facts is None or len(facts.chain) < 2:
        return None
    anchor, *below = (_reference(_id(one.sha256)) for one in facts.chain)
    return vr.CertificateChainType(
        signing_certificate=below[-1],
        intermediate_certificate=tuple(reversed(below[:-1])),
        trust_anchor=anchor,
    )


def _typed(kind: str, value: str) -> vr.TypedDataType:
    return vr.TypedDataType(type_value=f"{_OURS}:{kind}", value=_printable(value))


def _file(report: Report) -> vr.ValidationObjectType:
    return vr.ValidationObjectType(
        id="file",
        object_type=f"{_ETSI}:validationObject:signedData",
        validation_object_representation=vr.ValidationObjectRepresentationType(
            digest_alg_and_value=_digest(report.file_sha256)
        ),
    )


def _object(one: Material) -> vr.ValidationObjectType:
    return vr.ValidationObjectType(
        id=_id(one.sha256),
        object_type=f"{_ETSI}:validationObject:{_KINDS[one.kind]}",
        validation_object_representation=vr.ValidationObjectRepresentationType(base64=one.der),
    )


def _id(sha256: str) -> str:
    return f"sha256-{sha256}"


def _reference(target: str) -> vr.VOReferenceType:
    return vr.VOReferenceType(voreference=(target,))


def _digest(sha256: str) -> xades.DigestAlgAndValueType:
    return xades.DigestAlgAndValueType(
        digest_method=ds.DigestMethod(_SHA256),
        digest_value=ds.DigestValue(bytes.fromhex(sha256)),
    )


def _instant(at: datetime) -> XmlDateTime:
    return XmlDateTime.from_datetime(at)


def _printable(text: str) -> str:
    """What XML 1.0 can hold of a stranger's words (no controls, no lone halves of a letter)."""
    whole = text.encode("utf-8", "replace").decode()
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in whole)[
        :500
    ]
