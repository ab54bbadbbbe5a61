"""Who may do what: one table, action by role and agency; what it does not say is refused."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from libs.web.principal import Principal


@dataclass(frozen=True)
class Rule:
    """A row: the roles that carry an action, and whether it reaches other agencies' objects."""

    roles: frozenset[str]
    agency: Literal["own", "any"]


class AccessTable:
    """The policy table. An action is `<context>.<verb>`; its row, or rows, name the roles."""

    def __init__(self, rules: Mapping[str, Rule | Sequence[Rule]]) -> None:
        self._rules = {
            action: (rows,) if isinstance(rows, Rule) else tuple(rows)
            for action, rows in rules.items()
        }

    @classmethod
    def read(cls, path: Path) -> "AccessTable":
        """Load the table from TOML; `ValueError` names the row that is unfit.

        `[documents]` opens a context; `draft = { roles = ["clerk"], agency = "own" }` is a row. An
        action that reaches further for some roles is a list of rows.
        """
        with path.open("rb") as file:
            tables = tomllib.load(file)
        rules: dict[str, Sequence[Rule]] = {}
        for context, rows in tables.items():
            if not isinstance(rows, dict):
                raise ValueError(f"{context}: a row stands outside a context")
            for verb, row in rows.items():
                action = f"{context}.{verb}"
                several = row if isinstance(row, list) else [row]
                rules[action] = [_rule(action, each) for each in several]
        return cls(rules)

    def require(self, action: str) -> None:
        """`LookupError` when no row names `action`, so that a typo stops the start."""
        if not self._rules.get(action):
            raise LookupError(f"the access table has no action {action}")

    def rule(self, principal: Principal, action: str) -> Rule | None:
        """The row by which the caller may do `action`, the one that reaches furthest; or None."""
        self.require(action)
        rows = [rule for rule in self._rules[action] if principal.roles & rule.roles]
        return max(rows, key=lambda rule: rule.agency == "any", default=None)


def _rule(action: str, row: Any) -> Rule:
    if not isinstance(row, dict) or set(row) != {"roles", "agency"}:
        raise ValueError(f"{action}: a row has roles and agency, nothing else")
    roles, agency = row["roles"], row["agency"]
    if not isinstance(roles, list) or not all(isinstance(role, str) and role for role in roles):
        raise ValueError(f"{action}: roles must be a list of names")
    if agency not in ("own", "any"):
        raise ValueError(f'{action}: agency must be "own" or "any"')
    return Rule(frozenset(roles), agency)
