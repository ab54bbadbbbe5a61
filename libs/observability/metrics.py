"""The process's one Prometheus registry and the measures that every service has."""

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Histogram, generate_latest

HTTP_REQUESTS = Counter(
    "lienthong_http_requests",
    "HTTP requests answered, by route, method and status",
    ["route", "method", "status"],
)
HTTP_SECONDS = Histogram(
    "lienthong_http_request_seconds",
    "Seconds from a request's headers to its answer, by route and method",
    ["route", "method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
)
REFUSED = Counter(
    "lienthong_refused_requests", "Requests and packets refused, by problem code", ["code"]
)


def exposition() -> tuple[str, bytes]:
    """The content type and the text of all measures of this process."""
    return CONTENT_TYPE_LATEST, generate_latest(REGISTRY)
