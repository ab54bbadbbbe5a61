"""What mutation testing covers, and how it counts."""

from pathlib import Path

import pytest

from tools.mutation.outcome import Outcome
from tools.mutation.targets import targets

ROOT = Path(__file__).parents[2]
STATUSES = {"a": "killed", "b": "killed", "c": "killed", "d": "timeout"}


def test_every_domain_is_a_target_whose_files_exist_and_have_tests() -> None:
    found = targets(ROOT)
    mutated = {path for target in found for path in ROOT.glob(target.sources)}
    domains = {*ROOT.glob("services/*/domain.py"), *ROOT.glob("services/*/domain/*.py")}
    assert domains < mutated
    assert {ROOT / "libs/messaging/decision.py", *ROOT.glob("libs/edxml/*.py")} < mutated
    assert [target.name for target in found if not target.tests] == []


def test_a_service_that_is_new_is_a_target_with_the_tests_named_for_it(tmp_path: Path) -> None:
    for name in ("services/seals/domain.py", "services/mail/domain/a.py", "services/web/view.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    tests = tmp_path / "tests/unit"
    tests.mkdir(parents=True)
    for name in ("test_seals_domain.py", "test_mails.py", "seals.py"):
        (tests / name).touch()
    assert [(target.name, target.sources, target.tests) for target in targets(tmp_path)][:2] == [
        ("mail", "services/mail/domain/*.py", ("tests/unit/test_mails.py",)),
        ("seals", "services/seals/domain.py", ("tests/unit/test_seals_domain.py",)),
    ]


@pytest.mark.parametrize(
    "status",
    ["survived", "no tests", "not checked", "suspicious", "segfault", "skipped", "of a new kind"],
)
def test_whatever_was_not_noticed_has_survived(status: str) -> None:
    outcome = Outcome("t", {**STATUSES, "e": status})
    assert outcome.as_json() == {
        "name": "t",
        "mutants": 5,
        "killed": 4,
        "survived": ["e"],
        "rate": 0.2,
    }
    assert not outcome.passed


def test_fifteen_in_a_hundred_may_survive_and_no_more() -> None:
    noticed = {str(number): "killed" for number in range(85)}
    survived = {str(number): "survived" for number in range(85, 100)}
    assert Outcome("t", noticed | survived).passed
    assert not Outcome("t", noticed | survived | {"100": "no tests"}).passed
