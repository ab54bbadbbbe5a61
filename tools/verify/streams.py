"""The streams' own rows, es.stream: each must be what its last event says."""

from collections.abc import Iterator

from libs.eventstore.bulk import BulkReader
from tools.verify.findings import Finding

# One statement, one snapshot: appends go on meanwhile.
_WRONG = """
SELECT s.stream, s.version, e.version IS NULL AND s.version > 0 AS gone,
    e.leaf IS DISTINCT FROM s.head AS head, e.tx IS DISTINCT FROM nullif(s.last_tx, 0) AS last_tx,
    EXISTS (SELECT FROM es.event AS n WHERE n.stream = s.stream AND n.version = s.version + 1)
        AS version
FROM es.stream AS s
LEFT JOIN es.event AS e ON e.stream = s.stream AND e.version = s.version
WHERE e.leaf IS DISTINCT FROM s.head OR e.tx IS DISTINCT FROM nullif(s.last_tx, 0)
    OR EXISTS (SELECT FROM es.event AS n WHERE n.stream = s.stream AND n.version = s.version + 1)
ORDER BY s.stream LIMIT %s
"""
_WITHOUT = """
SELECT e.stream FROM es.event AS e
WHERE e.version = 1 AND NOT EXISTS (SELECT FROM es.stream AS s WHERE s.stream = e.stream)
ORDER BY e.stream LIMIT %s
"""


def check_streams(reader: BulkReader, most: int) -> Iterator[Finding]:
    """Yield what is wrong in es.stream, at most so many."""
    for stream, version, gone, *columns in reader.ask(_WRONG, most):
        names = ("head", "last_tx", "version")
        wrong = tuple(name for name, bad in zip(names, columns, strict=True) if bad)
        if gone:
            wrong = ("version",)
        yield Finding("", -1, "head", stream, version, wrong)
    for (stream,) in reader.ask(_WITHOUT, most):
        yield Finding("", -1, "head", stream, 0, ("stream",))
