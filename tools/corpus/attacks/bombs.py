"""Small files that grow when they are read."""

import zlib
from functools import cache

from tools.corpus.kinds import Bench, kind
from tools.corpus.pdf import appended, page, stream, whole
from tools.corpus.signing import sign

FLATE = b"/Filter /FlateDecode "
MEGABYTE = 1_000_000


@cache
def _zeros(megabytes: int) -> bytes:
    squeezed = zlib.compressobj(9)
    parts = [squeezed.compress(bytes(MEGABYTE)) for _ in range(megabytes)]
    return b"".join([*parts, squeezed.flush()])


def _signed(bench: Bench, pdf: bytes) -> bytes:
    return sign(pdf, bench.pki.issue("Bùi Nở Phồng").signer)


@kind("a page of a third of a gigabyte is not unpacked", hostile=False)
def genuine_page_that_grows(bench: Bench) -> bytes:
    """What is shown is signed; judging must not cost its size."""
    return _signed(bench, page(more={4: stream(_zeros(300), FLATE)}))


@kind("an object stream of a third of a gigabyte")
def object_stream_that_grows(_: Bench) -> bytes:
    held = b"/Type /ObjStm /N 1 /First 5 " + FLATE
    return _xref_stream({6: stream(zlib.compress(b"1 0 <<") + _zeros(300), held)}, inside=6)


@kind("a cross-reference stream of a third of a gigabyte")
def table_that_grows(_: Bench) -> bytes:
    entries = b"/Type /XRef /W [1 4 2] /Size 140000000 /Root 1 0 R " + FLATE
    body = b"%PDF-1.7\n"
    return (
        body
        + b"9 0 obj\n"
        + stream(_zeros(300), entries)
        + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(body)
    )


@kind("compression inside compression")
def packed_twice(_: Bench) -> bytes:
    twice = zlib.compress(_zeros(300), 9)
    held = b"/Type /ObjStm /N 1 /First 5 /Filter [/FlateDecode /FlateDecode] "
    return _xref_stream({6: stream(twice, held)}, inside=6)


@kind("a chain of a thousand filters")
def thousand_filters(_: Bench) -> bytes:
    held = b"/Type /ObjStm /N 1 /First 5 /Filter [" + b"/FlateDecode " * 1_000 + b"] "
    return _xref_stream({6: stream(_zeros(1), held)}, inside=6)


def _xref_stream(objects: dict[int, bytes], inside: int) -> bytes:
    """A file whose root stands in the object stream numbered `inside`."""
    output, places = bytearray(b"%PDF-1.7\n"), {}
    for number, content in objects.items():
        places[number] = len(output)
        output += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    rows = b"\x00\x00\x00\x00\x00\xff" + b"\x02" + inside.to_bytes(4, "big") + b"\x00"
    for number in range(2, 8):
        rows += (
            (b"\x01" + places[number].to_bytes(4, "big") + b"\x00")
            if number in places
            else bytes(6)
        )
    start = len(output)
    held = b"/Type /XRef /W [1 4 1] /Size 8 /Root 1 0 R "
    output += b"7 0 obj\n" + stream(rows, held) + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % start
    return bytes(output)


@kind("an object stream inside itself")
def object_stream_in_itself(_: Bench) -> bytes:
    held = b"/Type /ObjStm /N 1 /First 5 /Extends 6 0 R "
    return _xref_stream({6: stream(b"6 0 <</Type /Catalog>>", held)}, inside=6)


@kind("an object stream that claims a million objects")
def object_stream_of_a_million(_: Bench) -> bytes:
    held = b"/Type /ObjStm /N 1000000 /First 5 "
    return _xref_stream({6: stream(b"1 0 <</Type /Catalog>>", held)}, inside=6)


@kind("arrays nested ten thousand deep")
def arrays_nested(_: Bench) -> bytes:
    return whole({1: b"<< /Type /Catalog /A " + b"[" * 10_000 + b"]" * 10_000 + b" >>"})


@kind("dictionaries nested ten thousand deep")
def dictionaries_nested(_: Bench) -> bytes:
    return whole({1: b"<< /Type /Catalog /A " + b"<< /A " * 10_000 + b">> " * 10_000 + b" >>"})


@kind("brackets in a text nested a million deep")
def brackets_nested(_: Bench) -> bytes:
    return whole({1: b"<< /Type /Catalog /A " + b"(" * MEGABYTE + b")" * MEGABYTE + b" >>"})


@kind("a text that never ends", big=True)
def text_without_end(_: Bench) -> bytes:
    return whole({1: b"<< /Type /Catalog /A (" + b"a" * (5 * MEGABYTE)})


@kind("a name of a million letters")
def name_without_end(_: Bench) -> bytes:
    return whole({1: b"<< /Type /Catalog /" + b"a" * MEGABYTE + b" 1 >>"})


@kind("a number of a million digits")
def number_without_end(_: Bench) -> bytes:
    return whole({1: b"<< /Type /Catalog /A " + b"9" * MEGABYTE + b" >>"})


@kind("a comment of five megabytes", big=True)
def comment_without_end(_: Bench) -> bytes:
    return whole({1: b"% " + b"a" * (5 * MEGABYTE) + b"\n<< /Type /Catalog >>"})


@kind("a hexadecimal text of five megabytes", big=True)
def hexadecimal_without_end(_: Bench) -> bytes:
    return whole({1: b"<< /Type /Catalog /A <" + b"41" * (5 * MEGABYTE) + b"> >>"})


@kind("signature contents of five megabytes", big=True)
def contents_without_end(_: Bench) -> bytes:
    value = (
        b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached"
        b" /ByteRange [0 100 200 100] /Contents <" + b"30" * (5 * MEGABYTE) + b"> >>"
    )
    form = b"/AcroForm << /SigFlags 3 /Fields [<< /FT /Sig /T (a) /V 6 0 R >>] >>"
    return page(catalog=form, more={6: value})


@kind("a hundred thousand objects", big=True)
def many_objects(_: Bench) -> bytes:
    return page(more=dict.fromkeys(range(6, 100000), b"17"))


@kind("a thousand revisions")
def many_revisions(bench: Bench) -> bytes:
    pdf = bench.leader
    for _ in range(1_000):
        pdf = appended(pdf, {})
    return pdf


@kind("one page a hundred thousand times", big=True)
def page_repeated(bench: Bench) -> bytes:
    kids = b"3 0 R " * 100_000
    pages = b"<< /Type /Pages /Kids [" + kids + b"] /Count 100000 >>"
    return _signed(bench, page(more={2: pages}))


@kind("pages nested a thousand deep")
def pages_nested(_: Bench) -> bytes:
    nodes = {
        number: b"<< /Type /Pages /Kids [%d 0 R] /Count 1 /Parent %d 0 R >>"
        % (number + 1, number - 1)
        for number in range(6, 1_500)
    }
    more = {2: b"<< /Type /Pages /Kids [6 0 R] /Count 1 >>", **nodes, 1_500: b"<< /Type /Page >>"}
    return page(more=more)


@kind("twenty thousand pages", big=True)
def many_pages(bench: Bench) -> bytes:
    pages = dict.fromkeys(range(6, 20006), b"<< /Type /Page /Parent 2 0 R >>")
    kids = b" ".join(b"%d 0 R" % number for number in pages)
    tree = b"<< /Type /Pages /Kids [" + kids + b"] /Count 20000 >>"
    return _signed(bench, page(more={2: tree, **pages}))
