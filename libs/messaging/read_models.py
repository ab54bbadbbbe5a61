"""What a service says of its tables: which of them its events alone can make again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Table

from libs.messaging.applier import Handler


@dataclass(frozen=True)
class ReadModels:
    """A service's projections and every table of its `tables.py`, in one of three places.

    `rebuilt` tables are written by the projections alone: a rebuild makes them anew. `shared` ones
    are written by commands too, ahead of the projections: a rebuild adds what is missing and takes
    nothing away. `kept` ones, each with the reason, are never touched.
    """

    handlers: Mapping[str, Handler]
    rebuilt: tuple[Table, ...]
    shared: tuple[Table, ...] = ()
    kept: Mapping[Table, str] = field(default_factory=dict)
