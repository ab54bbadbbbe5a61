"""A request's trace goes on through the events that it brings about."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from libs.observability import correlation_id, of_event, set_up_tracing, span


@pytest.fixture(scope="module")
def spans() -> Iterator[InMemorySpanExporter]:
    set_up_tracing("test", environ={})
    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    exporter.clear()


def test_request_and_consumer_are_one_trace(spans: InMemorySpanExporter) -> None:
    spans.clear()
    with span("http_request"):
        correlation = correlation_id()
    with span("apply", of_event(correlation, UUID(int=7))):
        pass
    request, apply = spans.get_finished_spans()
    assert {s.context.trace_id for s in (request, apply) if s.context} == {
        correlation.int if correlation else 0
    }
    assert apply.parent is not None
    assert apply.parent.span_id == 7


@pytest.mark.parametrize("known", [(None, UUID(int=1)), (UUID(int=1), None)])
def test_an_event_without_correlation_begins_no_trace_of_another(
    known: tuple[UUID | None, UUID | None],
) -> None:
    assert of_event(*known) is None


def test_outside_a_request_there_is_no_correlation() -> None:
    assert correlation_id() is None
