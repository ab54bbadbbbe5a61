"""The proof of one event: found by its place in the store, or by looking through a copy."""

from typing import Any
from uuid import UUID

from libs.eventstore import Place
from libs.eventstore.bulk import BulkReader
from libs.eventstore.entries import place_of
from libs.translog import WIDTH, Checkpoint
from services.audit.proofs import EventProof, NotInLog, Proofs, prove_in
from tools.log.export import Tick
from tools.log.places import LogPlace, LogUnreachable, log_at, log_folder
from tools.platform.database_urls import database_url


def prove(options: Any, tick: Tick) -> EventProof:
    """Prove the event that is named; raises `NotProvable`, `LogUnreachable`."""
    if options.log:
        shard = log_at(options)
        place = _search(shard, options.event, tick)
        found = prove_in(shard.files, shard.name, options.event, place)
        if found is None:
            raise NotInLog(f"{shard.name} has no event {options.event}")
        return found
    with BulkReader(database_url("monitor", options.folder)) as reader:
        rows = reader.ask("SELECT tx, position FROM es.event WHERE event_id = %s", options.event)
    if not rows:
        raise NotInLog(f"the store has no event {options.event}")
    return Proofs(log_folder(options.folder)).of(options.event, Place(*rows[0]))


def _search(shard: LogPlace, event_id: UUID, tick: Tick) -> Place:
    """Look through all entries for the event's."""
    try:
        size = Checkpoint.parse(shard.files.note().text).size
    except FileNotFoundError as error:
        raise LogUnreachable(f"{shard.name} shows no checkpoint") from error
    wanted = f'"id":"{event_id}"'.encode()
    for start in range(0, size, WIDTH):
        for entry in shard.files.bundle(start // WIDTH, size):
            if wanted in entry:
                return place_of(entry)
        tick(min(start + WIDTH, size), size)
    raise NotInLog(f"{shard.name} has no event {event_id}")
