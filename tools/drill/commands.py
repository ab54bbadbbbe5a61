"""The operator's commands, called as he calls them; what they print as JSON comes back."""

import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from tools.cli import main
from tools.drill.told import must


def run(folder: Path, *words: str, code: int = 0) -> Any:
    """Run `lienthong ... --folder FOLDER --json`; the JSON (its last line, where there are many).

    Raises `DrillFailed` unless it ends with `code`.
    """
    printed = io.StringIO()
    with redirect_stdout(printed):
        ended = main([*words, "--folder", str(folder), "--json"])
    text = printed.getvalue()
    must(ended == code, f"lienthong {' '.join(words)} ended with {ended}: {text[-500:]}")
    try:
        return json.loads(text)
    except ValueError:
        return json.loads(text.splitlines()[-1])


def operator_key(name: str, path: Path) -> str:
    """Make a person's key for a fork; its public part."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        ended = main(["log", "operator", name, str(path), "--json"])
    must(ended == 0, f"lienthong log operator ended with {ended}")
    return str(json.loads(printed.getvalue())["key"])
