"""What the pages for readers name is there: commands, files, services."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(ROOT.glob("*.md"))
EVERY_PAGE = sorted(
    page
    for folder in (".", "docs", "services", "libs", "tests", "charts", "tools")
    for page in (ROOT / folder).glob("*.md" if folder == "." else "**/*.md")
)
CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
MAKE = re.compile(r"^make((?: [a-z-]+)+)", re.M)
LIENTHONG = re.compile(r"^(?:\S*/)?lienthong ([a-z]+)", re.M)
TARGET = re.compile(r"^([a-z-]+):", re.M)
ROW = re.compile(r"^\| \[(\w+)\]\(services/(\w+)/README\.md\) \|", re.M)


def code_in(page: Path) -> list[str]:
    """The blocks and spans of code on a page."""
    found = CODE.findall(page.read_text(encoding="utf-8"))
    return [block or span for block, span in found]


def commands(page: Path, pattern: re.Pattern[str]) -> set[str]:
    """The words that follow a program's name in a page's code, up to what is no command."""
    return {
        word for code in code_in(page) for found in pattern.findall(code) for word in found.split()
    }


def test_every_target_of_make_that_a_page_names_exists() -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    named = {page.name: commands(page, MAKE) for page in PAGES}
    assert {"demo", "test"} <= named["README.md"]
    assert {name: words - targets for name, words in named.items() if words - targets} == {}


def test_every_command_that_a_page_names_exists() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tools.cli", "--help"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    known = set(re.findall(r"^ {4}([a-z]+)(?: |$)", told, re.M))
    assert {"up", "down", "demo"} <= known
    named = {page.name: commands(page, LIENTHONG) for page in PAGES}
    assert {name: words - known for name, words in named.items() if words - known} == {}


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    files = [link.partition("#")[0] for link in links if "://" not in link]
    assert [file for file in files if not (page.parent / file).exists()] == []


def test_the_table_of_services_names_each_once() -> None:
    rows = ROW.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    services = sorted(service.parent.name for service in ROOT.glob("services/*/service.py"))
    assert sorted(rows) == [(name, name) for name in services]
