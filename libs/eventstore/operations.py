"""What operators do to a whole store: see whether it was restored, and give it a new epoch."""

from dataclasses import dataclass

from sqlalchemy import Connection, text


class RestoredNotRebased(Exception):
    """The store comes from a dump and its order would go wrong: `lienthong eventstore rebase`."""

    def __init__(self) -> None:
        super().__init__(
            "the event store was restored and has no new epoch; run: lienthong eventstore rebase"
        )


@dataclass(frozen=True)
class StoreState:
    """The store's epoch, how far transaction ids are lifted, and its newest place."""

    epoch: str
    tx_offset: int
    newest_tx: int
    events: int
    needs_rebase: bool


def needs_rebase(connection: Connection) -> bool:
    """Whether events stand at or above the transaction ids that new ones would get."""
    return bool(connection.execute(text("SELECT es.needs_rebase()")).scalar())


def state(connection: Connection) -> StoreState:
    """The store as a whole; counts every event that the role may read."""
    row = connection.execute(
        text(
            "SELECT m.epoch, m.tx_offset, coalesce(max(e.tx), 0) AS newest_tx, count(e.tx) AS n,"
            " es.needs_rebase() AS needs FROM es.meta AS m LEFT JOIN es.event AS e ON true"
            " GROUP BY m.epoch, m.tx_offset"
        )
    ).one()
    return StoreState(str(row.epoch), row.tx_offset, row.newest_tx, row.n, row.needs)


def rebase(connection: Connection) -> None:
    """Give the store a new epoch behind everything recorded; as the schema's owner.

    After every restore and every promotion of a standby. Running appends are waited for; messages,
    positions and tokens of the old epoch are not believed any more.
    """
    connection.execute(text("SELECT es.rebase()"))
