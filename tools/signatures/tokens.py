"""`lienthong signatures tokens`: the tokens (PKCS#11) of this machine, and their state."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from libs.pkcs11.place import TokenError, TokenPlace
from services.signatures.token_desk import places
from services.signatures.tokens import Pkcs11Token

READY, TROUBLE = 0, 1
_DESCRIPTION = """\
Show each token that the signing worker is given: `<label>.pin` in TOKENS_DIR is the PIN of one,
and PKCS11_MODULE their library. No token is opened, but for the one of --log-in. Tokens lock after
a few wrong PINs, so the worker stops at the first: put the right PIN in the file and give it once
with --log-in, and the worker goes on.
"""
_WORDS = {
    "": ("sẵn sàng", "ready"),
    "token_absent": ("không có", "is not there, or its library is not"),
    "token_failed": ("hỏng kết nối", "broke off"),
    "token_pin_missing": ("thiếu mã PIN", "the file with its PIN cannot be read"),
    "token_pin_refused": ("đã nhập sai mã PIN", "a wrong PIN was given; mend it, then --log-in"),
    "token_locked": ("đã khóa", "locked, or one try before; whoever issued it must unlock it"),
}


def add_to(commands: Any) -> None:
    """Add the command to those of `lienthong signatures`."""
    command = commands.add_parser(
        "tokens",
        help="the tokens of this machine, and whether they may be used",
        description=_DESCRIPTION,
        epilog="exit code: 0 when all may be used, 1 when one may not",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "--log-in", metavar="LABEL", help="give this token the PIN of its file, once"
    )
    command.add_argument("--json", action="store_true", help="print JSON for programs")


def run(options: argparse.Namespace) -> int:
    """Show the tokens; 0 when all may be used."""
    found = places(_path("PKCS11_MODULE"), _path("TOKENS_DIR"))
    if options.log_in is not None:
        named = [place for place in found if place.label == options.log_in]
        if not named:
            print(f"no {options.log_in}.pin in TOKENS_DIR", file=sys.stderr)
            return TROUBLE
        _log_in(named[0])
    rows = [_row(place) for place in found]
    if options.json:
        print(json.dumps({"tokens": rows}, ensure_ascii=False, indent=1))
    else:
        _show(rows)
    return TROUBLE if any(row["problem"] for row in rows) else READY


def _path(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value else None


def _log_in(place: TokenPlace) -> None:
    try:
        Pkcs11Token(place).log_in()
    except TokenError as error:
        print(error, file=sys.stderr)


def _row(place: TokenPlace) -> dict[str, Any]:
    state = Pkcs11Token(place).glance()
    vi, en = _WORDS[state.problem]
    owners = sorted(state.owners)
    return {"token": place.label, "problem": state.problem, "vi": vi, "en": en, "owners": owners}


def _show(rows: list[dict[str, Any]]) -> None:
    console = Console(highlight=False)
    if not rows:
        console.print("No token: TOKENS_DIR has no *.pin, or PKCS11_MODULE is not set.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("token", "khóa · keys", "tình trạng · state"):
        table.add_column(title)
    for row in rows:
        colour = "red" if row["problem"] else "green"
        state = f"[{colour}]{row['vi']}[/] · {row['en']}"
        table.add_row(row["token"], str(len(row["owners"])), state)
    console.print(table)
