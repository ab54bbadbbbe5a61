"""A request's trace goes on through the events that it brings about."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from libs.observability import correlation_id, extract, inject, of_event, set_up_tracing, span


@pytest.fixture(scope="module")
def spans() -> Iterator[InMemorySpanExporter]:
    set_up_tracing("test", environ={})
    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    exporter.clear()


def test_request_relay_and_consumer_are_one_trace(spans: InMemorySpanExporter) -> None:
    spans.clear()
    with span("http_request"):
        correlation = correlation_id()
    headers: dict[str, str] = {}
    with span("relay", of_event(correlation, UUID(int=7))):
        inject(headers)
    with span("apply", extract(headers)):
        pass
    request, relay, apply = spans.get_finished_spans()
    assert {s.context.trace_id for s in (request, relay, apply) if s.context} == {
        correlation.int if correlation else 0
    }
    assert relay.parent is not None
    assert relay.parent.span_id == 7
    assert apply.parent is not None
    assert relay.context is not None
    assert apply.parent.span_id == relay.context.span_id


@pytest.mark.parametrize("known", [(None, UUID(int=1)), (UUID(int=1), None)])
def test_an_event_without_correlation_begins_no_trace_of_another(
    known: tuple[UUID | None, UUID | None],
) -> None:
    assert of_event(*known) is None


def test_outside_a_request_there_is_no_correlation() -> None:
    assert correlation_id() is None
