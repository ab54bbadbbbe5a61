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
AXIS_FAILURES = Counter(
    "lienthong_axis_poll_failures", "Rounds or packets that failed, by kind", ["kind"]
)
AXIS_POLLED = Gauge("lienthong_axis_polled_seconds", "When the axis was last polled to the end")
