"""The chart says what the code needs: programs, settings, roles, routes; nothing else."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from libs.contracts import topology
from tools.charts.code import (
    ROOT,
    SURROUNDINGS,
    paths_of,
    programs,
    setting_of,
    settings_of,
)
from tools.platform import edge
from tools.platform.database import OWNER, ROLES
from tools.platform.rabbitmq import permissions

CHART = ROOT / "charts" / "lienthong"
LISTENING = {"OPS_HOST", "OPS_PORT"}
LISTENING_HTTP = LISTENING | {"HTTP_HOST", "HTTP_PORT"}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


VALUES: dict[str, Any] = read(CHART / "values.yaml")
WORKLOADS: dict[str, dict[str, Any]] = VALUES["workloads"]
each_workload = pytest.mark.parametrize("workload", WORKLOADS.values(), ids=list(WORKLOADS))


def test_every_program_of_the_code_runs_once_in_the_chart() -> None:
    modules = [workload["module"] for workload in WORKLOADS.values()]
    assert sorted(modules) == sorted(programs())


def test_the_migration_is_the_module_that_migrates_with_the_role_that_owns_the_schemas() -> None:
    assert VALUES["migration"] == {
        "module": "libs.db.migrate",
        "role": OWNER,
        "settings": ["DATABASE_URL"],
    }


@each_workload
def test_a_workload_gets_every_setting_that_its_program_requires_and_none_it_does_not_know(
    workload: dict[str, Any],
) -> None:
    settings = settings_of(workload["module"])
    listening = LISTENING_HTTP if workload.get("http") else LISTENING
    given = {setting_of(name, settings.known) for name in workload["settings"]} | listening
    assert settings.required <= given
    assert given <= settings.known


@each_workload
def test_a_program_that_serves_http_is_reached_and_no_other(workload: dict[str, Any]) -> None:
    known = settings_of(workload["module"]).known
    assert workload.get("http", False) == ("HTTP_PORT" in known)


def test_every_setting_has_exactly_one_source() -> None:
    listed = {name for workload in WORKLOADS.values() for name in workload["settings"]}
    sources = [
        {"DATABASE_URL", "AMQP_URL"},
        set(VALUES["files"]),
        set(VALUES["volumes"]),
        set(VALUES["settings"]),
    ]
    assert sum(map(len, sources)) == len(set().union(*sources))
    assert listed | SURROUNDINGS & set(VALUES["settings"]) == set().union(*sources)


def test_whatever_points_outside_has_a_way_through_the_network_policy() -> None:
    listed = {name for workload in WORKLOADS.values() for name in workload["settings"]}
    outside = {name for name in listed if name.endswith(("_URL", "_ISSUER", "_HOSTS"))}
    outside -= {"PUBLIC_URL"}  # one's own address; who checks tokens has OIDC_ISSUER
    outside |= {"LOG_POLICY"}  # names the witnesses' addresses
    assert set(VALUES["network"]["egress"]) == outside | {"OTEL_EXPORTER_OTLP_ENDPOINT"}


@each_workload
def test_a_program_enters_database_and_broker_as_its_own_service(workload: dict[str, Any]) -> None:
    _, service, _ = workload["module"].split(".")
    assert workload["role"] == ("relay" if service == "messaging" else service)


def test_every_service_of_the_topology_has_a_role_in_the_chart_and_no_stranger_has_one() -> None:
    roles = {workload["role"] for workload in WORKLOADS.values()}
    assert roles == {*topology().services, "relay"}


def test_a_worker_never_runs_twice_for_it_frees_by_name_what_its_predecessor_held() -> None:
    """Nor does the sealer: its memory is one folder."""
    alone = (".worker", ".sealer")
    workers = {name for name, each in WORKLOADS.items() if each["module"].endswith(alone)}
    assert {name for name, each in WORKLOADS.items() if each.get("single")} == workers


def test_the_sealer_alone_writes_to_volumes() -> None:
    writers = {name: each["writes"] for name, each in WORKLOADS.items() if "writes" in each}
    assert writers == {"audit-sealer": list(VALUES["volumes"])}


def test_routes_lead_to_http_services_that_the_access_table_knows() -> None:
    contexts = set(tomllib.loads((ROOT / "proto" / "access.toml").read_text(encoding="utf-8")))
    served = {name for name, workload in WORKLOADS.items() if workload.get("http")}
    assert {route["service"] for route in edge.routes()} == served == contexts


@pytest.mark.parametrize("service", topology().services)
def test_every_path_of_a_service_is_routed_to_it(service: str) -> None:
    table = {route["path"]: route["service"] for route in edge.routes()}
    for path in paths_of(service):
        leading = [prefix for prefix in table if f"{path}/".startswith(f"{prefix}/")]
        assert [table[prefix] for prefix in leading] == [service], path


@pytest.mark.parametrize("route", edge.routes(), ids=lambda route: str(route["path"]))
def test_every_route_leads_to_a_path_that_its_service_serves(route: dict[str, str]) -> None:
    below = f"{route['path']}/"
    assert any(f"{path}/".startswith(below) for path in paths_of(route["service"]))


def test_the_example_is_what_the_schema_asks_of_an_installation() -> None:
    example = read(CHART / "ci" / "example-values.yaml")
    schema = read(CHART / "values.schema.json")["properties"]
    assert set(schema["settings"]["required"]) <= set(example["settings"])
    assert set(example["settings"]) == set(VALUES["settings"])


def test_the_ingress_takes_bodies_as_large_as_the_edge_of_a_laptop_does() -> None:
    limit = VALUES["ingress"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"]
    assert f"client_max_body_size {limit};" in edge.configuration(Path("/x"), 1, {})


def test_the_operators_page_names_every_role_secret_and_right() -> None:
    page = (ROOT / "docs" / "operations" / "deploy.md").read_text(encoding="utf-8")
    page = page.replace("\\|", "|")
    rights = [right for right in permissions("v") if right["user"] in {"relay", "audit"}]
    for right in rights:
        patterns = [right[what].replace("^audit", "^<service>") for what in ("configure", "write")]
        patterns.append(right["read"].replace("^audit", "^<service>"))
        assert " | ".join(f"`{pattern}`" for pattern in patterns) in page
    secrets = {f"lienthong-{role}" for role in ROLES if role != "monitor"}
    secrets |= {VALUES["secrets"]["blobs"]}
    secrets |= {each.get("secret") or each["configMap"] for each in VALUES["files"].values()}
    secrets |= {each["claim"] for each in VALUES["volumes"].values()}
    assert [name for name in secrets if f"`{name}`" not in page] == []
    assert [role for role in ROLES if role not in page.partition("## Broker")[0]] == []
