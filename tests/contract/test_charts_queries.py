"""Dashboard and alerts ask only for what the code exposes; schemas of ours refuse strangers."""

import pytest
import yaml

from tools.charts import panels, schemas
from tools.charts.code import ROOT, measures


def test_every_query_of_dashboard_and_alerts_asks_for_measures_and_labels_of_the_code() -> None:
    assert list(panels.problems()) == []


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("sum(lienthong_jobs_done)", "the code exposes no lienthong_jobs_done"),
        (
            "sum by (who) (lienthong_relay_lag_seconds)",
            "lienthong_relay_lag_seconds has no label who",
        ),
        ('lienthong_jobs_waiting{stat="parked"}', "lienthong_jobs_waiting has no label stat"),
        ("max(lienthong_relay_lag_seconds) or up", "the code exposes no up"),
        ("vector(0)", "asks for nothing"),
    ],
)
def test_a_query_that_could_only_stay_empty_is_named(query: str, problem: str) -> None:
    assert list(panels.problems_of(query)) == [problem]


def test_a_query_that_prometheus_could_not_read_is_named() -> None:
    assert list(panels.problems_of("rate(lienthong_jobs_done_total)"))


@pytest.mark.parametrize(
    "name",
    [
        "lienthong_documents",
        "lienthong_relay_lag_seconds",
        "lienthong_consumer_lag_seconds",
        "lienthong_events_retrying",
        "lienthong_events_parked",
        "lienthong_jobs_waiting",
        "lienthong_log_sealed_entries",
        "lienthong_log_caught_up_seconds",
        "lienthong_log_published_seconds",
        "lienthong_log_witness_behind_entries",
        "lienthong_certificate_days_left",
        "lienthong_http_requests_total",
        "lienthong_http_request_seconds_bucket",
    ],
)
def test_what_operators_must_see_is_measured_and_shown(name: str) -> None:
    assert name in measures()
    assert any(name in query for query in panels.panel_queries().values())


@pytest.mark.parametrize("lane", ["documents", "large", "statuses", "sent"])
def test_a_lane_of_the_axis_that_stops_or_is_polled_by_nobody_is_told(lane: str) -> None:
    rule = panels.rule_queries()["LienthongAxisNotPolled"]
    assert f'absent(lienthong_axis_polled_seconds{{lane="{lane}"}})' in rule
    assert "max(lienthong_axis_polled_seconds" not in rule
    assert rule.count("max by (lane) (lienthong_axis_polled_seconds") == 2


def test_a_balance_that_is_not_counted_any_more_is_told() -> None:
    rule = panels.rule_queries()["LienthongBalanceNotCounted"]
    assert "max by (what) (lienthong_balance_counted_seconds)" in rule
    assert 'absent(lienthong_balance_counted_seconds{what="difference"})' in rule


CALLS = ["relay_lag", "consumer_lag", "events_parked", "jobs_waiting", "log_halted"]


@pytest.mark.parametrize("what", [*CALLS, "log_caught_up", "log_published", "log_witness_behind"])
def test_somebody_is_called_when_events_or_jobs_stand_still(what: str) -> None:
    assert any(f"lienthong_{what}" in query for query in panels.rule_queries().values())


@pytest.mark.parametrize("days", [30, 7])
def test_somebody_is_called_before_a_certificate_expires(days: int) -> None:
    wanted = f"lienthong_certificate_days_left) < {days}"
    assert any(wanted in query for query in panels.rule_queries().values())


def test_skaffold_uses_known_fields_and_files_that_exist() -> None:
    document = yaml.safe_load((ROOT / "skaffold.yaml").read_text(encoding="utf-8"))
    assert list(schemas.against(schemas.SKAFFOLD, document)) == []
    (image,) = document["build"]["artifacts"]
    (release,) = document["deploy"]["helm"]["releases"]
    files = [image["docker"]["dockerfile"], release["chartPath"], *release["valuesFiles"]]
    assert [file for file in files if not (ROOT / file).exists()] == []


def test_a_field_that_skaffold_does_not_have_is_refused() -> None:
    document = yaml.safe_load((ROOT / "skaffold.yaml").read_text(encoding="utf-8"))
    document["deploy"]["helm"]["release"] = []
    assert list(schemas.against(schemas.SKAFFOLD, document))
