"""Typed settings, read once from the environment at start."""

import math
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["SettingsError", "load"]

T = TypeVar("T")

_LONGEST_SECRET = 64 * 1024
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class SettingsError(Exception):
    """Some settings are missing or wrong; `problems` names each of them, never its value."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("settings: " + "; ".join(problems))
        self.problems = problems


def load(cls: type[T], environ: Mapping[str, str]) -> T:
    """Fill the dataclass `cls` from `environ`.

    A field's variable is its name in upper case. Field types: str, int, float, bool, Path,
    tuple[str, ...] (separated by commas), or one of these with `| None`. An empty variable counts
    as absent. A variable with `_FILE` appended names a file that holds the value. Secret fields
    are declared with `field(repr=False)`. Raises one `SettingsError` for everything amiss.
    """
    hints = typing.get_type_hints(cls)
    declared: tuple[Field[Any], ...] = fields(cls)  # type: ignore[arg-type]
    own_names = {each.name for each in declared}
    values: dict[str, Any] = {}
    problems: list[str] = []
    for each in declared:
        variable = each.name.upper()
        try:
            text = _text(variable, environ, may_be_file=f"{each.name}_file" not in own_names)
            if text is not None:
                values[each.name] = _parse(text, hints[each.name])
            elif each.default is MISSING and each.default_factory is MISSING:
                raise ValueError("is missing")
        except ValueError as error:
            problems.append(f"{variable} {error}")
    if problems:
        raise SettingsError(problems)
    return cls(**values)


def _text(variable: str, environ: Mapping[str, str], may_be_file: bool) -> str | None:
    text = environ.get(variable) or None
    path = environ.get(f"{variable}_FILE") if may_be_file else None
    if not path:
        return text
    if text is not None:
        raise ValueError(f"and {variable}_FILE are both given")
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LONGEST_SECRET + 1)
        if len(content) > _LONGEST_SECRET:
            raise ValueError("names a file that is too long")
        return content.decode().removesuffix("\n") or None
    except UnicodeDecodeError:
        # The decoder's own message, and its cause, would show bytes of a secret.
        raise ValueError("names a file that is not UTF-8") from None
    except OSError as error:
        raise ValueError("names a file that cannot be read") from error


def _parse(text: str, kind: Any) -> Any:
    if isinstance(kind, types.UnionType):
        (kind,) = (member for member in kind.__args__ if member is not types.NoneType)
    return _PARSERS[kind](text)


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ValueError("is not a whole number")
    return int(text)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError("is not a number") from None
    if not math.isfinite(number):
        raise ValueError("is not a finite number")
    return number


def _truth(text: str) -> bool:
    if text.lower() not in _WORDS:
        raise ValueError("is neither true nor false")
    return _WORDS[text.lower()]


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


_PARSERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: _integer,
    float: _number,
    bool: _truth,
    Path: Path,
    tuple[str, ...]: _list,
}
