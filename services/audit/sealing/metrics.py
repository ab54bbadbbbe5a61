"""The log's measures: how far it is sealed, how far it is witnessed, who is behind."""

from prometheus_client import Counter, Gauge

SEALED = Gauge("lienthong_log_sealed_entries", "Entries of the growing shard that are signed")
WITNESSED = Gauge(
    "lienthong_log_witnessed_entries",
    "Entries of the growing shard that stand under its published, co-signed checkpoint",
)
CAUGHT_UP = Gauge(
    "lienthong_log_caught_up_seconds", "When nothing was left to be sealed, last (Unix time)"
)
PUBLISHED = Gauge(
    "lienthong_log_published_seconds",
    "When the published checkpoint was the newest signed one, last (Unix time)",
)
HALTED = Gauge("lienthong_log_halted", "1 while the sealer refuses to sign and needs a person")
NEXT_KEY = Gauge("lienthong_log_next_key", "1 when the key of the coming year's shard is there")
WITNESS_BEHIND = Gauge(
    "lienthong_log_witness_behind_entries",
    "Entries that are signed and that a witness has not co-signed",
    ["witness"],
)
WITNESS_FAILURES = Counter(
    "lienthong_log_witness_failures", "Checkpoints that a witness did not co-sign", ["witness"]
)
