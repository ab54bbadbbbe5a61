"""Other changes appended after signing: forms, pages, actions, evidence, bytes."""

from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from tools.corpus.attacks.fields import with_text_field
from tools.corpus.attacks.shadow import OTHER, annotated, replace_content
from tools.corpus.kinds import Bench, kind
from tools.corpus.pdf import appended, first_page, names, page, stream, updated
from tools.corpus.signing import authority, document_timestamp, sign


def _root(writer: IncrementalPdfFileWriter, **entries: Any) -> None:
    writer.root.update(names(**entries))
    writer.update_root()


@kind("a signature's picture stays as it was signed")
def picture_of_signature_replaced(bench: Bench) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0]
        look = generic.StreamObject(
            names(
                Type=pdf_name("/XObject"),
                Subtype=pdf_name("/Form"),
                BBox=generic.ArrayObject(map(generic.NumberObject, (0, 0, 100, 100))),
            ),
            stream_data=b"0 0 100 100 re f",
        )
        field[pdf_name("/AP")] = names(N=writer.add_object(look))
        writer.update_container(field)

    return updated(bench.sealed, change)


@kind("a signature's picture is not moved")
def picture_of_signature_moved(bench: Bench) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0]
        field[pdf_name("/Rect")] = generic.ArrayObject(map(generic.NumberObject, (0, 0, 595, 842)))
        writer.update_container(field)

    return updated(bench.sealed, change)


@kind("a text field's value is not changed")
def field_value_changed(bench: Bench) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0]
        field[pdf_name("/V")] = pdf_string("900")
        writer.update_container(field)

    return updated(sign(with_text_field(), bench.pki.issue("Ngô Biểu Mẫu").signer), change)


@kind("a text field's look is not changed")
def field_look_changed(bench: Bench) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0]
        look = generic.StreamObject(stream_data=b"0 0 100 100 re f")
        field[pdf_name("/AP")] = names(N=writer.add_object(look))
        writer.update_container(field)

    return updated(sign(with_text_field(), bench.pki.issue("Ngô Biểu Mẫu").signer), change)


@kind("no text field comes after a signature")
def field_added(bench: Bench) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        box = generic.ArrayObject(map(generic.NumberObject, (80, 490, 300, 520)))
        field = names(
            FT=pdf_name("/Tx"),
            T=pdf_string("late"),
            V=pdf_string("Another text."),
            Type=pdf_name("/Annot"),
            Subtype=pdf_name("/Widget"),
            Rect=box,
        )
        form = writer.root["/AcroForm"]
        form["/Fields"].append(writer.add_object(field))
        writer.update_container(form["/Fields"])

    return updated(bench.leader, change)


@kind("a signature is not taken out of the form")
def signature_taken_out(bench: Bench) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        form = writer.root["/AcroForm"]
        form[pdf_name("/Fields")] = generic.ArrayObject(list(form["/Fields"])[1:])
        writer.update_container(form)

    return sign(updated(bench.leader, change), bench.pki.issue("Con dấu").signer, field="seal")


@kind("all signatures are not taken out of the form")
def form_taken_out(bench: Bench) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        del writer.root["/AcroForm"]
        writer.update_root()

    return updated(bench.sealed, change)


@kind("a signature's value is not exchanged for another")
def signature_exchanged(bench: Bench) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        fields = writer.root["/AcroForm"]["/Fields"]
        fields[0][pdf_name("/V")] = fields[1].raw_get("/V")
        writer.update_container(fields[0])

    return updated(bench.sealed, change)


@kind("no page comes after a signature")
def page_added(bench: Bench) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        pages = writer.root["/Pages"]
        box = generic.ArrayObject(map(generic.NumberObject, (0, 0, 595, 842)))
        extra = names(Type=pdf_name("/Page"), Parent=writer.root.raw_get("/Pages"), MediaBox=box)
        pages["/Kids"].append(writer.add_object(extra))
        pages[pdf_name("/Count")] = generic.NumberObject(2)
        writer.update_container(pages)

    return updated(bench.sealed, change)


