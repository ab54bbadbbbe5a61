"""Copies (bản sao): which document may be copied in which form, and how the copy is called.

Decree 30/2020, article 3 and Annex I: a sao y has the whole of an original, a sao lục the whole of
a sao y, a trích sao a part of an original. All forms are numbered in one series of the agency.
"""

from dataclasses import dataclass

from services.documents.domain import incoming, outgoing
from services.documents.domain.incoming import Incoming
from services.documents.domain.outgoing import Outgoing
from services.documents.errors import SourceNotCopied

COPY, COPY_OF_COPY, EXTRACT = "SY", "SL", "TrS"
FORMS = (COPY, COPY_OF_COPY, EXTRACT)
_ARRIVED_COPY = "sao y"


@dataclass(frozen=True)
class Source:
    """The file that is copied, and its pages (0: not known)."""

    file: str
    pages: int


def source_of(document: Outgoing | Incoming | None, form: str) -> Source:
    """What of a document is copied in this form.

    Raises `SourceNotCopied`, which says what it must be.
    """
    if isinstance(document, Outgoing):
        source, is_copy = _issued(document), document.drafted.type_code == COPY
        original = document.drafted.copy_of is None
    elif isinstance(document, Incoming):
        source = _accepted(document)
        is_copy = _ARRIVED_COPY in document.arrived.type_name.lower()
        original = not is_copy
    else:
        raise SourceNotCopied(form=form, needs="document")
    if source is None:
        raise SourceNotCopied(form=form, needs="issued_or_accepted")
    if form == COPY_OF_COPY and not is_copy:
        raise SourceNotCopied(form=form, needs="copy")
    if form != COPY_OF_COPY and not original:
        raise SourceNotCopied(form=form, needs="original")
    return source


def _issued(document: Outgoing) -> Source | None:
    pages = document.rendered.pages if document.rendered else document.drafted.copy_pages
    return Source(document.file, pages) if document.state == outgoing.ISSUED else None


def _accepted(document: Incoming) -> Source | None:
    main = incoming.main_file(document.arrived.files)
    if document.state != incoming.ACCEPTED or main is None:
        return None
    return Source(main.digest, 0)
