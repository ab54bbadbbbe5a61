"""Logs are lines of JSON without secrets, and traces travel in headers."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from libs.observability import (
    REFUSED,
    exposition,
    extract,
    get_logger,
    set_up_logging,
    set_up_tracing,
    span,
    trace_id,
)


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    set_up_logging("tests", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="module", autouse=True)
def tracing() -> None:
    set_up_tracing("tests", environ={})


def lines(output: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_a_line_has_a_constant_name_and_its_fields(output: io.StringIO) -> None:
    get_logger("tests.x").info("document_sent", document_id="d1", recipient="Sở\nTài chính")
    (line,) = lines(output)
    assert (line["event"], line["level"], line["service"]) == ("document_sent", "info", "tests")
    assert (line["document_id"], line["recipient"]) == ("d1", "Sở\nTài chính")
    assert line["at"].endswith("+00:00")


def test_a_field_cannot_take_the_place_of_a_lines_own_members(output: io.StringIO) -> None:
    get_logger("tests.x").info("told", service="forged", level="forged")
    (line,) = lines(output)
    assert (line["service"], line["level"]) == ("tests", "info")


def test_an_exception_shows_its_type_and_place_and_not_its_text(output: io.StringIO) -> None:
    try:
        try:
            raise KeyError("hunter2")
        except KeyError as error:
            raise RuntimeError("password=hunter2") from error
    except RuntimeError:
        get_logger("tests.x").exception("failed", job="j1")
    (line,) = lines(output)
    assert (line["error"], line["cause"], line["job"]) == ("RuntimeError", "KeyError", "j1")
    assert "test_observability.py" in line["stack"][-1]
    assert "hunter2" not in output.getvalue()


def test_libraries_speak_json_too_from_warnings_on(output: io.StringIO) -> None:
    logging.getLogger("library").info("chatter")
    logging.getLogger("library").warning("lost %s", "connection")
    assert [line["message"] for line in lines(output)] == ["lost connection"]


def test_a_line_within_a_span_knows_the_trace(output: io.StringIO) -> None:
    with span("work", documents=3):
        get_logger("tests.x").info("inside")
        current = trace_id()
    get_logger("tests.x").info("outside")
    inside, outside = lines(output)
    assert inside["trace"] == current
    assert "trace" not in outside


def test_a_trace_goes_on_behind_a_request() -> None:
    sent = "0af7651916cd43dd8448eb211c80319c"
    with span("receive", extract({"traceparent": f"00-{sent}-b7ad6b7169203331-01"})):
        assert trace_id() == sent
    assert trace_id() is None


def test_a_malformed_traceparent_begins_a_new_trace() -> None:
    with span("receive", extract({"traceparent": "00-zz-1-01"})):
        assert trace_id() is not None


def test_a_span_that_fails_lets_the_exception_pass_without_its_text() -> None:
    with pytest.raises(ValueError, match="hunter2"), span("work") as current:
        raise ValueError("hunter2")
    assert current.status.description == "ValueError"  # type: ignore[attr-defined]
    assert current.events == ()  # type: ignore[attr-defined]


def test_measures_are_given_as_prometheus_reads_them() -> None:
    REFUSED.labels("tests_code").inc()
    kind, text = exposition()
    assert kind.startswith("text/plain")
    assert b'lienthong_refused_requests_total{code="tests_code"} 1.0' in text