@kind("no page goes after a signature")
def page_taken_out(bench: Bench) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        pages = writer.root["/Pages"]
        pages[pdf_name("/Kids")] = generic.ArrayObject()
        pages[pdf_name("/Count")] = generic.NumberObject(0)
        writer.update_container(pages)

    return updated(bench.sealed, change)


@kind("the page is not turned or cropped")
def page_cropped(bench: Bench) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        target = first_page(writer)
        target[pdf_name("/CropBox")] = generic.ArrayObject(
            map(generic.NumberObject, (0, 600, 595, 842))
        )
        writer.update_container(target)

    return updated(bench.sealed, change)


@kind("no action is set to run when the file is opened")
def open_action_added(bench: Bench) -> bytes:
    script = names(S=pdf_name("/JavaScript"), JS=pdf_string("app.alert(1)"))
    return updated(bench.sealed, lambda writer: _root(writer, OpenAction=script))


@kind("no layers are added")
def layers_added(bench: Bench) -> bytes:
    return updated(
        bench.sealed,
        lambda writer: _root(writer, OCProperties=names(OCGs=generic.ArrayObject(), D=names())),
    )


@kind("no file is attached")
def attachment_added(bench: Bench) -> bytes:
    files = names(EmbeddedFiles=names(Names=generic.ArrayObject()))
    return updated(bench.sealed, lambda writer: _root(writer, Names=files))


@kind("the document information is not changed behind the last signature")
def information_changed(bench: Bench) -> bytes:
    return updated(bench.sealed, lambda writer: writer.set_info(names(Title=pdf_string("Another"))))


@kind("no bytes follow the end")
def bytes_after_end(bench: Bench) -> bytes:
    return bench.sealed + b"more bytes"


@kind("no comment follows the end")
def comment_after_end(bench: Bench) -> bytes:
    return bench.sealed + b"% another comment\n"


@kind("not even an empty revision follows the end")
def empty_revision_after_end(bench: Bench) -> bytes:
    return appended(bench.leader, {})


@kind("a second whole file does not follow the first")
def file_after_end(bench: Bench) -> bytes:
    return bench.sealed + page(OTHER)


@kind("one revision of evidence may follow, not two with something between")
def change_between_evidence(bench: Bench) -> bytes:
    return document_timestamp(
        updated(bench.kept, lambda writer: annotated(writer, "/Stamp")),
        authority(bench.pki.holder("tsa")),
    )


@kind("a revision that claims to be evidence holds nothing else")
def evidence_with_page(bench: Bench) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        replace_content(writer)
        _root(writer, DSS=names(Certs=generic.ArrayObject()))

    return updated(bench.sealed, change)


@kind("evidence that was signed is not taken out")
def evidence_taken_out(bench: Bench) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        del writer.root["/DSS"]
        writer.update_root()

    return updated(bench.kept, change)


@kind("the page tree does not point elsewhere after signing")
def page_tree_exchanged(bench: Bench) -> bytes:
    signed = sign(page(), bench.pki.issue("Ngô Đổi Trang").signer)
    return appended(
        signed,
        {
            2: b"<< /Type /Pages /Kids [20 0 R] /Count 1 >>",
            20: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 21 0 R >>",
            21: stream(OTHER),
        },
    )


@kind("the catalogue is not exchanged")
def catalogue_exchanged(bench: Bench) -> bytes:
    signed = sign(page(), bench.pki.issue("Ngô Đổi Trang").signer)
    form = signed[signed.rindex(b"/AcroForm") :].split(b"R", 1)[0] + b"R"
    return appended(
        signed,
        {
            1: b"<< /Type /Catalog /Pages 20 0 R " + form + b" >>",
            20: b"<< /Type /Pages /Kids [21 0 R] /Count 1 >>",
            21: b"<< /Type /Page /Parent 20 0 R /MediaBox [0 0 595 842] /Contents 22 0 R >>",
            22: stream(OTHER),
        },
    )
