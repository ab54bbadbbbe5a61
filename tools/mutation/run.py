"""Runs mutmut on one target, in a copy of the sources: the tree itself is never changed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.mutation.outcome import Outcome
from tools.mutation.targets import Target

_SOURCES = ("libs", "services")
_NEEDED = ("proto", "tests", "tools")
_MUTMUT = Path(sys.executable).with_name("mutmut")
_CHILDREN = 2


class NotMeasured(Exception):
    """A target's mutants could not be tried: mutmut's own words stand above."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")


def measure(target: Target, root: Path, folder: Path) -> Outcome:
    """Try every mutant of the target against its tests; `folder` is made anew and stays.

    In `folder`, `mutmut show NAME` tells what a mutant changes. Raises `NotMeasured` when there
    are no tests or no mutants, or when the tests fail without any change.
    """
    if not target.tests:
        raise NotMeasured(target.name, f"no tests/unit/test_{target.name}*.py")
    _copy(target, root, folder)
    # Hypothesis' profile for continuous integration tries the same examples each time and has no
    # deadline: chance and a busy machine kill no mutant.
    environment = {**os.environ, "CI": "true"}
    ran = subprocess.run(
        ["nice", "-n", "19", _MUTMUT, "run", "--max-children", str(_CHILDREN)],
        cwd=folder,
        env=environment,
        check=False,
    )
    if ran.returncode:
        raise NotMeasured(target.name, f"mutmut ended with {ran.returncode}")
    statuses = _statuses(folder)
    if not statuses:
        raise NotMeasured(target.name, "no mutants")
    return Outcome(target.name, statuses)


def _copy(target: Target, root: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name in (*_SOURCES, *_NEEDED):
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    settings = {
        "source_paths": _SOURCES,
        "also_copy": _NEEDED,
        "only_mutate": [target.sources],
        "pytest_add_cli_args_test_selection": target.tests,
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    project = (root / "pyproject.toml").read_text(encoding="utf-8")
    text = "\n".join([project, "[tool.mutmut]", *lines, ""])
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")


def _statuses(folder: Path) -> dict[str, str]:
    told = subprocess.run(
        [_MUTMUT, "results", "--all", "true"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = (line.strip().rpartition(": ") for line in told.stdout.splitlines() if line.strip())
    return {name: status for name, _, status in lines}
