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
from libs.jobs.queue import REFUSED_AT_DESK, Job
from libs.jobs.worker import Act, Finish, Worker, run_workers
from libs.observability import set_up_logging, set_up_tracing
from libs.service import checks_of
from libs.web.ops import serve_ops
from services.documents import queries
from services.documents.commands import RefuseLayout, RequestSignature
from services.documents.domain import outgoing
from services.documents.domain.outgoing import Outgoing
from services.documents.domain.register import business_day
from services.documents.events import Box
from services.documents.journal import JOURNAL, document_stream, load
from services.documents.layout import Box as LayoutBox
from services.documents.layout import LayoutError, OfficialDocument, Rendered, render
from services.documents.settings import WorkerSettings
from services.documents.texts import read_text
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
    agency: dict[str, Any]
    superior: str
    position: dict[str, Any]
    recipients: list[str]


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
    return {"render": render_act(database, blobs), "render.refused": refused_act}


def read_source(unit: Unit, document_id: UUID) -> Source | None:
    """Everything but the texts; None when the document no longer waits for its page."""
    document = load(unit, document_id).document
    if not isinstance(document, Outgoing) or document.state != outgoing.APPROVED:
        return None
    drafted = document.drafted
    agency = queries.one_agency(unit.connection, document.agency_id)
    position = queries.one_position(unit.connection, drafted.signer_position_id)
    if agency is None or position is None or position["card"] is None:
        raise DirectoryBehind(str(document_id))
    parents = (agency["parent_id"],) if _prints_superior(agency) else ()
    names = queries.known_agencies(unit.connection, (*drafted.recipients, *parents))
    return Source(
        document,
        agency,
        superior=names.get(agency["parent_id"], "") if parents else "",
        position=position,
        recipients=[names.get(each, "") for each in drafted.recipients],
    )


def page_of(source: Source, blobs: BlobStore, year: int) -> OfficialDocument:
    """The document as the layout takes it."""
    drafted = source.document.drafted
    text = read_text(blobs, source.document.text)
    return OfficialDocument(
        agency=source.agency["name"],
        superior=source.superior,
        place=source.agency["place"],
        year=year,
        type_code=drafted.type_code,
        type_name=document_type(drafted.type_code).name,
        notation=drafted.notation,
        subject=text.get("subject", ""),
        paragraphs=text.get("paragraphs", []),
        addressees=text.get("addressees", []),
        authority=_authority(source),
        position=source.position["title"],
        signer_name=read_text(blobs, source.position["card"]).get("full_name", ""),
        recipients_list=[*source.recipients, "Lưu: VT"],
        urgency=drafted.urgency,
    )


def _prints_superior(agency: dict[str, Any]) -> bool:
    """A department names its province above itself; a People's Committee stands alone."""
    return bool(agency["tier"] == DEPARTMENT and agency["short_sign"] != COMMITTEE)


def _authority(source: Source) -> str:
    """Who signs on behalf of a collective (TM.) names it; other prefixes stand as they are."""
    authority: str = source.position["authority"]
    return f"TM. {source.agency['name']}" if authority == "TM." else authority


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
