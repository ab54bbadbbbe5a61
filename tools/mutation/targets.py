"""What is mutated, and the unit tests that must notice."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """Sources whose every function is mutated, and their tests; patterns and paths from the root.

    The tests are found by name: `tests/unit/test_<name>*.py`.
    """

    name: str
    sources: str
    tests: tuple[str, ...]


def targets(root: Path) -> list[Target]:
    """Every service's domain, the packets' codec, the log's tree and the consumers' decision."""
    return [
        Target(name, sources, tuple(_tests(root, name)))
        for name, sources in (
            *_domains(root),
            ("edxml", "libs/edxml/*.py"),
            ("envelope", "libs/envelope/*.py"),
            ("translog", "libs/translog/*.py"),
            ("messaging_decision", "libs/messaging/decision.py"),
        )
    ]


def _domains(root: Path) -> Iterator[tuple[str, str]]:
    for service in sorted((root / "services").iterdir()):
        if (service / "domain.py").exists():
            yield service.name, f"services/{service.name}/domain.py"
        elif (service / "domain").is_dir():
            yield service.name, f"services/{service.name}/domain/*.py"


def _tests(root: Path, name: str) -> list[str]:
    found = (root / "tests/unit").glob(f"test_{name}*.py")
    return sorted(path.relative_to(root).as_posix() for path in found)
