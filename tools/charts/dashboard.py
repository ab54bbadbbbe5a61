"""The one Grafana dashboard, written from a list of panels.

`python -m tools.charts.dashboard` writes charts/lienthong/dashboards/lienthong.json anew.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tools.charts.code import ROOT

FILE = ROOT / "charts" / "lienthong" / "dashboards" / "lienthong.json"
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_WIDTH, _HEIGHT, _COLUMNS = 8, 7, 3


@dataclass(frozen=True)
class Panel:
    """One graph: its title in both languages, what it asks, how a line is named."""

    vi: str
    en: str
    query: str
    legend: str
    unit: str = "short"
    stacked: bool = False


# A series that appears with its first event begins as a flat zero, not as "no data".
ROWS: dict[str, list[Panel]] = {
    "Văn bản · Documents": [
        Panel(
            "Văn bản theo cấp và trạng thái (30 ngày)", "Documents by tier and status (30 days)",
            "max by (tier, status) (lienthong_documents)",
            "{{tier}} · {{status}}", stacked=True,
        ),
        Panel(
            "Gói tin lỗi từ trục", "Bad packets from the axis",
            "sum by (reason) (increase(lienthong_bad_packets_total[1h])) or on() vector(0)",
            "{{reason}}",
        ),
        Panel(
            "Từ lần lấy tin cuối từ trục", "Since the axis was last polled",
            "time() - max by (lane) (lienthong_axis_polled_seconds)", "{{lane}}", unit="s",
        ),
        Panel(
            "Gửi qua trục, quá một ngày chưa có trạng thái", "By the axis, no step for a day",
            "max(lienthong_deliveries_unanswered)", "unanswered",
        ),
        Panel(
            "Cân đối văn bản gửi (30 ngày)", "Balance of what was sent (30 days)",
            "max by (state) (lienthong_balance)", "{{state}}",
        ),
        Panel(
            "Chênh lệch: chấp nhận mà không thấy", "Difference: accepted and nowhere",
            "max(lienthong_balance_difference)", "difference",
        ),
        Panel(
            "Số gói tin còn thiếu giữa các cơ quan", "Missing numbers between agencies",
            "max(lienthong_pair_missing)", "missing",
        ),
    ],
    "Sự kiện · Events": [
        Panel(
            "Độ trễ phát sự kiện", "Relay lag",
            "max(lienthong_relay_lag_seconds)", "relay", unit="s",
        ),
        Panel(
            "Sự kiện đã phát", "Events relayed",
            "sum(rate(lienthong_relayed_events_total[5m]))", "relay", unit="ops",
        ),
        Panel(
            "Độ trễ tiếp nhận sự kiện", "Consumer lag",
            "max by (consumer) (lienthong_consumer_lag_seconds)", "{{consumer}}", unit="s",
        ),
        Panel(
            "Sự kiện chưa tiếp nhận", "Events not yet applied",
            "max by (consumer) (lienthong_consumer_lag_events)", "{{consumer}}",
        ),
        Panel(
            "Giao dịch chặn mốc đọc", "Age of the transaction that holds the horizon",
            "max(lienthong_horizon_age_seconds)", "horizon", unit="s",
        ),
        Panel(
            "Đang thử lại", "Retrying",
            "max by (consumer) (lienthong_events_retrying)", "{{consumer}}",
        ),
        Panel(
            "Đã dừng, cần người xử lý", "Parked: a person is needed",
            "max by (consumer) (lienthong_events_parked)", "{{consumer}}",
        ),
    ],
    "Việc nền · Jobs": [
        Panel(
            "Việc đang chờ", "Jobs waiting",
            'max by (kind) (lienthong_jobs_waiting{state="open"}) or on() vector(0)', "{{kind}}",
        ),
        Panel(
            "Việc đã dừng", "Jobs parked",
            'max by (kind) (lienthong_jobs_waiting{state="parked"}) or on() vector(0)', "{{kind}}",
        ),
        Panel(
            "Việc đã xong", "Jobs done",
            "sum by (kind) (rate(lienthong_jobs_done_total[5m])) or on() vector(0)", "{{kind}}",
            unit="ops",
        ),
        Panel(
            "Lần thử không thành", "Attempts failed",
            "sum by (kind) (rate(lienthong_jobs_failed_total[5m])) or on() vector(0)", "{{kind}}",
            unit="ops",
        ),
    ],
    "Chữ ký số · Signatures": [
        Panel(
            "Chờ cơ quan cấp dấu thời gian hoặc OCSP", "Waiting for a time-stamp authority or OCSP",
            "max by (what) (lienthong_signatures_waiting)", "{{what}}",
        ),
        Panel(
            "Chờ lâu nhất", "Waiting for the longest",
            "max by (what) (lienthong_signatures_waiting_seconds)", "{{what}}", unit="s",
        ),
        Panel(
            "Chữ ký theo mức", "Signatures by level",
            "sum by (level) (rate(lienthong_signatures_made_total[5m])) or on() vector(0)",
            "{{level}}", unit="ops",
        ),
    ],
    "Nhật ký niêm phong · Log": [
        Panel(
            "Mục đã niêm phong", "Entries sealed",
            "max(lienthong_log_sealed_entries)", "log",
        ),
        Panel(
            "Từ khi niêm phong hết", "Since everything was sealed",
            "time() - max(lienthong_log_caught_up_seconds)", "log", unit="s",
        ),
        Panel(
            "Từ khi đủ chữ ký nhân chứng", "Since witnesses co-signed all of it",
            "time() - max(lienthong_log_published_seconds)", "log", unit="s",
        ),
        Panel(
            "Nhân chứng còn thiếu", "Entries a witness has not co-signed",
            "max by (witness) (lienthong_log_witness_behind_entries)", "{{witness}}",
        ),
        Panel(
            "Dừng, cần người xử lý", "Halted: a person is needed",
            "max(lienthong_log_halted)", "log",
        ),
    ],
    "Chứng thư số · Certificates": [
        Panel(
            "Số ngày đến khi chứng thư đầu tiên hết hạn", "Days until a certificate expires",
            "min by (kind) (lienthong_certificate_days_left)", "{{kind}}", unit="d",
        ),
    ],
    "HTTP": [
        Panel(
            "Yêu cầu", "Requests",
            "sum by (route) (rate(lienthong_http_requests_total[5m]))", "{{route}}", unit="reqps",
        ),
        Panel(
            "Lỗi theo mã", "Errors by status",
            'sum by (status) (rate(lienthong_http_requests_total{status=~"[45].."}[5m]))'
            " or on() vector(0)",
            "{{status}}", unit="reqps",
        ),
        Panel(
            "Thời gian trả lời (95%)", "Time to answer (95 %)",
            "histogram_quantile(0.95,"
            " sum by (route, le) (rate(lienthong_http_request_seconds_bucket[5m])))",
            "{{route}}", unit="s",
        ),
        Panel(
            "Từ chối theo lý do", "Refused by reason",
            "sum by (code) (rate(lienthong_refused_requests_total[5m])) or on() vector(0)",
            "{{code}}", unit="reqps",
        ),
    ],
}  # fmt: skip


def dashboard() -> dict[str, Any]:
    """Return Grafana's model of the dashboard (schema 39, Grafana 10 and later)."""
    return {
        "uid": "lienthong",
        "title": "Liên Thông",
        "tags": ["lienthong"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [{"name": "source", "type": "datasource", "query": "prometheus"}]},
        "panels": [{"id": number, **panel} for number, panel in enumerate(_panels(), start=1)],
    }


def _panels() -> Iterator[dict[str, Any]]:
    y = 0
    for title, panels in ROWS.items():
        yield {"type": "row", "title": title, "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}}
        y += 1
        for index, panel in enumerate(panels):
            line, column = divmod(index, _COLUMNS)
            yield _graph(panel, x=column * _WIDTH, y=y + line * _HEIGHT)
        y += -(-len(panels) // _COLUMNS) * _HEIGHT


def _graph(panel: Panel, x: int, y: int) -> dict[str, Any]:
    stacking = {"mode": "normal" if panel.stacked else "none"}
    return {
        "type": "timeseries",
        "title": f"{panel.vi} · {panel.en}",
        "datasource": _SOURCE,
        "gridPos": {"x": x, "y": y, "w": _WIDTH, "h": _HEIGHT},
        "targets": [
            {
                "refId": "A",
                "datasource": _SOURCE,
                "expr": panel.query,
                "legendFormat": panel.legend,
            }
        ],
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "custom": {"fillOpacity": 20 if panel.stacked else 0, "stacking": stacking},
            },
            "overrides": [],
        },
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
    }


def text() -> str:
    """Return the file's content."""
    return json.dumps(dashboard(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
