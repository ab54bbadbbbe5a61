"""Trays: confirmed by one command, carried out by jobs, one for each document."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Any
from uuid import UUID, uuid5

from libs.contracts.journal import continuing
from libs.db import Unit
from libs.eventstore import NO_STREAM, Appended, Context
from libs.jobs.queue import REFUSED_AT_DESK, Job
from libs.jobs.worker import Finish
from libs.observability import correlation_id
from services.documents import queries
from services.documents.commands import ApproveDocument, ConfirmTray, RefuseTrayLine
from services.documents.domain import outgoing, tray
from services.documents.domain.incoming import Incoming
from services.documents.domain.outgoing import Outgoing
from services.documents.errors import (
    DocumentsError,
    DocumentUnknown,
    TrayEmpty,
    WrongDirection,
    WrongState,
)
from services.documents.handlers import Order, add_render_job
from services.documents.journal import JOURNAL, document_stream, evolved, load

APPROVE = "approve"


def tray_stream(tray_id: UUID) -> str:
    """The stream of a tray."""
    return f"tray-{tray_id}"


def digest(rows: Sequence[dict[str, Any]]) -> str:
    """A fingerprint of what waits: another document, or another version of one, changes it."""
    told = "\n".join(f"{row['document_id']} {row['version']}" for row in rows)
    return hashlib.sha256(told.encode()).hexdigest()


def confirm(unit: Unit, order: Order, command: ConfirmTray) -> list[Appended]:
    """Record the confirmation, and add a job for each document, urgent ones first.

    Raises `TrayEmpty`, `TrayTooLarge`.
    """
    urgency = queries.urgencies(unit.connection, order.agency_id, command.documents)
    documents = sorted(dict.fromkeys(command.documents), key=lambda each: -urgency.get(each, 0))
    if not documents:
        raise TrayEmpty
    events = tray.decide(None, replace(command, documents=tuple(documents)))
    context = Context(
        agency=str(order.agency_id),
        handler=order.handler,
        occurred_at=unit.now,
        trace=uuid5(order.command_id, "trace"),
        behalf=order.behalf,
        correlation=correlation_id() or order.command_id,
    )
    stream = tray_stream(command.tray_id)
    done = JOURNAL.append(unit.store, stream, NO_STREAM, events, context, order.command_id)
    confirmed = unit.store.read_last(stream)
    assert confirmed is not None
    for each in documents:
        unit.jobs.add(
            uuid5(command.tray_id, str(each)),
            APPROVE,
            {
                "tray_id": str(command.tray_id),
                "document_id": str(each),
                "person_id": str(command.person_id),
                "position_id": str(command.position_id),
                "own_device": command.own_device,
            },
            continuing(confirmed, now=unit.now),
            urgent=urgency.get(each, 0) > 0,
        )
    return [done]


def approve_act(job: Job) -> Finish:
    """The act of the job `approve`: one document of a tray."""
    return lambda unit: _approve(unit, job)


def refuse_act(job: Job) -> Finish:
    """The act of a refused `approve`: the document leaves the tray as it is."""
    document_id = UUID(job.arguments["document_id"])
    command = RefuseTrayLine(document_id, REFUSED_AT_DESK)
    return lambda unit: _refuse(unit, job, replace(job.context, occurred_at=unit.now), command)


def _approve(unit: Unit, job: Job) -> None:
    document_id = UUID(job.arguments["document_id"])
    loaded = load(unit, document_id)
    context = replace(job.context, occurred_at=unit.now)
    try:
        if not _shown_to(context.agency, loaded.document):
            raise DocumentUnknown
        context = replace(context, trace=loaded.trace or context.trace)
        if not isinstance(loaded.document, Outgoing):
            raise WrongDirection
        events = outgoing.decide(loaded.document, _command(job))
        if not events:
            raise WrongState(loaded.document.state, [outgoing.REVIEWED])
    except DocumentsError as error:
        _refuse(unit, job, context, RefuseTrayLine(document_id, error.code))
        return
    stream = document_stream(document_id)
    JOURNAL.append(unit.store, stream, loaded.version, events, context, job.job_id)
    if evolved(loaded.document, events).state == outgoing.APPROVED:
        add_render_job(unit, job.job_id, loaded.document)


def _shown_to(agency_id: str, document: Outgoing | Incoming | None) -> bool:
    if isinstance(document, Outgoing):
        return agency_id in map(str, document.agencies)
    return document is not None and str(document.agency_id) == agency_id


def _command(job: Job) -> ApproveDocument:
    told = job.arguments
    return ApproveDocument(
        told["person_id"],
        told["position_id"],
        told["own_device"],
        UUID(told["tray_id"]),
        uuid5(job.job_id, "signing"),
    )


def _refuse(unit: Unit, job: Job, context: Context, command: RefuseTrayLine) -> None:
    stream = tray_stream(UUID(job.arguments["tray_id"]))
    history, version = JOURNAL.load(unit.store, stream)
    events = tray.decide(reduce(tray.evolve, history, None), command)
    JOURNAL.append(unit.store, stream, version, events, context, job.job_id)
