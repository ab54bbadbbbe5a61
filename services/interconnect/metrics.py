"""What an operator wants to know of this service beyond jobs and consumers."""

from prometheus_client import Counter, Gauge

BAD_PACKETS = Counter(
    "lienthong_bad_packets", "Packets from the axis that stand on the desk, by reason", ["reason"]
)
PLAIN_PACKETS = Counter(
    "lienthong_packets_without_envelope",
    "Packets that left without our envelope, by reason",
    ["reason"],
)
BAD_ENVELOPES = Counter(
    "lienthong_bad_envelopes", "Envelopes that came and are not believed, by reason", ["reason"]
)
STATUSES_REFUSED = Counter(
    "lienthong_statuses_refused", "Statuses that the axis refused for good, by reason", ["reason"]
)
AXIS_FAILURES = Counter(
    "lienthong_axis_poll_failures", "Rounds or packets that failed, by kind", ["kind"]
)
AXIS_POLLED = Gauge(
    "lienthong_axis_polled_seconds",
    "When the axis was last polled to the end, by lane; or a packet settled",
    ["lane"],
)
UNANSWERED = Gauge(
    "lienthong_deliveries_unanswered",
    "Deliveries by the axis of the last 30 days of which nobody has told a step for a day",
)
BALANCE = Gauge(
    "lienthong_balance",
    "Recipients of the documents that were accepted in the last 30 days, by what became of them",
    ["state"],
)
DIFFERENCE = Gauge(
    "lienthong_balance_difference",
    "Recipients and packets of all days that were accepted, or came, and are nowhere",
)
BALANCE_COUNTED = Gauge(
    "lienthong_balance_counted_seconds",
    "When the balance was last counted, by what: difference, missing, states",
    ["what"],
)
PAIR_MISSING = Gauge(
    "lienthong_pair_missing",
    "Numbers of packets between two agencies that are missing below the highest that came",
)
