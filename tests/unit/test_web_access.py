"""The access table: what stands there is allowed, nothing else."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from libs.web.access import AccessTable, Rule
from libs.web.call import Call
from libs.web.principal import Principal
from libs.web.problems import Problem

TABLE = """
[documents]
draft = { roles = ["clerk", "specialist"], agency = "own" }
[audit]
read = { roles = ["auditor"], agency = "any" }
look = [
  { roles = ["clerk", "auditor"], agency = "own" },
  { roles = ["auditor", "admin"], agency = "any" },
]
"""


def table(folder: Path, text: str) -> AccessTable:
    path = folder / "access.toml"
    path.write_text(text)
    return AccessTable.read(path)


def principal(*roles: str) -> Principal:
    return Principal("lan", "H40.01", frozenset(roles), None, None, "person")


@pytest.mark.parametrize(
    ("roles", "action", "allowed"),
    [
        (["clerk"], "documents.draft", True),
        (["leader", "specialist"], "documents.draft", True),
        (["auditor"], "documents.draft", False),
        ([], "documents.draft", False),
        (["auditor"], "audit.read", True),
    ],
)
def test_one_of_the_named_roles_is_needed(
    tmp_path: Path, roles: list[str], action: str, allowed: bool
) -> None:
    found = table(tmp_path, TABLE).rule(principal(*roles), action)
    assert (found is not None) is allowed


@pytest.mark.parametrize(
    ("roles", "agency"),
    [(["clerk"], "own"), (["auditor"], "any"), (["admin"], "any"), (["clerk", "admin"], "any")],
)
def test_of_several_rows_the_one_that_reaches_furthest_holds(
    tmp_path: Path, roles: list[str], agency: str
) -> None:
    found = table(tmp_path, TABLE).rule(principal(*roles), "audit.look")
    assert found is not None
    assert found.agency == agency


def test_who_reaches_his_own_agency_alone_finds_nothing_elsewhere(tmp_path: Path) -> None:
    def call(role: str) -> Call:
        caller = principal(role)
        rule = table(tmp_path, TABLE).rule(caller, "audit.look")
        assert rule is not None
        now = datetime(2026, 3, 2, tzinfo=UTC)
        return Call(caller, rule, now, headers={}, params={}, args={}, body={})

    call("admin").require_agency("H40.02")
    call("clerk").require_agency("H40.02", "H40.01")
    assert (call("admin").reaches_all, call("clerk").reaches_all) == (True, False)
    for agencies in (("H40.02",), ()):
        with pytest.raises(Problem) as refused:
            call("clerk").require_agency(*agencies)
        assert refused.value.status == 404


def test_a_role_in_none_of_several_rows_is_refused(tmp_path: Path) -> None:
    assert table(tmp_path, TABLE).rule(principal("leader"), "audit.look") is None


def test_an_action_without_a_row_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LookupError):
        table(tmp_path, TABLE).rule(principal("clerk"), "documents.dratf")


def test_an_action_with_an_empty_list_of_rows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LookupError):
        table(tmp_path, "[audit]\nlook = []").require("audit.look")


@pytest.mark.parametrize(
    "text",
    [
        '[documents]\ndraft = { roles = ["clerk"] }',
        '[documents]\ndraft = { roles = "clerk", agency = "own" }',
        '[documents]\ndraft = { roles = [""], agency = "own" }',
        '[documents]\ndraft = { roles = ["clerk"], agency = "all" }',
        '[documents]\ndraft = { roles = ["clerk"], agency = "own", when = "always" }',
        '[documents]\ndraft = ["clerk"]',
        'draft = "clerk"',
        "[documents",
    ],
)
def test_a_row_that_is_not_understood_stops_the_start(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- the row's name is in some, the line in others
        table(tmp_path, text)


def test_the_projects_own_table_can_be_read() -> None:
    own = AccessTable.read(Path(__file__).parents[2] / "proto" / "access.toml")
    assert own.rule(principal("leader"), "documents.approve") == Rule(frozenset({"leader"}), "own")
