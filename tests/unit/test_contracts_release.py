"""What was released stays: its folder, its sample events, and what today's contract owes to it."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from libs.contracts import topology
from tools.release.contract import (
    RELEASED,
    SAMPLES,
    UNRELEASED,
    ReleaseRefused,
    checksums,
    contract_files,
    digest,
    versions,
    write_release,
)

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted(folder.name for folder in (ROOT / RELEASED).iterdir() if folder.is_dir())
BUF = Path(sys.executable).with_name("buf")


def listed(version: str) -> dict[str, str]:
    """Path to checksum, as `sha256sum` would read the version's file."""
    lines = checksums(ROOT, version).read_text(encoding="utf-8").splitlines()
    return {path: found for found, _, path in (line.partition("  ") for line in lines)}


@pytest.mark.parametrize("version", FOLDERS)
def test_nothing_that_was_released_is_edited_removed_or_added_to(version: str) -> None:
    kept = listed(version)
    assert [path for path, found in kept.items() if digest(ROOT / path) != found] == []
    there = {file for file in (ROOT / RELEASED / version).rglob("*") if file.is_file()}
    inside = {path for path in kept if path.startswith(f"{RELEASED}/")}
    assert {str(file.relative_to(ROOT)) for file in there} == inside


@pytest.mark.parametrize("version", FOLDERS)
def test_a_sample_was_kept_for_every_event_of_a_release(version: str) -> None:
    text = (ROOT / RELEASED / version / "topology.toml").read_text(encoding="utf-8")
    shape = tomllib.loads(text)["categories"]
    for category, row in shape.items():
        for name, schema in row["events"].items():
            assert topology().categories[category].events[name] >= schema
            assert f"{SAMPLES}/{name}.v{schema}.json" in listed(version)


def test_every_release_of_the_changelog_has_its_folder_and_no_folder_is_a_strangers() -> None:
    told = versions(ROOT)
    assert {version for version, stage in told.items() if stage != UNRELEASED} <= set(FOLDERS)
    assert set(FOLDERS) <= set(told)
    headings = re.findall(r"^## .*$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert len(headings) == len(told)


def test_after_a_release_a_changed_contract_needs_a_new_version_in_the_changelog() -> None:
    newest, stage = next(iter(versions(ROOT).items()))
    if stage != UNRELEASED:
        now, then = contract_files(ROOT / "proto"), contract_files(ROOT / RELEASED / newest)
        assert now == then


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The contract, the samples and the changelog in a folder of their own, nothing released."""
    shutil.copytree(ROOT / "proto", tmp_path / "proto", ignore=shutil.ignore_patterns("released"))
    shutil.copytree(ROOT / SAMPLES, tmp_path / SAMPLES)
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## 0.1.0 (unreleased)\n", "utf-8")
    return tmp_path


def edit(root: Path, old: str, new: str) -> None:
    file = root / "proto" / "lienthong" / "workflow" / "v1" / "events.proto"
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_folder_is_made_anew_until_the_version_is_released_and_never_after(root: Path) -> None:
    write_release(root, "0.1.0")
    edit(root, "string answered_by = 5;", "string answered_by = 5; string more = 6;")
    shutil.rmtree(root / "proto" / "lienthong" / "desk")
    folder = write_release(root, "0.1.0")
    kept = contract_files(folder)
    assert kept == contract_files(root / "proto")
    (root / "CHANGELOG.md").write_text("# Changes\n\n## 0.1.0 (2026-12-01)\n", "utf-8")
    edit(root, "string more = 6;", "")
    with pytest.raises(ReleaseRefused, match=r"0\.1\.0 was released \(2026-12-01\)"):
        write_release(root, "0.1.0")
    assert contract_files(folder) == kept


@pytest.mark.parametrize("version", ["0.2.0", "", "..", "../..", "0.1"])
def test_a_version_that_the_changelog_does_not_name_is_refused(root: Path, version: str) -> None:
    with pytest.raises(ReleaseRefused, match="no version"):
        write_release(root, version)
    assert not (root / RELEASED).exists()


def breaking(root: Path) -> str:
    """What `make lint` says of the folder's contract against the release; empty for nothing."""
    command = re.search(r"^\tcd proto && \.\./\$\(BIN\)/(buf breaking .*)$", MAKEFILE, re.M)
    assert command, "make lint compares with the newest release"
    ran = subprocess.run(
        ["bash", "-c", command[1].replace("$$", "$").replace("buf ", f"{BUF} ", 1)],
        cwd=root / "proto", capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (ran.returncode == 0) == (not ran.stdout), ran.stderr
    return ran.stdout


MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
DUE_ON = "string due_on = 9; // day, or empty"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (DUE_ON, "", "deleted without reserving"),
        (DUE_ON, "reserved 9;", 'without reserving the name "due_on"'),
        (DUE_ON, "string due_day = 9;", "due_day"),
        (DUE_ON, "int32 due_on = 9;", "changed type"),
        (DUE_ON, "repeated string due_on = 9;", "cardinality"),
        (DUE_ON, "string due_on = 10;", "deleted without reserving"),
        ("int32 urgency = 5;", "uint32 urgency = 5;", "changed type"),
        ("message TaskStarted {", "message TaskBegun {", '"TaskStarted" was deleted'),
    ],
)
def test_a_contract_that_breaks_what_was_released_is_found(
    root: Path, old: str, new: str, said: str
) -> None:
    write_release(root, "0.1.0")
    edit(root, old, new)
    assert said in breaking(root)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: None,
        lambda root: edit(root, DUE_ON, f"{DUE_ON}\n  string more = 10;"),
        lambda root: edit(root, DUE_ON, 'reserved 9; reserved "due_on"; string due_day = 10;'),
        lambda root: edit(root, "message TaskStarted {", "message TaskX {}\nmessage TaskStarted {"),
    ],
    ids=["nothing", "new field", "new field for an old one", "new event"],
)
def test_a_contract_that_only_grows_passes(root: Path, change: Callable[[Path], None]) -> None:
    write_release(root, "0.1.0")
    change(root)
    assert breaking(root) == ""


def test_the_newest_release_is_the_one_compared_with(root: Path) -> None:
    added = "message TaskHandedOver {}\n"
    release(root, "0.9.0")
    edit(root, "message TaskStarted {", f"{added}message TaskStarted {{")
    release(root, "0.10.0")
    edit(root, added, "")
    assert '"TaskHandedOver" was deleted' in breaking(root)


def release(root: Path, version: str) -> None:
    (root / "CHANGELOG.md").write_text(f"## {version} (unreleased)\n", encoding="utf-8")
    write_release(root, version)
