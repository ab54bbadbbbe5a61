"""`lienthong verify-bundle`: what a real bundle says, anywhere, and that every byte counts."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.audit.names import Names
from services.audit.queries import lines_of, replicas
from services.audit.shown import shown
from tests.integration.audit_trail import identity
from tests.integration.bundle_world import TRACE, Run, World, policy, runner, world
from tests.support.bundles import forged, shortened
from tests.support.fresh_venv import FreshVenv
from tests.support.servers import PostgresForTests
from tools.bundle import verify_bundle as check
from tools.bundle.rules import SHOWN
from tools.cli import main

pytestmark = pytest.mark.postgres
UNREAD = Path(__file__).parents[1] / "vectors" / "bundle" / "unread_bytes.txt"
run = pytest.fixture(runner)


@pytest.fixture(scope="module")
def shared(postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world that nobody changes."""
    with world(postgres, tmp_path_factory.mktemp("bundle")) as made:
        yield made


@pytest.fixture(scope="module")
def bundle(shared: World) -> Path:
    """Its bundle."""
    path = shared[0].folder / "case.zip"
    assert main(["bundle", TRACE, "-o", str(path)]) == 0
    return path


def test_a_trace_is_bundled_and_verified(bundle: Path, shared: World, run: Run) -> None:
    code, found = run("verify-bundle", bundle, "--policy", policy(shared[0]))
    assert code == 0, found
    rows = [row for row in shared[0].rows() if row.trace == TRACE]
    with zipfile.ZipFile(bundle) as file:
        entries = [file.read(name) for name in file.namelist() if name.endswith(".entry.json")]
    events = [json.loads(entry) for entry in entries]
    assert [each["id"] for each in events if each["trace"] == TRACE] == [r.event_id for r in rows]
    assert {each["stream"].partition("-")[0] for each in events if each["trace"] != TRACE} == {
        "agency",
        "person",
    }
    assert f"agency-{identity('elsewhere')}" not in {each["stream"] for each in events}
    assert found["checkpoints"][0]["witnesses"] == {"W": "2026-11-18T11:06:40+00:00"}
    assert found["missing"] == {"0" * 64: "erased"}
    assert bundle.stat().st_mode & 0o777 == 0o600


def test_its_lines_are_those_that_the_auditor_sees(bundle: Path, shared: World) -> None:
    with zipfile.ZipFile(bundle) as file:
        lines = json.loads(file.read("timeline.json"))
    with shared[1].audit.unit() as unit:
        found = lines_of(unit.connection, UUID(TRACE), None)
        known = replicas(unit.connection, found, None)
    seen = shown(found, known, Names(shared[1].blobs))
    assert len(lines) == len(seen) >= 15
    names = {*seen[0]} & {*lines[0]}
    assert {*SHOWN, "at", "handler_id", "action", "status_code"} <= names
    for line, each in zip(lines, seen, strict=True):
        assert {name: line[name] for name in names} == {name: each[name] for name in names}


def test_the_same_trace_at_the_same_checkpoint_makes_the_same_bytes(bundle: Path, run: Run) -> None:
    again = bundle.with_name("again.zip")
    assert run("bundle", TRACE, "-o", again)[0] == 0
    assert again.read_bytes() == bundle.read_bytes()


def test_it_is_verified_where_nothing_of_ours_is(
    bundle: Path, shared: World, tmp_path: Path
) -> None:
    """By the file that lies in it, in an environment with `cryptography` alone."""
    fresh, folder = FreshVenv(tmp_path / "fresh"), tmp_path / "elsewhere"
    folder.mkdir()
    with zipfile.ZipFile(bundle) as file:
        program = Path(file.extract("verify_bundle.py", folder))
    assert "No module named 'libs'" in fresh.run(["-c", "import libs"], folder).stderr
    words = [program.name, bundle, "--policy", policy(shared[0])]
    done = fresh.run(words, folder)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert done.stdout.startswith("ĐÚNG · VERIFIED")
    assert json.loads(fresh.run([*words, "--json"], folder).stdout)["keys_from"] == "policy"
    own = fresh.run([program.name, bundle], folder)
    assert own.returncode == 0
    assert "THE KEYS ARE THE BUNDLE'S OWN" in own.stdout
    assert str(shared[0].key()) in own.stdout
    content = bytearray(bundle.read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "changed.zip").write_bytes(content)
    changed = fresh.run([program.name, "changed.zip"], folder)
    assert (changed.returncode, "SAI · NOT VERIFIED" in changed.stdout) == (1, True)
    for wrong in ([], ["no.zip"], ["changed.zip", "--policy", "no"], ["changed.zip", "--what"]):
        assert fresh.run([program.name, *wrong], folder).returncode == 2
    for more in (["--signatures"], ["--log", "."]):
        asked = fresh.run([*words, *more], folder)
        assert (asked.returncode, asked.stderr) == (3, ""), asked
        assert asked.stdout.startswith("ĐÚNG · VERIFIED")
        assert f"{more[0]}: CHƯA LÀM · NOT DONE" in asked.stdout
        told = json.loads(fresh.run([*words, *more, "--json"], folder).stdout)
        assert (told["verified"], told["not_done"]) == (True, more[0])
        lost = fresh.run([program.name, "changed.zip", *more], folder)
        assert (lost.returncode, "NOT DONE" in lost.stdout) == (1, False)


