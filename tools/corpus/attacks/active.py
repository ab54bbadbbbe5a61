"""Soundly signed files whose look or behaviour may still change: scripts, launches, attachments."""

from tools.corpus.kinds import Bench, kind
from tools.corpus.pdf import page, stream
from tools.corpus.signing import sign

SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
LAUNCH = b"<< /S /Launch /F (cmd.exe) >>"
_BOX = b"/Rect [80 490 300 520]"


def _signed(bench: Bench, pdf: bytes) -> bytes:
    return sign(pdf, bench.pki.issue("Cao Hoạt Động").signer)


@kind("a script runs when the file is opened")
def script_on_opening(bench: Bench) -> bytes:
    return _signed(bench, page(catalog=b"/OpenAction " + SCRIPT))


@kind("a script waits in the names")
def script_in_names(bench: Bench) -> bytes:
    named = b"/Names << /JavaScript << /Names [(a) " + SCRIPT + b"] >> >>"
    return _signed(bench, page(catalog=named))


@kind("a script runs when the file is printed or closed")
def script_on_closing(bench: Bench) -> bytes:
    return _signed(bench, page(catalog=b"/AA << /WC " + SCRIPT + b" >>"))


@kind("a script runs when the page is shown")
def script_on_page(bench: Bench) -> bytes:
    return _signed(bench, page(on_page=b"/AA << /O " + SCRIPT + b" >>"))


@kind("a script runs when the pointer passes a note")
def script_on_note(bench: Bench) -> bytes:
    note = b"/Annots [<< /Type /Annot /Subtype /Link " + _BOX + b" /AA << /E " + SCRIPT + b" >> >>]"
    return _signed(bench, page(on_page=note))


@kind("a script computes a field's value")
def script_in_field(bench: Bench) -> bytes:
    field = b"<< /FT /Tx /T (a) /AA << /C " + SCRIPT + b" >> >>"
    return _signed(bench, page(catalog=b"/AcroForm << /Fields [6 0 R] >>", more={6: field}))


@kind("a script's name is written in another way")
def script_in_disguise(bench: Bench) -> bytes:
    disguised = b"<< /#53 /J#61vaScript /JS (1) >>"
    return _signed(bench, page(catalog=b"/OpenAction " + disguised))


@kind("a script follows a harmless action")
def script_behind_action(bench: Bench) -> bytes:
    action = b"/OpenAction << /S /Named /N /FirstPage /Next [" + SCRIPT + b"] >>"
    return _signed(bench, page(catalog=action))


@kind("actions are no circle")
def actions_in_a_circle(bench: Bench) -> bytes:
    circle = {6: b"<< /S /Named /N /FirstPage /Next 6 0 R >>"}
    return _signed(bench, page(catalog=b"/OpenAction 6 0 R", more=circle))


@kind("a bookmark starts a program")
def launch_from_bookmark(bench: Bench) -> bytes:
    items = {
        6: b"<< /Type /Outlines /First 7 0 R /Last 7 0 R /Count 1 >>",
        7: b"<< /Title (a) /Parent 6 0 R /A " + LAUNCH + b" >>",
    }
    return _signed(bench, page(catalog=b"/Outlines 6 0 R", more=items))


@kind("a note starts a program")
def launch_from_note(bench: Bench) -> bytes:
    note = b"/Annots [<< /Type /Annot /Subtype /Link " + _BOX + b" /A " + LAUNCH + b" >>]"
    return _signed(bench, page(on_page=note))


@kind("a form sends itself away")
def form_sends_itself(bench: Bench) -> bytes:
    action = b"/OpenAction << /S /SubmitForm /F (http://192.0.2.1/) >>"
    return _signed(bench, page(catalog=action))


@kind("another file is opened")
def other_file_opened(bench: Bench) -> bytes:
    return _signed(bench, page(catalog=b"/OpenAction << /S /GoToR /F (other.pdf) /D [0 /Fit] >>"))


@kind("a file is embedded")
def file_embedded(bench: Bench) -> bytes:
    files = b"/Names << /EmbeddedFiles << /Names [(a.exe) 6 0 R] >> >>"
    more = {
        6: b"<< /Type /Filespec /F (a.exe) /EF << /F 7 0 R >> >>",
        7: stream(b"MZ", b"/Type /EmbeddedFile "),
    }
    return _signed(bench, page(catalog=files, more=more))


@kind("a file is attached to a note")
def file_attached_to_note(bench: Bench) -> bytes:
    more = {
        6: b"<< /Type /Filespec /F (a.exe) /EF << /F 7 0 R >> >>",
        7: stream(b"MZ", b"/Type /EmbeddedFile "),
    }
    note = b"/Annots [<< /Type /Annot /Subtype /FileAttachment /FS 6 0 R " + _BOX + b" >>]"
    return _signed(bench, page(on_page=note, more=more))


@kind("a film plays over the page")
def film_over_page(bench: Bench) -> bytes:
    note = b"/Annots [<< /Type /Annot /Subtype /RichMedia " + _BOX + b" >>]"
    return _signed(bench, page(on_page=note))


@kind("an XFA form draws its own pages")
def xfa_form(bench: Bench) -> bytes:
    form = b"/AcroForm << /Fields [] /XFA 6 0 R >>"
    return _signed(bench, page(catalog=form, more={6: stream(b"<xdp/>")}))


@kind("layers are switched on and off")
def layers_switched(bench: Bench) -> bytes:
    layers = b"/OCProperties << /OCGs [6 0 R] /D << /OFF [6 0 R] >> >>"
    more = {6: b"<< /Type /OCG /Name (hidden) >>"}
    return _signed(bench, page(catalog=layers, more=more))


@kind("the page's content stands in another file")
def content_elsewhere(bench: Bench) -> bytes:
    elsewhere = stream(b"", b"/F (other.txt) ")
    return _signed(bench, page(more={4: elsewhere}))


@kind("a collection shows another file first")
def collection(bench: Bench) -> bytes:
    return _signed(bench, page(catalog=b"/Collection << /View /D >>"))
