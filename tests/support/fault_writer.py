"""A client that appends and never commits: `python -m tests.support.fault_writer STREAM`."""

import os
import sys
from threading import Event

from libs.db import Database, engine_for
from libs.eventstore import ANY
from tests.support.fault_load import context, event_for

if __name__ == "__main__":
    stream = sys.argv[1]
    with Database(engine_for(os.environ["DATABASE_URL"]), "documents").unit() as unit:
        unit.store.append(stream, ANY, [event_for(stream)], context())
        Event().wait(60)
