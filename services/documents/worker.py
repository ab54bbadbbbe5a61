"""The documents service's workers: they lay approved documents out as PDF."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid5

from libs.blobs import BlobStore, open_store
from libs.config import load as load_settings
from libs.db import Database, Unit, database_of
from libs.jobs.queue import REFUSED, REFUSED_AT_DESK, Job
from libs.jobs.worker import Act, Finish, Worker, run_workers
from libs.observability import set_up_logging, set_up_tracing
from libs.service import checks_of
from libs.web.ops import serve_ops
from services.documents import queries
from services.documents.commands import RefuseLayout, RequestSignature
from services.documents.domain import outgoing
from services.documents.domain.outgoing import Outgoing
from services.documents.domain.register import business_day
from services.documents.events import Box, SignerBoxes
from services.documents.journal import JOURNAL, document_stream, load
from services.documents.layout import Box as LayoutBox
from services.documents.layout import (
    LayoutError,
    OfficialDocument,
    Rendered,
    Signatory,
    render,
)
from services.documents.settings import WorkerSettings
from services.documents.texts import read_text
from services.documents.trays import APPROVE, approve_act, refuse_act
from services.documents.types import document_type

DEPARTMENT = 3
COMMITTEE = "UBND"
# reportlab keeps its fonts in globals of the process.
_one_page_maker = threading.Lock()


class DirectoryBehind(Exception):
    """Agency or signer are not known here yet; the job is tried again."""


@dataclass(frozen=True)
class Source:
    """What the page is made of, as read in one transaction."""

    document: Outgoing
    agencies: list[dict[str, Any]]
    superior: str
    positions: list[dict[str, Any]]
    recipients: list[str]

    @property
    def agency(self) -> dict[str, Any]:
        """The agency that issues the document."""
        return self.agencies[0]


def render_act(database: Database, blobs: BlobStore) -> Act:
    """The act of the job `render`: the page as a blob, then the request for the signature.

    A text that cannot be laid out goes back to before the approval, with the reason's code.
    """

    def act(job: Job) -> Finish:
        document_id = UUID(job.arguments["document_id"])
        with database.unit() as unit:
            source = read_source(unit, document_id)
        if source is None:
            return lambda _unit: None
        signing_id = uuid5(job.job_id, "signing")
        command: RequestSignature | RefuseLayout
        try:
            page = page_of(source, blobs, business_day(job.context.occurred_at).year)
            with _one_page_maker:
                rendered = render(page)
        except LayoutError as error:
            command = RefuseLayout(signing_id, error.code)
        else:
            command = _request(signing_id, blobs.put_bytes(rendered.pdf).digest, rendered)
        return lambda unit: _finish(unit, job, document_id, command)

    return act


def refused_act(job: Job) -> Finish:
    """The act of a refused `render`: the document goes back to before its approval."""
    document_id = UUID(job.arguments["document_id"])
    command = RefuseLayout(uuid5(job.job_id, "signing"), REFUSED_AT_DESK)
    return lambda unit: _finish(unit, job, document_id, command)


def acts(database: Database, blobs: BlobStore) -> Mapping[str, Act]:
    """The acts by kind of job."""
    return {
        "render": render_act(database, blobs),
        f"render{REFUSED}": refused_act,
        APPROVE: approve_act,
        f"{APPROVE}{REFUSED}": refuse_act,
    }


def read_source(unit: Unit, document_id: UUID) -> Source | None:
    """Everything but the texts; None when the document no longer waits for its page."""
    document = load(unit, document_id).document
    if not isinstance(document, Outgoing) or document.state != outgoing.APPROVED:
        return None
    drafted = document.drafted
    agencies = [queries.one_agency(unit.connection, each) for each in document.agencies]
    positions = [
        queries.one_position(unit.connection, each.position_id) for each in document.signers
    ]
    known = [each for each in agencies if each]
    held = [each for each in positions if each and each["card"]]
    if len(known) < len(agencies) or len(held) < len(positions):
        raise DirectoryBehind(str(document_id))
    agency = known[0]
    parents = (agency["parent_id"],) if _prints_superior(agency) else ()
    names = queries.known_agencies(unit.connection, (*drafted.recipients, *parents))
    return Source(
        document,
        known,
        superior=names.get(agency["parent_id"], "") if parents else "",
        positions=held,
        recipients=[names.get(each, "") for each in drafted.recipients],
    )


def page_of(source: Source, blobs: BlobStore, year: int) -> OfficialDocument:
    """The document as the layout takes it."""
    drafted = source.document.drafted
    text = read_text(blobs, source.document.text)
    first, *more = (_signatory(source, place, blobs) for place in range(len(source.positions)))
    return OfficialDocument(
        agency=" - ".join(agency["name"] for agency in source.agencies),
        superior=source.superior,
        place=source.agency["place"],
        year=year,
        type_code=drafted.type_code,
        type_name=document_type(drafted.type_code).name,
        notation=drafted.notation,
        subject=text.get("subject", ""),
        paragraphs=text.get("paragraphs", []),
        addressees=text.get("addressees", []),
        authority=first.authority,
        position=first.position,
        signer_name=first.name,
        recipients_list=[*source.recipients, "Lưu: VT"],
        urgency=drafted.urgency,
        cosigners=more,
    )


def _prints_superior(agency: dict[str, Any]) -> bool:
    """A department names its province above itself; a People's Committee stands alone."""
    return bool(agency["tier"] == DEPARTMENT and agency["short_sign"] != COMMITTEE)


