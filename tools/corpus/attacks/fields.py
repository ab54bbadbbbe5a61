"""Forms whose signature fields are not what they seem."""

from io import BytesIO

from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from reportlab.pdfgen.canvas import Canvas

from tools.corpus.kinds import Bench, kind
from tools.corpus.pdf import appended, names, page, updated
from tools.corpus.signing import gap, sign

LINK = (
    b"/Annots [<< /Type /Annot /Subtype /Link /Rect [85 490 200 510]"
    b" /A << /S /URI /URI (https://example.vn/) >> >>]"
)


def with_text_field() -> bytes:
    """An unsigned form with one text field."""
    output = BytesIO()
    canvas = Canvas(output)
    canvas.acroForm.textfield(name="amount", value="100", x=100, y=600)
    canvas.showPage()
    canvas.save()
    return output.getvalue()


@kind("two signatures do not share a name")
def two_fields_of_one_name(bench: Bench) -> bytes:
    def rename(writer: IncrementalPdfFileWriter) -> None:
        field = writer.root["/AcroForm"]["/Fields"][1]
        field[pdf_name("/T")] = writer.root["/AcroForm"]["/Fields"][0]["/T"]
        writer.update_container(field)

    seal = bench.pki.issue("Con dấu").signer
    return sign(updated(sign(bench.leader, seal, field="number"), rename), seal, field="seal")


@kind("one signature does not stand for two fields")
def one_value_in_two_fields(bench: Bench) -> bytes:
    def add(writer: IncrementalPdfFileWriter) -> None:
        twin = names(FT=pdf_name("/Sig"), V=writer.root["/AcroForm"]["/Fields"][0].raw_get("/V"))
        fields = writer.root["/AcroForm"]["/Fields"]
        fields.append(writer.add_object(twin))
        writer.update_container(fields)

    return updated(bench.leader, add)


@kind("a field with a signature's place and no signature is none")
def value_is_empty(_: Bench) -> bytes:
    form = b"/AcroForm << /SigFlags 3 /Fields [<< /FT /Sig /T (leader) /V << >> >>] >>"
    return page(catalog=form)


@kind("a signature's value is a dictionary")
def value_is_a_number(_: Bench) -> bytes:
    return page(catalog=b"/AcroForm << /SigFlags 3 /Fields [<< /FT /Sig /T (leader) /V 17 >>] >>")


@kind("a signature's value does not lead back to its field")
def value_leads_to_field(_: Bench) -> bytes:
    field = {6: b"<< /FT /Sig /T (leader) /V 6 0 R >>"}
    return page(catalog=b"/AcroForm << /SigFlags 3 /Fields [6 0 R] >>", more=field)


@kind("a reference leads somewhere")
def value_leads_to_itself(_: Bench) -> bytes:
    field = {6: b"<< /FT /Sig /T (leader) /V 7 0 R >>", 7: b"7 0 R"}
    return page(catalog=b"/AcroForm << /SigFlags 3 /Fields [6 0 R] >>", more=field)


@kind("a form's fields are no circle")
def fields_in_a_circle(_: Bench) -> bytes:
    fields = {6: b"<< /T (a) /Kids [7 0 R] >>", 7: b"<< /T (b) /Kids [6 0 R] >>"}
    return page(catalog=b"/AcroForm << /SigFlags 3 /Fields [6 0 R] >>", more=fields)


@kind("a form's fields nest only so deep")
def fields_nested_deeply(_: Bench) -> bytes:
    fields = {
        number: b"<< /T (a) /Parent %d 0 R /Kids [%d 0 R] >>" % (number - 1, number + 1)
        for number in range(6, 3_000)
    }
    fields[3_000] = b"<< /FT /Sig /T (a) >>"
    return page(catalog=b"/AcroForm << /SigFlags 3 /Fields [6 0 R] >>", more=fields)


@kind("ten thousand empty signature fields cost no time", big=True)
def ten_thousand_empty_fields(_: Bench) -> bytes:
    fields = {number: b"<< /FT /Sig /T (f%d) >>" % number for number in range(6, 10_006)}
    listed = b" ".join(b"%d 0 R" % number for number in fields)
    return page(catalog=b"/AcroForm << /SigFlags 3 /Fields [" + listed + b"] >>", more=fields)


@kind("ten thousand signatures are not looked at one by one", big=True)
def ten_thousand_signatures(bench: Bench) -> bytes:
    start, _ = gap(bench.leader)
    value = (
        b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached"
        b" /ByteRange [0 100 200 100] /Contents " + bench.leader[start : start + 6_000] + b"> >>"
    )
    fields = {number: b"<< /FT /Sig /T (f%d) /V 6 0 R >>" % number for number in range(7, 10_007)}
    listed = b" ".join(b"%d 0 R" % number for number in fields)
    form = b"/AcroForm << /SigFlags 3 /Fields [" + listed + b"] >>"
    return page(catalog=form, more={6: value, **fields})


@kind("ten thousand fields appended to a signed file cost no time", big=True)
def ten_thousand_fields_after_signing(bench: Bench) -> bytes:
    def add(writer: IncrementalPdfFileWriter) -> None:
        fields = writer.root["/AcroForm"]["/Fields"]
        for number in range(10_000):
            fields.append(writer.add_object(names(FT=pdf_name("/Sig"), T=pdf_name(f"/f{number}"))))
        writer.update_container(fields)

    return updated(bench.leader, add)


@kind("a signature in a form of its own kind is not overlooked")
def unknown_format(bench: Bench) -> bytes:
    return bench.leader.replace(b"/ETSI.CAdES.detached", b"/adbe.x509.rsa_sha1 ")


@kind("a signature's format is named")
def format_missing(bench: Bench) -> bytes:
    return bench.leader.replace(b"/SubFilter", b"/SubFilte_")


@kind("a signature that is no field of the form does not count")
def signature_outside_form(bench: Bench) -> bytes:
    root = PdfFileReader(BytesIO(bench.leader)).trailer.raw_get("/Root").idnum
    return appended(bench.leader, {root: b"<< /Type /Catalog /Pages 2 0 R >>"})


@kind("an empty form hides no signature")
def fields_missing(_: Bench) -> bytes:
    return page(catalog=b"/AcroForm << /SigFlags 3 >>")


@kind("the form's fields are an array")
def fields_are_a_number(_: Bench) -> bytes:
    return page(catalog=b"/AcroForm << /SigFlags 3 /Fields 17 >>")


@kind("a field's name of a megabyte is cut in the report", hostile=False)
def genuine_name_of_a_megabyte(bench: Bench) -> bytes:
    return sign(bench.draft, bench.pki.issue("Ngô Tên Dài").signer, field="a" * 1_000_000)


@kind("a field's name cannot command the terminal", hostile=False)
def genuine_name_with_commands(bench: Bench) -> bytes:
    signer = bench.pki.issue("Ngô \x1b[31mĐỏ").signer
    return sign(bench.draft, signer, field="\x1b]0;owned\x07[bold]")
