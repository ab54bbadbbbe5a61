"""The command as an operator runs it, and two operators who may decide about the log."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.sealing import SealedStore
from tools.cli import main

Run = Callable[..., tuple[int, Any]]
"""Runs `lienthong WORDS --json`; its exit code and its answer."""


def command(capsys: pytest.CaptureFixture[str]) -> Run:
    """What runs the command."""

    def run(*words: object) -> tuple[int, Any]:
        capsys.readouterr()
        code = main([*map(str, words), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def two_operators(store: SealedStore, run: Run) -> tuple[Path, Path]:
    """The keys of two operators, entered."""
    keys = [store.folder / f"{name}.pem" for name in ("a", "b")]
    told = [run("log", "operator", f"operator.{key.stem}", key)[1]["key"] for key in keys]
    (store.state / "operators").write_text("".join(f"{key}\n" for key in told))
    return keys[0], keys[1]