def _signatory(source: Source, place: int, blobs: BlobStore) -> Signatory:
    """The block of one who signs; in a joint document it names his agency (Annex I, II.7)."""
    position = source.positions[place]
    signer = source.document.signers[place]
    agency = source.agencies[source.document.agencies.index(signer.agency_id)]
    title = position["title"]
    if len(source.agencies) > 1:
        title = f"{title}\n{agency['name']}"
    name = read_text(blobs, position["card"]).get("full_name", "")
    return Signatory(_authority(position, agency), title, name)


def _authority(position: dict[str, Any], agency: dict[str, Any]) -> str:
    """Who signs on behalf of a collective (TM.) names it; other prefixes (KT., TL.) stand."""
    authority: str = position["authority"]
    return f"TM. {agency['name']}" if authority == "TM." else authority


def _request(signing_id: UUID, file: str, rendered: Rendered) -> RequestSignature:
    boxes = rendered.boxes
    return RequestSignature(
        signing_id=signing_id,
        file=file,
        pages=rendered.pages,
        leader_box=_box(boxes.leader),
        number_box=_box(boxes.number),
        date_box=_box(boxes.date),
        seal_box=_box(boxes.seal),
        cosigners=tuple(SignerBoxes(_box(one.leader), _box(one.seal)) for one in boxes.cosigners),
    )


def _box(box: LayoutBox) -> Box:
    return Box(box.page, box.x1, box.y1, box.x2, box.y2)


def _finish(
    unit: Unit, job: Job, document_id: UUID, command: RequestSignature | RefuseLayout
) -> None:
    loaded = load(unit, document_id)
    assert isinstance(loaded.document, Outgoing)
    events = outgoing.decide(loaded.document, command)
    if events:
        stream = document_stream(document_id)
        context = replace(job.context, occurred_at=unit.now)
        JOURNAL.append(unit.store, stream, loaded.version, events, context, job.job_id)


def main() -> None:
    """Run two workers, one of them for urgent documents alone, until SIGTERM."""
    settings = load_settings(WorkerSettings, os.environ)
    set_up_logging("documents.worker")
    set_up_tracing("documents.worker")
    database = database_of(settings.database_url, "documents")
    table = acts(database, open_store(settings.blob_url))
    serve_ops(settings.ops_host, settings.ops_port, checks_of("documents")(settings))
    run_workers(
        [
            Worker("documents.worker-0", database, table),
            Worker("documents.worker-urgent", database, table, urgent_only=True),
        ]
    )


if __name__ == "__main__":
    main()
