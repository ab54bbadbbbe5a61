"""Traces by OpenTelemetry; the context travels as `traceparent` (W3C Trace Context)."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_PROPAGATOR = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("lienthong")


def set_up_tracing(service: str, environ: Mapping[str, str] = os.environ) -> None:
    """Give spans their ids; send them away only when OTEL_EXPORTER_OTLP_ENDPOINT is set.

    Over HTTP, because gRPC does not live under eventlet. Call once in a process.
    """
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    if environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def extract(headers: Mapping[str, str]) -> Context:
    """The context that `headers` carry (names in lower case); a malformed one counts as none."""
    return _PROPAGATOR.extract(headers, context=Context())


@contextmanager
def span(
    name: str, parent: Context | None = None, **attributes: str | int | float | bool
) -> Iterator[Span]:
    """Run the block as a span; an exception marks it as failed, by type, without its text."""
    with _tracer.start_as_current_span(
        name,
        context=parent,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except BaseException as error:
            current.set_status(Status(StatusCode.ERROR, type(error).__qualname__))
            raise


def trace_id() -> str | None:
    """The current trace's id, 32 hexadecimal digits, or None outside any span."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


def correlation_id() -> UUID | None:
    """The current trace's id in the form in which events keep it as their correlation."""
    found = trace_id()
    return UUID(found) if found else None


def of_event(correlation: UUID | None, event_id: UUID | None) -> Context | None:
    """The context of what an event brings about: the trace of the request that began it all.

    An event's correlation is that trace's id, so no header has to be stored with it.
    """
    if correlation is None or event_id is None:
        return None
    origin = SpanContext(
        trace_id=correlation.int,
        span_id=event_id.int & 0xFFFF_FFFF_FFFF_FFFF or 1,
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(NonRecordingSpan(origin), Context())
