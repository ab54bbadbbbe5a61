"""Appends, one at a time and by the hundred, against the floor and the peers."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

from tools.bench.crew import Crew, interleave
from tools.bench.eventstore import peers, raw
from tools.bench.eventstore.place import Place
from tools.bench.report import Measure, Target, ratio

WRITERS = 8


def single(place: Place) -> list[Measure]:
    """One event in each append, eight writing processes."""
    url = _database(place)
    missing: dict[str, str] = {}
    with ExitStack() as stack:
        crews = {
            arm: stack.enter_context(place.writers(arm, WRITERS, url))
            for arm in ("raw", "store", "unit")
        }
        for name, start in (("eventsourcing", _eventsourcing), ("message-db", _message_db)):
            try:
                crews[name] = stack.enter_context(start(place))
            except peers.PeerMissing as error:
                missing[name] = f"not to be had: {error}"
        rates = interleave(
            place.repeats, {name: _round(crew, place) for name, crew in crews.items()}
        )
    rows = [
        ratio(
            "single append against raw INSERT",
            rates["store"],
            rates["raw"],
            Target(">=", 0.85),
            "8 writers, same indexes, each in autocommit, prepared, psycopg2",
        )
    ]
    for name, goal in (("eventsourcing", 5.0), ("message-db", 3.0)):
        title, target = f"single append against {name}", Target(">=", goal)
        if name in rates:
            rows.append(ratio(title, rates["store"], rates[name], target, "8 writers"))
        else:
            rows.append(Measure(title, "ratio", target=target, note=missing[name]))
    told = {
        "raw": "prepared INSERT of full rows",
        "store": "EventStore.append, exact version",
        "unit": "the same in a unit of work: BEGIN, append, COMMIT, pool's ping",
        "eventsourcing": "its PostgreSQL recorder as it comes",
        "message-db": "write_message, prepared, one category",
    }
    return rows + [
        Measure(f"single append: {name}", "events/s", rate, note=told[name])
        for name, rate in rates.items()
    ]


def batch(place: Place) -> list[Measure]:
    """A hundred events in one stream by one call, one writing process."""
    url = _database(place)
    with ExitStack() as stack:
        crews = {
            arm: stack.enter_context(place.writers(arm, 1, url))
            for arm in ("rows", "copy", "batch")
        }
        rates = interleave(
            place.repeats, {name: _round(crew, place) for name, crew in crews.items()}
        )
    told = {
        "rows": "one INSERT of 100 rows",
        "copy": "one COPY of 100 rows",
        "batch": "EventStore.append of 100 events",
    }
    return [
        ratio(
            "batch of 100 against multi-row INSERT",
            rates["batch"],
            rates["rows"],
            Target(">=", 1.0),
            "1 writer, one stream, same indexes",
        ),
        ratio(
            "batch of 100 against COPY",
            rates["batch"],
            rates["copy"],
            Target(">=", 0.8),
            "1 writer, one stream, same indexes",
        ),
        *(
            Measure(f"batch of 100: {name}", "events/s", rate, note=told[name])
            for name, rate in rates.items()
        ),
    ]


def _round(crew: Crew, place: Place) -> Callable[[], float]:
    return lambda: crew.run(place.seconds)


def _database(place: Place) -> Callable[[str], str]:
    url = place.postgres.fresh_database()
    place.admin(url("migrator"), raw.TABLE)
    return url


def _eventsourcing(place: Place) -> Crew:
    python = peers.eventsourcing_python(place.peers)
    url = urlsplit(place.postgres.create_database())
    environment = {
        **os.environ,
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": url.path.strip("/"),
        "POSTGRES_HOST": url.hostname or "",
        "POSTGRES_PORT": str(url.port),
        "POSTGRES_USER": url.username or "",
        "POSTGRES_PASSWORD": url.password or "",
    }
    command = [str(python), "-m", "tools.bench.eventstore.peer_eventsourcing"]
    # One alone makes the tables: all at once disturb each other.
    Crew(command, 1, environment).close()
    return Crew(command, WRITERS, environment | {"CREATE_TABLE": "no"})


def _message_db(place: Place) -> Crew:
    scripts = peers.message_db_scripts(place.peers)
    admin = place.admin_url(place.postgres.create_database())
    peers.install_message_db(scripts, admin)
    return place.writers("message-db", WRITERS, lambda _role: admin)
