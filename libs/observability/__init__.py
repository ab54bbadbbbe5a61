"""Logs, metrics and traces, the same in every process."""

from libs.observability.logs import Logger, get_logger, set_up_logging
from libs.observability.metrics import HTTP_REQUESTS, HTTP_SECONDS, REFUSED, exposition
from libs.observability.traces import (
    correlation_id,
    extract,
    of_event,
    set_up_tracing,
    span,
    trace_id,
)

__all__ = [
    "HTTP_REQUESTS",
    "HTTP_SECONDS",
    "REFUSED",
    "Logger",
    "correlation_id",
    "exposition",
    "extract",
    "get_logger",
    "of_event",
    "set_up_logging",
    "set_up_tracing",
    "span",
    "trace_id",
]
