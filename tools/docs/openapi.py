"""Join the services' OpenAPI into `proto/openapi.json` (`make docs`; `--check` in lint)."""

import json
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from libs.config import load
from libs.service import ServiceSettings

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "proto" / "openapi.json"
SERVICES = ("directory", "documents", "workflow", "signatures", "interconnect", "audit")


def joined() -> dict[str, Any]:
    """One description of all routes, as front ends see them below the one base URL."""
    whole: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for service in SERVICES:
            part = _api(service, folder).openapi()
            if not whole:
                whole = {**part, "info": {**part["info"], "title": "Liên Thông"}}
                whole["paths"], whole["components"] = {}, {}
            whole["paths"] |= {path: _tagged(item, service) for path, item in part["paths"].items()}
            for kind, members in part.get("components", {}).items():
                _merge(whole["components"].setdefault(kind, {}), members, f"{service} {kind}")
    return whole


def _api(service: str, folder: str) -> Any:
    """The service's API; nothing is connected, for engines connect when they are used."""
    try:
        settings = import_module(f"services.{service}.settings").Settings
    except ModuleNotFoundError:
        settings = ServiceSettings
    environment = {
        "DATABASE_URL": f"postgresql://{service}@localhost/nowhere",
        "AMQP_URL": "amqp://localhost",
        "OIDC_ISSUER": "http://localhost",
        "BLOB_URL": f"file://{folder}/blobs",
        "LOG_DIR": f"{folder}/log",
        "PUBLIC_URL": "http://localhost",
        "TOKEN_KEY_FILE": f"{folder}/key.pem",
        "ACCESS_TABLE": str(ROOT / "proto" / "access.toml"),
    }
    build: Any = import_module(f"services.{service}.api").build_api
    return build(load(settings, environment))


def _tagged(item: dict[str, Any], service: str) -> dict[str, Any]:
    return {
        method: {**operation, "tags": [service]} if isinstance(operation, dict) else operation
        for method, operation in item.items()
    }


def _merge(into: dict[str, Any], members: dict[str, Any], where: str) -> None:
    for name, member in members.items():
        if into.setdefault(name, member) != member:
            raise ValueError(f"{where}: {name} means different things in two services")


def main() -> int:
    """Write the page, or with `--check` say whether it is up to date."""
    text = json.dumps(joined(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if "--check" in sys.argv:
        fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        if not fresh:
            sys.stderr.write("proto/openapi.json is behind the services: run `make docs`\n")
        return 0 if fresh else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
