"""A running installation as tests see it: its store, its report, its callers."""

import io
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg2
import requests
from rich.console import Console

from libs.contracts import topology
from tests.support.wait import eventually
from tools.demo.cast import PASSWORD, Person
from tools.demo.client import Client
from tools.demo.run import walk
from tools.platform import Installation, Platform
from tools.platform.installation import WORKERS

Report = dict[str, Any]

_UNAPPLIED = """
SELECT c.consumer, c.category FROM es.checkpoint AS c WHERE EXISTS (
    SELECT 1 FROM es.event AS e
    WHERE e.category = c.category AND (e.tx, e.position) > (c.tx, c.position))
"""


def journey(platform: Platform, output: Path, client: Callable[..., Client] = Client) -> Report:
    """Walk the golden journey; its report. `output` gets the report and the PDFs."""
    return walk(platform.installation, Console(file=io.StringIO(), width=200), output, client)


def normalised(report: Report) -> dict[str, Counter[Any]]:
    """What a report says without times, ids and numbers; equal for all undisturbed journeys."""
    shown = ("tier", "agency_code", "agency_name", "handler", "position", "action", "status_code")
    return {
        "subjects": Counter(_numberless(trace["subject"]) for trace in report["traces"]),
        "tiers": Counter(tuple(trace["tiers"]) for trace in report["traces"]),
        "lines": Counter(
            tuple(line[name] for name in (*shown, "event_type"))
            for trace in report["traces"]
            for line in trace["timeline"]
        ),
        "signatures": Counter(
            (_numberless(row["file"]), row["role"], row["signer"], row["verdict"])
            for row in report["signatures"]
        ),
        "statuses": Counter(
            (_numberless(row["document_code"]), *steps)
            for row, steps in _steps_by_delivery(report["statuses_seen_by_sender"])
        ),
    }


def query(platform: Platform, statement: str, *values: Any, role: str = "monitor") -> list[Any]:
    """Rows of the installation's database, as `role` sees them."""
    url = platform.database_url(role)
    with closing(psycopg2.connect(url)) as database, database.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


_NUMBERS = """
SELECT s.sender_id, s.recipient_id, count(*), max(s.number), count(r.number)
FROM interconnect.pair_sent AS s
JOIN interconnect.agency AS a ON a.agency_id = s.recipient_id AND a.channel = 'inside'
LEFT JOIN interconnect.pair_received AS r USING (sender_id, recipient_id, number)
GROUP BY s.sender_id, s.recipient_id
"""


def badly_numbered(platform: Platform) -> list[Any]:
    """Pairs inside whose packets are not numbered 1, 2, 3, ..., or did not all come."""
    pairs = query(platform, _NUMBERS, role="interconnect")
    assert pairs, "packets are numbered at all"
    return [pair for pair in pairs if len(set(pair[2:])) > 1]


def unfinished(platform: Platform) -> list[str]:
    """What has still to be applied, retried or done, in words; empty when all came to rest."""
    subscribed = {
        (consumer.name, category)
        for consumer in topology().consumers.values()
        for category in consumer.categories
    }
    known = set(query(platform, "SELECT consumer, category FROM es.checkpoint"))
    found = [f"{row} has no checkpoint" for row in sorted(subscribed - known)]
    found += [f"{row} is behind" for row in query(platform, _UNAPPLIED)]
    retries = query(platform, "SELECT consumer, stream, version, cause FROM es.retry")
    found += [f"retry {row}" for row in retries]
    for service in WORKERS:
        jobs = f"SELECT kind, state, cause FROM {service}.job WHERE state <> 'done'"  # noqa: S608
        found += [f"job {service} {row}" for row in query(platform, jobs, role=service)]
    return found


def at_rest(platform: Platform, within: float = 60) -> None:
    """Wait until every consumer has applied every event of its categories and no job is open."""

    def nothing_left() -> bool:
        left = unfinished(platform)
        assert not left, left
        return True

    eventually(nothing_left, within=within, every=0.2)


def lost(platform: Platform, event_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the ids of which the store holds no event."""
    wanted = [str(event_id) for event_id in event_ids]
    known = "SELECT event_id::text FROM es.event WHERE event_id = ANY (%s::uuid[])"
    return set(event_ids) - {UUID(row[0]) for row in query(platform, known, wanted)}


def count_events(platform: Platform) -> int:
    """How many events the store holds."""
    return int(query(platform, "SELECT count(*) FROM es.event")[0][0])


def measure(platform: Platform, process: str, name: str, **labels: str) -> float:
    """A measure of one process, 0 while it has none with these labels."""
    port = platform.installation.ports[f"{process}.ops"]
    text = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    shown = ",".join(f'{label}="{value}"' for label, value in labels.items())
    found = re.search(rf"^{name}{{{re.escape(shown)}}} (\S+)$", text, re.M)
    return float(found[1]) if found else 0.0


class Caller:
    """One account's raw calls to the base URL or `url`: no retry, the answer whatever it is."""

    def __init__(
        self, here: Installation, username: str, token: str | None = None, url: str | None = None
    ) -> None:
        self._url = url or here.url
        self.token = token or log_in(here, username)

    def get(self, path: str, **arguments: Any) -> requests.Response:
        return self.call("GET", path, **arguments)

    def post(
        self, path: str, body: Any = None, key: str | None = None, **headers: str
    ) -> requests.Response:
        """A command under `key`, or a new one; `headers` with `_` for `-`."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"Idempotency-Key": key or str(uuid4()), **given}
        return self.call("POST", path, data=json.dumps(body or {}), headers=given)

    def call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            **arguments.pop("headers", {}),
        }
        return requests.request(method, self._url + path, headers=headers, timeout=20, **arguments)


def log_in(here: Installation, username: str) -> str:
    """An access token of one of the demo's accounts."""
    answer = requests.post(
        f"{here.issuer_url}/token", data={"username": username, "password": PASSWORD}, timeout=10
    )
    return str(answer.json()["access_token"])


def log_in_person(here: Installation) -> Callable[[Person], Client]:
    """Front ends of the demo's people, for one run of their own."""
    run = str(uuid4())
    return lambda person: Client(here.url, here.issuer_url, person.key, PASSWORD, run)


def _steps_by_delivery(rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], tuple[Any, ...]]]:
    """The first row of each delivery, and all that its sender was told, in its order."""
    deliveries: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        deliveries.setdefault((row["document_id"], row["recipient"]), []).append(row)
    return [
        (
            told[0],
            (
                told[0]["sender"],
                told[0]["recipient"],
                *(
                    (row["status_code"], row["handler"], row["unit"], row["envelope"])
                    for row in told
                ),
            ),
        )
        for told in deliveries.values()
    ]


def _numberless(text: str) -> str:
    return re.sub(r"\d+", "#", text)
