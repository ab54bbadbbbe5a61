"""Shadow attacks: what the reader sees is exchanged, hidden or covered after signing."""

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from tools.corpus.kinds import Bench, kind
from tools.corpus.pdf import appended, first_page, names, page, stream, updated
from tools.corpus.signing import authority, document_timestamp, sign

OTHER = b"BT /F1 12 Tf 85 500 Td (Another text.) Tj ET"


def replace_content(writer: IncrementalPdfFileWriter) -> None:
    """Exchange the first page's content."""
    target = first_page(writer)
    target[pdf_name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=OTHER))
    writer.update_container(target)


@kind("shadow, replace: the page's content is exchanged")
def shadow_replace(bench: Bench) -> bytes:
    return updated(bench.sealed, replace_content)


@kind("shadow, replace under archive evidence")
def shadow_replace_after_evidence(bench: Bench) -> bytes:
    return updated(bench.kept, replace_content)


@kind("shadow, replace before the next signature")
def shadow_replace_between_signatures(bench: Bench) -> bytes:
    changed = updated(bench.leader, replace_content)
    return sign(changed, bench.pki.issue("Con dấu").signer, field="seal")


@kind("shadow, replace with evidence stamped over it")
def shadow_replace_then_timestamp(bench: Bench) -> bytes:
    return document_timestamp(
        updated(bench.sealed, replace_content), authority(bench.pki.holder("tsa"))
    )


def _hiding(bench: Bench) -> bytes:
    """A page whose text lies under a picture: object 6 covers object 4."""
    cover = stream(
        b"1 1 1 rg 0 0 595 842 re f",
        b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] ",
    )
    draft = page(
        b"BT /F1 12 Tf 85 500 Td (Hidden.) Tj ET /Cover Do",
        resources=b"/XObject << /Cover 6 0 R >>",
        more={6: cover},
    )
    return sign(draft, bench.pki.issue("Ngô Che Giấu").signer)


@kind("shadow, hide: a covering object is taken away")
def shadow_hide(bench: Bench) -> bytes:
    empty = stream(b"", b"/Type /XObject /Subtype /Form /BBox [0 0 1 1] ")
    return appended(_hiding(bench), {6: empty})


@kind("shadow, hide and replace: an object's number is given a second meaning")
def shadow_hide_and_replace(bench: Bench) -> bytes:
    signed = sign(page(more={6: stream(OTHER)}), bench.pki.issue("Ngô Che Giấu").signer)
    return appended(signed, {4: stream(OTHER)})


@kind("shadow: the font's letters are exchanged")
def shadow_font(bench: Bench) -> bytes:
    signed = sign(page(), bench.pki.issue("Ngô Đổi Chữ").signer)
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>"
    return appended(signed, {5: font})


def annotated(writer: IncrementalPdfFileWriter, subtype: str = "/FreeText") -> None:
    """Lay a note over the first page's text."""
    box = generic.ArrayObject(map(generic.NumberObject, (80, 490, 300, 520)))
    note = names(
        Type=pdf_name("/Annot"),
        Subtype=pdf_name(subtype),
        Rect=box,
        Contents=pdf_string("Another text."),
        F=generic.NumberObject(4),
    )
    target = first_page(writer)
    known = target.get("/Annots", generic.ArrayObject())
    target[pdf_name("/Annots")] = generic.ArrayObject([*known, writer.add_object(note)])
    writer.update_container(target)


@kind("shadow, overlay: a note is laid over the text")
def overlay_note(bench: Bench) -> bytes:
    return updated(bench.sealed, annotated)


@kind("shadow, overlay: a stamp is laid over the text")
def overlay_stamp(bench: Bench) -> bytes:
    return updated(bench.sealed, lambda writer: annotated(writer, "/Stamp"))


@kind("shadow, overlay: a redaction is laid over the text before the next signature")
def overlay_between_signatures(bench: Bench) -> bytes:
    changed = updated(bench.leader, lambda writer: annotated(writer, "/Redact"))
    return sign(changed, bench.pki.issue("Con dấu").signer, field="seal")
