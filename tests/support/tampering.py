"""A database administrator with all rights: what he changes, and how he covers it up."""

from libs.eventstore.entries import entry_of, leaf_of
from libs.translog import CHECKPOINT, Checkpoint, Note, Signer
from services.audit.sealing.files import SIGNED, ShardFiles
from tests.support.sealing import YEAR, SealedStore

_RECOMPUTE = """
DO $$
DECLARE
    e record;
    before bytea;
BEGIN
    FOR e IN SELECT * FROM es.event ORDER BY stream, version LOOP
        before := (SELECT leaf FROM es.event AS p
                   WHERE p.stream = e.stream AND p.version = e.version - 1);
        UPDATE es.event AS u SET leaf = es.leaf(
            e.stream, e.version, e.tx, e.position, before, e.event_id, e.type, e.schema, e.payload,
            e.agency, e.handler, e.behalf, e.occurred_at, e.recorded_at, e.trace, e.correlation,
            e.causation)
            WHERE u.event_id = e.event_id AND u.stream = e.stream AND u.version = e.version;
    END LOOP;
    DELETE FROM es.stream;
    INSERT INTO es.stream SELECT DISTINCT ON (stream) stream, version, tx, leaf
        FROM es.event ORDER BY stream, version DESC;
END $$
"""


def recompute(store: SealedStore) -> None:
    """Make leaves, chains and the streams' rows right again, as the store itself would."""
    store.tamper(_RECOMPUTE)


def rewrite_log(store: SealedStore, signer: Signer | None = None) -> Note:
    """Make the log's files anew from the rows, up to its size; signed anew, if he has a key.

    Without one the old checkpoints stay beside the new tiles. Returns the newest checkpoint.
    """
    note = store.files().note(SIGNED)
    (store.log / "2026").rename(store.folder / "before")
    files, heads = ShardFiles(store.log, YEAR), dict[str, bytes]()
    entries = []
    size = Checkpoint.parse(note.text).size
    for row in store.rows()[:size]:
        entries.append(entry_of(row, heads.get(row.stream)))
        heads[row.stream] = leaf_of(entries[-1])
    files.write(entries)
    if signer:
        note = Checkpoint(signer.key.name, files.tree.size, files.tree.root).signed(signer)
    files.folder.mkdir(exist_ok=True)  # also of a log without an entry
    for path in (CHECKPOINT, SIGNED):
        (files.folder / path).write_bytes(bytes(note))
    (files.folder / "key").write_bytes((store.folder / "before" / "key").read_bytes())
    return note
