"""What the code itself says about its deployment: programs, their settings, measures, paths.

Read from the source, for importing a service's module would turn this process green.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SURROUNDINGS = frozenset(
    {
        "AWS_ACCESS_KEY_ID",  # read by boto3
        "AWS_SECRET_ACCESS_KEY",
        "OTEL_EXPORTER_OTLP_ENDPOINT",  # read by libs.observability and the exporter
    }
)
"""Variables that are read outside the typed settings."""

_PATH = re.compile(r"/(v1|log|\.well-known)/")
_KINDS = {"Counter": ("_total",), "Histogram": ("_bucket", "_count", "_sum"), "Gauge": ("",)}


@dataclass(frozen=True)
class Settings:
    """The variables that a program must be given, and all that it knows."""

    required: frozenset[str]
    known: frozenset[str]


def programs() -> frozenset[str]:
    """Return the modules that are to run in a cluster: services, workers, sealer, relay."""
    names = ("service", "worker", "sealer")
    paths = [path for name in names for path in ROOT.glob(f"services/*/{name}.py")]
    paths.append(ROOT / "libs" / "messaging" / "relay.py")
    return frozenset(".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths)


def settings_of(module: str) -> Settings:
    """Return the settings that a program loads in its `main`.

    Raises `LookupError` unless the module loads exactly one class from the environment.
    """
    tree = _tree(ROOT / Path(*module.split(".")).with_suffix(".py"))
    loaded = {
        call.args[0].id
        for call in _calls(tree)
        if len(call.args) == 2
        and isinstance(call.args[0], ast.Name)
        and ast.unparse(call.args[1]) == "os.environ"
    }
    if len(loaded) != 1:
        raise LookupError(f"{module} loads {sorted(loaded) or 'no settings'}")
    (name,) = loaded
    declared = fields(getattr(importlib.import_module(_home(tree, name, module)), name))
    needed = (
        each for each in declared if each.default is MISSING and each.default_factory is MISSING
    )
    return Settings(
        required=frozenset(each.name.upper() for each in needed),
        known=frozenset(each.name.upper() for each in declared),
    )


def setting_of(variable: str, known: frozenset[str]) -> str:
    """Return the setting that a variable fills: itself, or what `X_FILE` names a file for."""
    bare = variable.removesuffix("_FILE")
    return bare if variable not in known and bare in known else variable


@cache
def measures() -> dict[str, frozenset[str]]:
    """Return every exposed series of our own with its labels."""
    found: dict[str, frozenset[str]] = {}
    for path in [*ROOT.glob("libs/**/*.py"), *ROOT.glob("services/**/*.py")]:
        for call in _calls(_tree(path)):
            kind = ast.unparse(call.func)
            if kind in _KINDS:
                name = ast.literal_eval(call.args[0])
                labels = ast.literal_eval(call.args[2]) if len(call.args) > 2 else []
                more = {"le"} if kind == "Histogram" else set()
                found |= {f"{name}{end}": frozenset(labels) | more for end in _KINDS[kind]}
    return found


def paths_of(service: str) -> frozenset[str]:
    """Return the paths that a service's API declares, and that of its description."""
    trees = [_tree(path) for path in (ROOT / "services" / service).glob("api*.py")]
    nodes = (node for tree in trees for node in ast.walk(tree))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
    declared = {text for text in texts if isinstance(text, str) and _PATH.match(text)}
    return frozenset({*declared, f"/v1/openapi/{service}.json"})


def _home(tree: ast.Module, name: str, module: str) -> str:
    """Return the module that defines `name` as `module` sees it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and name in {
            alias.asname or alias.name for alias in node.names
        }:
            return node.module or module
    return module


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
