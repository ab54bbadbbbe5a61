"""Objects held against schemas: Kubernetes' own, and small ones of ours where there is none.

For the Prometheus operator's objects and for Skaffold no schema can be had offline: the ones
here know only the fields that are used, and refuse every other.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import kubernetes_validate

VERSIONS = ("1.29", "1.37")
"""The oldest version of Kubernetes that the chart allows, and the newest that was tried."""

_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}


def _closed(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> Any:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": {**required, **(optional or {})},
    }


def _several(item: Any) -> Any:
    return {"type": "array", "minItems": 1, "items": item}


def _resource(kind: str, spec: Any) -> Any:
    metadata = _closed({"name": _TEXT}, {"labels": _TEXTS})
    identity = {"apiVersion": {"const": "monitoring.coreos.com/v1"}, "kind": {"const": kind}}
    return _closed({**identity, "metadata": metadata, "spec": spec})


_DURATION = {"type": "string", "pattern": "^[0-9]+(s|m|h)$"}
_RULE = _closed(
    {"alert": _TEXT, "expr": _TEXT, "for": _DURATION, "labels": _TEXTS, "annotations": _TEXTS}
)
OURS: Mapping[str, Any] = {
    "PodMonitor": _resource(
        "PodMonitor",
        _closed(
            {
                "selector": _closed({"matchLabels": _TEXTS}),
                "podMetricsEndpoints": _several(
                    _closed({"port": _TEXT, "path": _TEXT, "interval": _DURATION})
                ),
            }
        ),
    ),
    "PrometheusRule": _resource(
        "PrometheusRule",
        _closed({"groups": _several(_closed({"name": _TEXT, "rules": _several(_RULE)}))}),
    ),
}
_IMAGE = _closed({"image": _TEXT, "context": _TEXT, "docker": _closed({"dockerfile": _TEXT})})
_RELEASE = _closed(
    {
        "name": _TEXT,
        "namespace": _TEXT,
        "chartPath": _TEXT,
        "valuesFiles": _several(_TEXT),
        "setValueTemplates": _TEXTS,
        "createNamespace": {"type": "boolean"},
        "wait": {"type": "boolean"},
    }
)
SKAFFOLD = _closed(
    {
        "apiVersion": {"type": "string", "pattern": "^skaffold/v4beta[0-9]+$"},
        "kind": {"const": "Config"},
        "metadata": _closed({"name": _TEXT}),
        "build": _closed({"artifacts": _several(_IMAGE)}),
        "deploy": _closed({"helm": _closed({"releases": _several(_RELEASE)})}),
    }
)


def problems(objects: list[Any]) -> Iterator[str]:
    """Yield what Kubernetes, in each of `VERSIONS`, or the operator would refuse."""
    for each in objects:
        kind, name = each["kind"], each["metadata"]["name"]
        if kind in OURS:
            yield from (f"{kind} {name}: {problem}" for problem in against(OURS[kind], each))
            continue
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(each, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                yield f"{kind} {name}, Kubernetes {version}: {error.message}"


def against(schema: Any, document: Any) -> Iterator[str]:
    """Yield what `schema` refuses in `document`, with its place."""
    for error in jsonschema.Draft202012Validator(schema).iter_errors(document):
        yield f"{error.json_path}: {error.message[:200]}"
