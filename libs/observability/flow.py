"""The measures of events and jobs on their way: relay, consumers, workers."""

from prometheus_client import Counter, Gauge

RELAYED = Counter("lienthong_relayed_events", "Events published and confirmed by the broker")
RELAY_LAG = Gauge(
    "lienthong_relay_lag_seconds",
    "Age of the oldest event that is not published; 0 when none waits",
)
HORIZON_AGE = Gauge(
    "lienthong_horizon_age_seconds",
    "How long one running transaction has hidden every newer event from all readers",
)
CONSUMER_LAG = Gauge(
    "lienthong_consumer_lag_seconds",
    "Age of the oldest event that a consumer has not applied, by category",
    ["consumer", "category"],
)
CONSUMER_BEHIND = Gauge(
    "lienthong_consumer_lag_events",
    "Events that a consumer has not applied, by category; counted up to 10,000",
    ["consumer", "category"],
)
CONSUMER_LISTENS = Gauge(
    "lienthong_consumer_listens",
    "1 while the broker gives the consumer its messages; without, only the sweep every 30 s does",
    ["consumer"],
)
RETRYING = Gauge("lienthong_events_retrying", "Failed events waiting for a retry", ["consumer"])
PARKED = Gauge("lienthong_events_parked", "Events parked after the last retry", ["consumer"])
JOBS_DONE = Counter("lienthong_jobs_done", "Jobs carried out", ["kind"])
JOBS_FAILED = Counter("lienthong_jobs_failed", "Attempts at a job that failed", ["kind"])
JOBS_OPEN = Gauge("lienthong_jobs_waiting", "Jobs not done, by kind and state", ["kind", "state"])
