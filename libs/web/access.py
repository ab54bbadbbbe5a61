"""Who may do what: one table, action by role and agency; what it does not say is refused."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from libs.web.principal import Principal


@dataclass(frozen=True)
class Rule:
    """One row: the roles that carry an action, and whether it reaches other agencies' objects.

    `everywhere` are those of the roles that reach them although the row says "own".
    """

    roles: frozenset[str]
    agency: Literal["own", "any"]
    everywhere: frozenset[str] = frozenset()


class AccessTable:
    """The policy table. An action is `<context>.<verb>`; a row names its roles."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self._rules = dict(rules)

    @classmethod
    def read(cls, path: Path) -> "AccessTable":
        """Load the table from TOML; `ValueError` names the row that is unfit.

        `[documents]` opens a context; `draft = { roles = ["clerk"], agency = "own" }` is a row.
        """
        with path.open("rb") as file:
            tables = tomllib.load(file)
        rules: dict[str, Rule] = {}
        for context, rows in tables.items():
            if not isinstance(rows, dict):
                raise ValueError(f"{context}: a row stands outside a context")
            rules |= {f"{context}.{verb}": _rule(f"{context}.{verb}", rows[verb]) for verb in rows}
        return cls(rules)

    def rule(self, action: str) -> Rule:
        """The row of `action`; `LookupError` when there is none, so that a typo stops the start."""
        if action not in self._rules:
            raise LookupError(f"the access table has no action {action}")
        return self._rules[action]

    def allows(self, principal: Principal, action: str) -> bool:
        """Whether one of the caller's roles carries `action`."""
        return bool(principal.roles & self.rule(action).roles)


def _rule(action: str, row: Any) -> Rule:
    if not isinstance(row, dict) or set(row) - {"everywhere"} != {"roles", "agency"}:
        raise ValueError(f"{action}: a row has roles, agency and perhaps everywhere, nothing else")
    roles, agency = _names(action, "roles", row["roles"]), row["agency"]
    if agency not in ("own", "any"):
        raise ValueError(f'{action}: agency must be "own" or "any"')
    everywhere = _names(action, "everywhere", row.get("everywhere", []))
    if not everywhere <= roles or (everywhere and agency == "any"):
        raise ValueError(f'{action}: everywhere names some of the roles of a row with "own"')
    return Rule(roles, agency, everywhere)


def _names(action: str, what: str, names: Any) -> frozenset[str]:
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"{action}: {what} must be a list of names")
    return frozenset(names)
