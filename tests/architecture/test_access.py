"""The contract's tables and the code name the same things."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUARDED = {"query", "command", "upload"}
DESK = ("desk", "decide")  # libs.web.desk


def actions_in(file: Path) -> Iterator[str]:
    """The actions of a service's routes: `@api.query(path, action, ...)` and the like."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "add_desk":
            yield from (f"{file.parent.name}.{verb}" for verb in DESK)
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr in GUARDED and isinstance(node.func.value, ast.Name):
            named = {keyword.arg: keyword.value for keyword in node.keywords}
            action = named["action"] if "action" in named else node.args[1]
            assert isinstance(action, ast.Constant), f"{file}:{node.lineno}: an action is a text"
            yield str(action.value)


def test_every_action_has_a_row_of_access_and_every_row_an_action() -> None:
    table = tomllib.loads((ROOT / "proto" / "access.toml").read_text(encoding="utf-8"))
    rows = {f"{context}.{action}" for context, actions in table.items() for action in actions}
    used = {action for file in ROOT.glob("services/*/api*.py") for action in actions_in(file)}
    assert used == rows


def test_a_service_uses_the_actions_of_its_own_context() -> None:
    for file in ROOT.glob("services/*/api*.py"):
        assert {action.partition(".")[0] for action in actions_in(file)} == {file.parent.name}


def test_a_query_is_answered_from_one_snapshot_unless_it_writes_that_somebody_asked() -> None:
    files = [*ROOT.glob("services/*/api*.py"), ROOT / "libs" / "web" / "desk.py"]
    found = [handler for file in files for handler in queries_in(file)]
    assert len(found) > 40
    units = [ast.unparse(handler) for handler in found if "database.unit()" in ast.unparse(handler)]
    assert [each for each in units if "record(unit, " not in each] == []


def queries_in(file: Path) -> Iterator[ast.FunctionDef]:
    """The functions that answer `@api.query(...)`."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
        if any(ast.unparse(each).startswith("api.query(") for each in decorators):
            assert isinstance(node, ast.FunctionDef)
            yield node


def test_the_catalogue_of_events_is_that_of_the_contract() -> None:
    command = [sys.executable, "-m", "tools.docs.events", "--check"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
