"""The OpenAPI 3.1 description of a service, made from its routes and schemas."""

import inspect
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields

from libs.web.problems import CONTENT_TYPE
from libs.web.request import JSON
from libs.web.routes import Kind, Route

_PARAMETER = re.compile(r"<(?:(?P<kind>[a-z]+)(?:\([^)]*\))?:)?(?P<name>[A-Za-z_]+)>")
_KINDS: dict[str, dict[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0},
}
_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
}
_IF_MATCH = {"in": "header", "name": "If-Match", "schema": {"type": "string"}}
_READ_AFTER = {"in": "header", "name": "X-Read-After", "schema": {"type": "string"}}
_HEADERS: dict[Kind, list[Any]] = {
    Kind.QUERY: [_READ_AFTER],
    Kind.COMMAND: [_KEY, _IF_MATCH],
    Kind.UPLOAD: [_KEY, _IF_MATCH],
    Kind.OPEN: [],
    Kind.HANDING_IN: [],
}


class ProblemSchema(Schema):
    """A problem document; further members are the data of its code."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    detail_vi = fields.String(required=True)
    instance = fields.String(required=True)
    code = fields.String(required=True)


def describe(service: str, routes: Iterable[Route]) -> dict[str, Any]:
    """Every route with its parameters, bodies and answers; the shape that front ends rely on."""
    spec = APISpec(
        title=f"Liên Thông: {service}",
        version="1",
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin(schema_name_resolver=_name)],
    )
    spec.components.schema("Problem", schema=ProblemSchema)
    spec.components.response(
        "Problem", {"description": "Refused", "content": {CONTENT_TYPE: {"schema": "Problem"}}}
    )
    spec.components.security_scheme(
        "token", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    )
    for route in routes:
        path = _PARAMETER.sub(lambda found: f"{{{found['name']}}}", route.path)
        spec.path(path, operations={route.method.lower(): _operation(route)})
    described: dict[str, Any] = spec.to_dict()
    return described


def _operation(route: Route) -> dict[str, Any]:
    text = inspect.getdoc(route.handler) or route.handler.__name__
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__.strip("_"),
        "summary": text.splitlines()[0],
        "parameters": _parameters(route),
        "responses": {
            "default": "Problem",
            "2XX": {"description": HTTPStatus.OK.phrase, **_content(route.answer, JSON)},
        },
    }
    if route.action:
        operation["security"] = [{"token": []}]
        operation["x-action"] = route.action
    if route.kind in (Kind.UPLOAD, Kind.HANDING_IN):
        types = route.content_types or ("application/octet-stream",)
        operation["requestBody"] = {"required": True, "content": {kind: {} for kind in types}}
    elif route.body.fields:
        (kind,) = route.content_types or (JSON,)
        needed = any(field.required for field in route.body.fields.values())
        operation["requestBody"] = {"required": needed, **_content(route.body, kind)}
    return operation


def _parameters(route: Route) -> list[Any]:
    found: list[Any] = [
        {
            "in": "path",
            "name": match["name"],
            "required": True,
            "schema": _KINDS.get(match["kind"], {"type": "string"}),
        }
        for match in _PARAMETER.finditer(route.path)
    ]
    if route.args.fields:
        found.append({"in": "query", "schema": route.args})
    return found + _HEADERS[route.kind]


def _content(schema: Schema | None, kind: str) -> dict[str, Any]:
    return {"content": {kind: {"schema": schema}}} if schema is not None else {}


def _name(schema: Any) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    return cls.__name__.removesuffix("Schema")
