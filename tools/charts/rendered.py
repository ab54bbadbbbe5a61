"""What every rendered object must keep: settings, ports, identities, walls."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.charts import dashboard, panels
from tools.charts.code import SURROUNDINGS, setting_of, settings_of
from tools.platform import edge

Object = Mapping[str, Any]
_MIGRATION = frozenset({"DATABASE_URL"})


class Rendered:
    """The objects of one `helm template`."""

    def __init__(self, path: Path) -> None:
        documents = yaml.safe_load_all(path.read_text(encoding="utf-8"))
        self.objects: list[Any] = [document for document in documents if document]

    def of(self, kind: str) -> list[Any]:
        """Return the objects of a kind."""
        return [each for each in self.objects if each["kind"] == kind]

    def pods(self) -> Iterator[tuple[str, Any]]:
        """Yield the pod template of everything that runs, with its owner's name."""
        for owner in (*self.of("Deployment"), *self.of("Job")):
            yield owner["metadata"]["name"], owner["spec"]["template"]


def problems(rendered: Rendered) -> Iterator[str]:
    """Yield what does not hold."""
    for name, pod in rendered.pods():
        for check in (_settings, _identity, _listening, _walls):
            for problem in check(pod["spec"]):
                yield f"{name}: {problem}"
        isolating = [each for each in rendered.of("NetworkPolicy") if _selects(each, pod)]
        if len(isolating) != 2:
            yield f"{name}: the wall and its own opening, not {len(isolating)} network policies"
    yield from _one_pod(rendered)
    yield from _routes(rendered)
    yield from _monitoring(rendered)


def _container(pod: Object) -> Any:
    (container,) = pod["containers"]
    return container


def _environment(pod: Object) -> dict[str, Any]:
    given = _container(pod)["env"]
    found = {each["name"]: each.get("value", each.get("valueFrom")) for each in given}
    if len(found) != len(given):
        raise ValueError("a variable is given twice")
    return found


def _settings(pod: Object) -> Iterator[str]:
    module = _container(pod)["args"][-1]
    required = known = _MIGRATION
    if module != "libs.db.migrate":
        settings = settings_of(module)
        required, known = settings.required, settings.known
    given = {setting_of(name, known) for name in _environment(pod)} - SURROUNDINGS
    if given - known:
        yield f"knows no {sorted(given - known)}"
    if required - given:
        yield f"is not given {sorted(required - given)}"


def _identity(pod: Object) -> Iterator[str]:
    """Every variable that enters database or broker comes from the role's own secret."""
    _, service, last = _container(pod)["args"][-1].split(".")
    role = {"relay": "relay", "migrate": "migrator"}.get(last, service)
    for name, source in _environment(pod).items():
        if name in ("DATABASE_URL", "AMQP_URL"):
            reference = source["secretKeyRef"]
            if not reference["name"].endswith(f"-{role}") or reference["key"] != name:
                yield f"{name} comes from {reference}"


def _listening(pod: Object) -> Iterator[str]:
    container, environment = _container(pod), _environment(pod)
    ports = {each["name"]: str(each["containerPort"]) for each in container.get("ports", ())}
    told = {name.lower(): environment.get(f"{name}_PORT") for name in ("OPS", "HTTP")}
    if ports != {name: port for name, port in told.items() if port}:
        yield f"listens at {told}, and says {ports}"
    probes = {
        name: (probe["httpGet"]["path"], probe["httpGet"]["port"])
        for name, probe in container.items()
        if name.endswith("Probe")
    }
    live, ready = ("/livez", "ops"), ("/readyz", "ops")
    wanted = {"startupProbe": live, "livenessProbe": live, "readinessProbe": ready}
    if probes != (wanted if ports else {}):
        yield f"is probed by {probes}"


def _walls(pod: Object) -> Iterator[str]:
    container, identity = _container(pod), pod["securityContext"]
    rules = {
        "runs as root": identity.get("runAsNonRoot") and identity.get("runAsUser", 0) > 0,
        "has no seccomp profile": identity.get("seccompProfile") == {"type": "RuntimeDefault"},
        "has a token of the cluster": pod.get("automountServiceAccountToken") is False,
        "may write its image or gain rights": container["securityContext"]
        == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "has no bound on its memory": "memory" in container["resources"]["limits"],
        "has nowhere to write": {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"],  # noqa: S108
    }
    yield from (problem for problem, held in rules.items() if not held)
    mounted = {each["name"] for each in container["volumeMounts"]}
    if mounted != {each["name"] for each in pod["volumes"]}:
        yield "mounts other volumes than it has"
    writable = {each["name"] for each in container["volumeMounts"] if not each.get("readOnly")}
    allowed = {"log-dir", "log-state"} if container["args"][-1].endswith(".sealer") else set()
    if writable != {"tmp", *allowed}:
        yield f"may write to {sorted(writable)}"


def _selects(policy: Object, pod: Object) -> bool:
    wanted = policy["spec"]["podSelector"]["matchLabels"].items()
    return bool(wanted <= pod["metadata"]["labels"].items())


def _one_pod(rendered: Rendered) -> Iterator[str]:
    for deployment in rendered.of("Deployment"):
        spec = deployment["spec"]
        module = _container(spec["template"]["spec"])["args"][-1]
        alone = spec["replicas"] == 1 and spec["strategy"] == {"type": "Recreate"}
        if module.endswith((".worker", ".sealer")) and not alone:
            yield f"{deployment['metadata']['name']}: it may have a twin"
        if (
            not spec["selector"]["matchLabels"].items()
            <= spec["template"]["metadata"]["labels"].items()
        ):
            yield f"{deployment['metadata']['name']}: does not select its own pods"


def _routes(rendered: Rendered) -> Iterator[str]:
    """The ingress is the route table, and each route ends at a pod's HTTP port."""
    (ingress,) = rendered.of("Ingress")
    (rule,) = ingress["spec"]["rules"]
    services = {each["metadata"]["name"]: each for each in rendered.of("Service")}
    led = []
    for path in rule["http"]["paths"]:
        backend = path["backend"]["service"]
        service = services[backend["name"]]["spec"]
        pods = [
            pod
            for _, pod in rendered.pods()
            if service["selector"].items() <= pod["metadata"]["labels"].items()
        ]
        targets = {port["name"]: port["targetPort"] for port in service["ports"]}
        for pod in pods:
            if targets[backend["port"]["name"]] not in {
                port["name"] for port in _container(pod["spec"])["ports"]
            }:
                yield f"{path['path']} ends nowhere"
            led.append({"path": path["path"], "service": _container(pod["spec"])["name"]})
    if led != edge.routes():
        yield "the ingress is not the route table"


def _monitoring(rendered: Rendered) -> Iterator[str]:
    (rules,) = rendered.of("PrometheusRule")
    if rules["spec"] != yaml.safe_load(panels.RULES.read_text(encoding="utf-8")):
        yield "the alert rules are not those of the file"
    (shown,) = rendered.of("ConfigMap")
    if json.loads(shown["data"]["lienthong.json"]) != dashboard.dashboard():
        yield "the dashboard is not the one of the file"
    (scraped,) = rendered.of("PodMonitor")
    wanted = scraped["spec"]["selector"]["matchLabels"].items()
    for name, pod in rendered.pods():
        if not wanted <= pod["metadata"]["labels"].items():
            yield f"{name}: nobody reads its measures"
