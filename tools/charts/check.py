"""Checks of the deployment that need no cluster: `python -m tools.charts.check RENDERED`."""

import sys
from collections.abc import Iterable
from pathlib import Path

import yaml

from tools.charts import panels, rendered, schemas
from tools.charts.code import ROOT


def main() -> int:
    """Print one line for each check, and below it what fails; return how many checks failed."""
    shown = rendered.Rendered(Path(sys.argv[1]))
    queries = {**panels.panel_queries(), **panels.rule_queries()}
    skaffold = yaml.safe_load((ROOT / "skaffold.yaml").read_text(encoding="utf-8"))
    checks = {
        f"kubernetes   {len(shown.objects)} objects, strict, {' and '.join(schemas.VERSIONS)};"
        f" {', '.join(schemas.OURS)} by schemas of ours": schemas.problems(shown.objects),
        "code         settings, ports, roles, routes and walls": rendered.problems(shown),
        f"promql       {len(queries)} queries of dashboard and alerts": panels.problems(),
        "skaffold     by a schema of ours": schemas.against(schemas.SKAFFOLD, skaffold),
    }
    return sum([_report(check, problems) for check, problems in checks.items()])


def _report(check: str, problems: Iterable[str]) -> bool:
    found = list(problems)
    print("FAIL" if found else "ok  ", check)
    for problem in found:
        print("      ", problem)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
