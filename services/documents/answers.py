"""What the routes of documents have in common: whose order it is, and what it is answered with."""

from typing import Any
from uuid import UUID

from libs.messaging.read_after import token
from libs.web.call import Call, Reply
from services.documents.domain.outgoing import Outgoing
from services.documents.domain.register import code_text
from services.documents.errors import AgencyUnknown
from services.documents.handlers import Done, Order


def agency_of(call: Call) -> UUID:
    """The agency that the token names. Raises `AgencyUnknown`."""
    try:
        return UUID(call.principal.agency)
    except ValueError as error:
        raise AgencyUnknown from error


def order_of(call: Call) -> Order:
    """Who orders, for which agency."""
    principal = call.principal
    return Order(
        call.command_id, agency_of(call), principal.handler, principal.behalf, call.expected_version
    )


def answer(call: Call, done: Done, status: int = 200) -> Reply:
    """What a command is answered with: the document as it stands now."""
    document = done.document
    body: dict[str, Any] = {
        "document_id": document.document_id,
        "state": document.state,
        "version": done.version,
    }
    if isinstance(document, Outgoing):
        numbered = document.numbered
        body["code"] = code_text(numbered.number, numbered.notation) if numbered else None
        body["issued_on"] = numbered.issued_on if numbered else None
    else:
        body["arrival_number"] = document.accepted.arrival_number if document.accepted else None
    after = token(call.unit.store, done.appended) if done.appended else None
    return Reply(status, body, etag=done.version, read_after=after)
