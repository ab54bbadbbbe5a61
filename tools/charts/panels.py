"""Every query of the dashboard and of the alert rules, held against the code's measures."""

from collections.abc import Iterator
from typing import Any

import promql_parser as promql
import yaml

from tools.charts import dashboard
from tools.charts.code import ROOT, measures

RULES = ROOT / "charts" / "lienthong" / "rules" / "lienthong.yaml"


def panel_queries() -> dict[str, str]:
    """Return the query of every panel by the panel's English title.

    On an installation that has worked, each has an answer that is not empty.
    """
    return {panel.en: panel.query for panels in dashboard.ROWS.values() for panel in panels}


def rule_queries() -> dict[str, str]:
    """Return the expression of every alert by the alert's name."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def problems() -> Iterator[str]:
    """Yield what is wrong: a query that does not parse, a series or label nobody exposes."""
    if dashboard.FILE.read_text(encoding="utf-8") != dashboard.text():
        yield f"{dashboard.FILE.name} is out of date: python -m tools.charts.dashboard"
    for name, query in {**panel_queries(), **rule_queries()}.items():
        for problem in problems_of(query):
            yield f"{name}: {problem}"


def problems_of(query: str) -> Iterator[str]:
    """Yield what is wrong with one query."""
    try:
        selectors, labels = _read(promql.parse(query))
    except ValueError as error:
        yield str(error)
        return
    exposed = measures()
    if not selectors:
        yield "asks for nothing"
    for selector in selectors:
        if selector.name not in exposed:
            yield f"the code exposes no {selector.name}"
            continue
        used = labels | {matcher.name for matcher in selector.matchers.matchers}
        for label in sorted(used - exposed[selector.name]):
            yield f"{selector.name} has no label {label}"


def _read(query: Any) -> tuple[list[Any], set[str]]:
    """Return a query's selectors, and the labels by which it groups."""
    selectors: list[Any] = []
    labels: set[str] = set()

    def visit(node: Any) -> bool:
        if isinstance(node, promql.VectorSelector):
            selectors.append(node)
        elif isinstance(node, promql.AggregateExpr) and node.modifier:
            labels.update(node.modifier.labels)
        return True

    promql.walk(query, visit)
    return selectors, labels
