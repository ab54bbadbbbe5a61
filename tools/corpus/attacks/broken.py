"""Files that are no PDF, or no whole one."""

from io import BytesIO

from pyhanko.pdf_utils.reader import PdfFileReader
from reportlab.pdfgen.canvas import Canvas

from tools.corpus.kinds import Bench, kind
from tools.corpus.pdf import page, stream, whole


@kind("an empty file")
def empty(_: Bench) -> bytes:
    return b""


@kind("a text file")
def plain_text(_: Bench) -> bytes:
    return "Quyết định số 15/QĐ-UBND".encode()


@kind("a picture")
def picture(_: Bench) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + bytes(500)


@kind("zeros", big=True)
def zeros(_: Bench) -> bytes:
    return bytes(20_000_000)


@kind("nothing but a header")
def header_alone(_: Bench) -> bytes:
    return b"%PDF-1.7\n"


@kind("header and end with nothing between")
def header_and_end(_: Bench) -> bytes:
    return b"%PDF-1.7\nstartxref\n0\n%%EOF\n"


@kind("a file without signature")
def unsigned(bench: Bench) -> bytes:
    return bench.draft


@kind("the header stands far behind other bytes")
def header_late(bench: Bench) -> bytes:
    return bytes(2_000) + bench.leader


@kind("a program's text stands before the header")
def two_kinds_of_file(bench: Bench) -> bytes:
    return b"#!/bin/sh\nexit\n" + bench.leader


@kind("an encrypted file")
def encrypted(_: Bench) -> bytes:
    output = BytesIO()
    canvas = Canvas(output, encrypt="secret")
    canvas.showPage()
    canvas.save()
    return output.getvalue()


@kind("an encryption that nobody knows")
def encrypted_strangely(_: Bench) -> bytes:
    return page().replace(b"/Root 1 0 R", b"/Root 1 0 R /Encrypt << /Filter /Strange >>")


@kind("the cross-reference table is where the file says")
def table_elsewhere(bench: Bench) -> bytes:
    head, _, tail = bench.leader.rpartition(b"startxref\n")
    return head + b"startxref\n17\n" + tail.partition(b"\n")[2]


@kind("the cross-reference table is inside the file")
def table_beyond_file(bench: Bench) -> bytes:
    head, _, tail = bench.leader.rpartition(b"startxref\n")
    return head + b"startxref\n99999999999999999999\n" + tail.partition(b"\n")[2]


@kind("the cross-reference table is readable")
def table_of_rubbish(bench: Bench) -> bytes:
    return bench.leader.replace(b"xref\n0 1\n", b"xref\n0 x\n").replace(b" 00000 n", b" 0000x n")


@kind("the cross-reference table claims no more than it holds")
def table_of_endless_length(_: Bench) -> bytes:
    return page().replace(b"xref\n0 1\n", b"xref\n0 2147483647\n")


@kind("revisions are no circle")
def revisions_in_a_circle(_: Bench) -> bytes:
    pdf = page()
    start = pdf.rindex(b"xref\n", 0, pdf.rindex(b"startxref"))
    return pdf.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % start)


@kind("the trailer names a root")
def root_missing(_: Bench) -> bytes:
    return page().replace(b"/Root", b"/Rook")


@kind("the root is a dictionary")
def root_is_a_number(_: Bench) -> bytes:
    return whole({1: b"17"})


@kind("an object is where the table says")
def object_elsewhere(bench: Bench) -> bytes:
    return bench.leader.replace(b"1 0 obj", b"9 9 obj", 1)


@kind("a stream is as long as it says")
def stream_of_endless_length(_: Bench) -> bytes:
    return page(more={4: stream(b"x").replace(b"/Length 1", b"/Length 2147483647")})


@kind("a stream's length does not lead back to the stream")
def stream_length_in_a_circle(_: Bench) -> bytes:
    return page(more={4: stream(b"x").replace(b"/Length 1", b"/Length 4 0 R")})


@kind("the pages are no circle")
def pages_in_a_circle(_: Bench) -> bytes:
    return page(more={2: b"<< /Type /Pages /Kids [2 0 R] /Count 1 /Parent 2 0 R >>"})


@kind("a hybrid file as Word writes it")
def hybrid(bench: Bench) -> bytes:
    pdf = bench.leader
    trailer = PdfFileReader(BytesIO(pdf)).trailer
    size, root = int(trailer["/Size"]), trailer.raw_get("/Root").idnum
    previous, stream_at = int(pdf.split()[-2]), len(pdf)
    entry = bytes([1]) + stream_at.to_bytes(4, "big") + bytes(1)
    keys = f"/Size {size + 1} /Root {root} 0 R /Prev {previous}".encode()
    held = (
        f"{size} 0 obj\n<< /Type /XRef /W [1 4 1] /Index [{size} 1] /Length 6 ".encode()
        + keys
        + b" >>\nstream\n"
        + entry
        + b"\nendstream\nendobj\n"
    )
    table = f"xref\n0 0\ntrailer\n<< /XRefStm {stream_at} ".encode() + keys + b" >>\n"
    start = f"startxref\n{stream_at + len(held)}\n%%EOF\n".encode()
    return pdf + held + table + start
