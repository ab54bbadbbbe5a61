"""Settings: read once, all faults at a time, and no value in any message."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from libs.config import SettingsError, load


@dataclass(frozen=True)
class Settings:
    """One field of each kind."""

    database_url: str = field(repr=False)
    batch: int
    ratio: float = 0.5
    eager: bool = False
    folder: Path = Path("data")
    issuers: tuple[str, ...] = ()
    module: Path | None = None


WHOLE = {
    "DATABASE_URL": "postgresql://me:hunter2@db/x",
    "BATCH": "100",
    "RATIO": "0.25",
    "EAGER": "Yes",
    "FOLDER": "/srv/data",
    "ISSUERS": "https://a, https://b,",
    "MODULE": "/usr/lib/x.so",
}


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as wrong:
        load(Settings, environ)
    assert "hunter2" not in str(wrong.value)
    return wrong.value.problems


def test_every_kind_of_field_is_read() -> None:
    assert load(Settings, WHOLE) == Settings(
        database_url="postgresql://me:hunter2@db/x",
        batch=100,
        ratio=0.25,
        eager=True,
        folder=Path("/srv/data"),
        issuers=("https://a", "https://b"),
        module=Path("/usr/lib/x.so"),
    )


def test_defaults_stand_in_for_what_is_absent_or_empty() -> None:
    given = load(Settings, {"DATABASE_URL": "x", "BATCH": "1", "RATIO": "", "EAGER": ""})
    assert given == Settings("x", 1)


def test_one_error_names_everything_that_is_missing_or_wrong() -> None:
    wrong = {"BATCH": "hunter2", "RATIO": "nan", "EAGER": "hunter2"}
    assert problems(wrong) == [
        "DATABASE_URL is missing",
        "BATCH is not a whole number",
        "RATIO is not a finite number",
        "EAGER is neither true nor false",
    ]


@pytest.mark.parametrize("text", ["1_0", " 1", "٣", "1.0", "0x1", "9" * 19])
def test_a_whole_number_has_digits_alone(text: str) -> None:
    assert problems({**WHOLE, "BATCH": text}) == ["BATCH is not a whole number"]


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://me:hunter2@db/x\n")
    environ = {"DATABASE_URL_FILE": str(secret), "BATCH": "1"}
    assert load(Settings, environ).database_url == "postgresql://me:hunter2@db/x"


def test_a_file_that_gives_nothing_usable_is_named_by_its_variable(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"hunter2\xff")
    (tmp_path / "long").write_bytes(b"x" * 70_000)
    (tmp_path / "empty").write_bytes(b"\n")
    rest = {"BATCH": "1"}
    found = {
        name: problems({**rest, "DATABASE_URL_FILE": str(tmp_path / name)})
        for name in ("absent", "binary", "long", "empty")
    }
    assert found == {
        "absent": ["DATABASE_URL names a file that cannot be read"],
        "binary": ["DATABASE_URL names a file that is not UTF-8"],
        "long": ["DATABASE_URL names a file that is too long"],
        "empty": ["DATABASE_URL is missing"],
    }


def test_a_value_and_a_file_together_are_refused(tmp_path: Path) -> None:
    both = {**WHOLE, "DATABASE_URL_FILE": str(tmp_path / "x")}
    assert problems(both) == ["DATABASE_URL and DATABASE_URL_FILE are both given"]


def test_a_secret_is_not_shown() -> None:
    assert "hunter2" not in repr(load(Settings, WHOLE))
