"""Which document may be copied in which form."""

from dataclasses import replace
from functools import reduce
from uuid import UUID

import pytest

from services.documents.domain import incoming
from services.documents.domain.copies import FORMS, Source, source_of
from services.documents.domain.incoming import Incoming
from services.documents.domain.outgoing import Outgoing
from services.documents.errors import SourceNotCopied
from services.documents.events import ArrivedFile, DocumentArrived, DocumentDrafted
from services.documents.types import COPIES, document_type, notation

ID, AGENCY = UUID(int=1), UUID(int=2)
FILE = "3" * 64
DRAFTED = DocumentDrafted(
    document_id=ID,
    agency_id=AGENCY,
    type_code="QĐ",
    text="1" * 64,
    urgency=0,
    signer_id=UUID(int=3),
    signer_position_id=UUID(int=4),
    recipients=(),
    notation="QĐ-UBND",
)
ARRIVED = DocumentArrived(
    document_id=ID,
    agency_id=AGENCY,
    packet_id=UUID(int=5),
    sender_id=UUID(int=6),
    foreign_id="x",
    code="7/STC-NS",
    type_name="Công văn",
    text="1" * 64,
    urgency=0,
    files=(ArrivedFile("cv.pdf", "application/pdf", FILE),),
)


def ours(state: str = "issued", draft: DocumentDrafted = DRAFTED) -> Outgoing:
    return Outgoing(state, draft, "1" * 64, file=FILE)


def theirs(state: str = incoming.ACCEPTED, type_name: str = "Công văn") -> Incoming:
    arrived = reduce(incoming.evolve, [replace(ARRIVED, type_name=type_name)], None)
    assert arrived is not None
    return replace(arrived, state=state)


COPY = replace(DRAFTED, type_code="SY", copy_of=UUID(int=9), copy_file="4" * 64, copy_pages=5)


@pytest.mark.parametrize(
    ("document", "form"),
    [
        (ours(), "SY"),
        (ours(), "TrS"),
        (theirs(), "SY"),
        (theirs(), "TrS"),
        (theirs(type_name="Sao y"), "SL"),
    ],
)
def test_it_is_copied(document: Outgoing | Incoming, form: str) -> None:
    assert source_of(document, form) == Source(FILE, 0)


def test_a_copy_of_a_copy_has_its_pages() -> None:
    assert source_of(ours(draft=COPY), "SL") == Source(FILE, 5)


@pytest.mark.parametrize(
    ("document", "form", "needs"),
    [
        (None, "SY", "document"),
        (ours("signed"), "SY", "issued_or_accepted"),
        (ours("voided"), "SY", "issued_or_accepted"),
        (theirs(incoming.VERIFIED), "SY", "issued_or_accepted"),
        (theirs(incoming.WITHDRAWN), "SY", "issued_or_accepted"),
        (ours(), "SL", "copy"),
        (theirs(), "SL", "copy"),
        (ours(draft=COPY), "SY", "original"),
        (ours(draft=COPY), "TrS", "original"),
        (theirs(type_name="Bản sao y"), "SY", "original"),
    ],
)
def test_it_is_refused_with_what_it_needs(
    document: Outgoing | Incoming | None, form: str, needs: str
) -> None:
    with pytest.raises(SourceNotCopied) as refused:
        source_of(document, form)
    assert refused.value.data() == {"form": form, "needs": needs}


@pytest.mark.parametrize("form", FORMS)
def test_a_copy_has_a_name_and_a_sign_of_its_form(form: str) -> None:
    assert document_type(form) == COPIES[form]
    assert notation(form, "UBND") == f"{form}-UBND"