# Flipped bytes.


def regions(content: bytes) -> dict[str, range]:
    """Each part of a bundle by name, as any reader of ZIP files finds them."""
    found, members = {}, []
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        members = file.infolist()
        directory = file.start_dir
    for each in members:
        begin = each.header_offset + 30 + len(each.filename)
        found[f"header of {each.filename}"] = range(each.header_offset, begin)
        found[each.filename] = range(begin, begin + each.file_size)
    found["central directory"] = range(directory, len(content) - 22)
    found["end"] = range(len(content) - 22, len(content))
    return {name: places for name, places in found.items() if places}


def test_every_kind_of_byte_is_read() -> None:
    lines = [line for line in UNREAD.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert len(lines) <= 5
    assert lines == []


def flipped(content: bytes, place: int, bit: int) -> bytes:
    changed = bytearray(content)
    changed[place] ^= 1 << bit
    return bytes(changed)


def test_a_flipped_byte_is_noticed_in_every_region(bundle: Path) -> None:
    content = bundle.read_bytes()
    parts = regions(content)
    assert sum(map(len, parts.values())) == len(content)
    passed = []
    for number, (name, places) in enumerate(parts.items()):
        for place in {places[0], places[-1], places[len(places) // 2]}:
            if check.verify(flipped(content, place, number % 8))["verified"]:
                passed.append((name, place))
    assert passed == []


def test_any_flipped_bit_is_noticed(bundle: Path) -> None:
    content = bundle.read_bytes()
    parts = regions(content)

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def flip(data: st.DataObject) -> None:
        places = parts[data.draw(st.sampled_from(sorted(parts)))]
        place = data.draw(st.integers(places.start, places.stop - 1))
        assert not check.verify(flipped(content, place, data.draw(st.integers(0, 7))))["verified"]

    flip()


# What the log does not bear out: these a lying maker can change. All else he cannot.
UNPROVEN = {"manifest.json", "verify_bundle.py", "timeline.pdf", "log/policy"}


def test_whoever_makes_the_rest_fit_again_is_noticed_too(bundle: Path) -> None:
    """A byte of a member is changed, and manifest and ZIP are made anew."""
    with zipfile.ZipFile(bundle) as file:
        members = {name: file.read(name) for name in file.namelist()}
    proven = sorted(name for name in members if name not in UNPROVEN and members[name])
    policy = members["log/policy"].decode()

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def flip(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(proven))
        place = data.draw(st.integers(0, len(members[name]) - 1))
        body = flipped(members[name], place, data.draw(st.integers(0, 7)))
        assert not check.verify(forged(members, **{name: body}), policy)["verified"], (name, place)

    flip()


# The whole log.


def without_last(bundle: Path) -> bytes:
    """The bundle of a maker who withholds the newest step, and tells the rest rightly."""
    members = check.unpacked(bundle.read_bytes())
    last = json.loads(members["timeline.json"])[-1]["event_id"]
    return shortened(members, lambda entry, _: bool(entry["id"] != last))


def test_a_copy_of_the_log_shows_what_was_withheld(
    bundle: Path, shared: World, run: Run, tmp_path: Path
) -> None:
    code, found = run("verify-bundle", bundle, "--log", shared[0].log)
    assert (code, "entries of the trace are here" in found["log_copy"]) == (0, True)
    other = tmp_path / "other.zip"
    other.write_bytes(without_last(bundle))
    assert run("verify-bundle", other)[0] == 0  # nobody can see it from the bundle alone
    code, found = run("verify-bundle", other, "--log", shared[0].log)
    assert (code, "withheld" in found["wrong"]) == (1, True)
    assert run("verify-bundle", bundle, "--log", tmp_path / "none")[0] == 1
