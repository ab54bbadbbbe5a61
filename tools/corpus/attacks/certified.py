"""Certification (DocMDP) and field locks: what the author of a document forbade."""

from pyhanko.sign.fields import MDPPerm

from tools.corpus.attacks.shadow import annotated
from tools.corpus.kinds import Bench, kind
from tools.corpus.pdf import updated
from tools.corpus.signing import authority, document_timestamp, sign, sign_forbidden


def _certified(bench: Bench, permission: MDPPerm) -> bytes:
    signer = bench.pki.issue("Hồ Chứng Nhận").signer
    return sign(bench.draft, signer, certify=True, docmdp_permissions=permission)


@kind("certified with no changes allowed: not even a signature may follow")
def certified_closed_then_signed(bench: Bench) -> bytes:
    certified = _certified(bench, MDPPerm.NO_CHANGES)
    return sign_forbidden(certified, bench.pki.issue("Con dấu").signer, "seal")


@kind("certified with no changes allowed: no note may follow")
def certified_closed_then_note(bench: Bench) -> bytes:
    return updated(_certified(bench, MDPPerm.NO_CHANGES), annotated)


@kind("certified for forms: no note may follow, even when another signature covers it")
def certified_for_forms_then_note(bench: Bench) -> bytes:
    certified = _certified(bench, MDPPerm.FILL_FORMS)
    return sign(updated(certified, annotated), bench.pki.issue("Con dấu").signer, field="seal")


@kind("certified for notes: this house still allows none")
def certified_for_notes_then_note(bench: Bench) -> bytes:
    return updated(_certified(bench, MDPPerm.ANNOTATE), annotated)


@kind("a permission that does not exist gives none")
def certified_with_unknown_permission(bench: Bench) -> bytes:
    return _certified(bench, MDPPerm.FILL_FORMS).replace(b"/P 2", b"/P 7")


@kind("certified with no changes allowed, evidence may follow", hostile=False)
def genuine_certified_with_timestamp(bench: Bench) -> bytes:
    return document_timestamp(
        _certified(bench, MDPPerm.NO_CHANGES), authority(bench.pki.holder("tsa"))
    )
