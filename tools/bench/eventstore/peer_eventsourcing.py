"""One writing process of `eventsourcing`, in its own environment: its PostgreSQL recorder as it is.

URL parts in the variables that the library itself reads.
"""

from uuid import uuid4

from eventsourcing.application import Application  # type: ignore[import-not-found]
from eventsourcing.persistence import StoredEvent  # type: ignore[import-not-found]

from tools.bench.crew import serve

PAYLOAD = b'{"text":"' + b"x" * 589 + b'"}'


def main() -> None:
    """Streams of ten events, one event in each call."""
    application = Application()
    places = ((stream, n) for stream in iter(uuid4, None) for n in range(1, 11))

    def step() -> int:
        stream, version = next(places)
        event = StoredEvent(stream, version, "document:DocumentDrafted", PAYLOAD)
        application.recorder.insert_events([event])
        return 1

    serve(step)


if __name__ == "__main__":
    main()
