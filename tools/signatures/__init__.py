"""`lienthong signatures`: judge signed files on any machine; look at the tokens of this one."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from services.signatures.pdf.engine import Setup
from services.signatures.pdf.isolate import Isolated
from services.signatures.pdf.report import Report
from services.signatures.pdf.trust import TrustStore, TrustStoreUnreadable
from services.signatures.pdf.verdict import LARGEST_FILE
from services.signatures.pdf.xml_report import to_xml
from tools.signatures import tokens
from tools.signatures.shown import show

EXIT = {"TOTAL_PASSED": 0, "TOTAL_FAILED": 1, "INDETERMINATE": 2}
WRONG_CALL = 3
_DESCRIPTION = """\
Judge every signature of a PDF file: who signed, when, whether anything was changed since, and
whether the certificates were good. Nothing else needs to run; revocation is asked at the addresses
that the trusted authorities name, or found in the file's own evidence.
"""
_EPILOG = """\
exit code:  0  TOTAL_PASSED   every rule holds for every signature
            1  TOTAL_FAILED   a rule is broken for good
            2  INDETERMINATE  something is not known, such as a revocation
            3  wrong call: no such file, no trust store, no time
"""


class _Parser(argparse.ArgumentParser):
    """argparse leaves with 2, which here means INDETERMINATE."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(WRONG_CALL, f"{self.prog}: error: {message}\n")


class _WrongCall(Exception):
    """Something named on the command line cannot be used."""


def main(arguments: Sequence[str]) -> int:
    """Run `signatures` with words; the exit code is the command's, 3 for a wrong call."""
    options = _parser().parse_args(arguments)
    if options.command == "tokens":
        return tokens.run(options)
    # JSON is UTF-8 (RFC 8259); a terminal's encoding may not have every letter of a name.
    encoding = {"encoding": "utf-8"} if options.json else {"errors": "backslashreplace"}
    getattr(sys.stdout, "reconfigure", lambda **_: None)(**encoding)
    try:
        report = _judged(options)
    except _WrongCall as error:
        print(f"lienthong signatures: {error}", file=sys.stderr)
        return WRONG_CALL
    if options.json:
        print(json.dumps(report.to_json(), ensure_ascii=False, indent=1))
    else:
        show(report, options.file.name, Console(highlight=False))
    if options.xml:
        try:
            options.xml.write_bytes(to_xml(report))
        except OSError as error:
            print(f"lienthong signatures: {options.xml}: {error.strerror}", file=sys.stderr)
            return WRONG_CALL
    return EXIT[report.verdict]


def _judged(options: argparse.Namespace) -> Report:
    folder = options.trust or os.environ.get("TRUST_DIR")
    pdf = _content(options.file)
    try:
        trust = TrustStore.load(Path(folder)) if folder else TrustStore.empty()
    except TrustStoreUnreadable as error:
        raise _WrongCall(f"{folder}: {error}") from error
    if not folder:
        print("No trust store (--trust, TRUST_DIR): nobody is trusted.", file=sys.stderr)
    setup = Setup(
        trust=Path(folder) if folder else None,
        hosts=tuple(sorted(trust.responders | set(options.ask))),
    )
    with Isolated(setup) as engine:
        return engine.validate(pdf, at=options.at or datetime.now(UTC))


def _content(path: Path) -> bytes:
    """The file's bytes, one more than the limit at most: a device has no end."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise _WrongCall(f"{path}: {error.strerror}") from error


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time (ISO 8601)") from error
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no time zone; write {text}+07:00")
    return instant


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="lienthong signatures", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    validate = commands.add_parser(
        "validate",
        help="judge every signature of a PDF file",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    validate.add_argument("file", type=Path, metavar="FILE")
    validate.add_argument(
        "--trust",
        metavar="DIR",
        help="folder of trusted authorities, *.pem (default: TRUST_DIR, else nobody is trusted)",
    )
    validate.add_argument(
        "--at",
        type=_instant,
        metavar="TIME",
        help="judge as of this instant, such as 2026-11-22T09:00:00+07:00 (default: now)",
    )
    validate.add_argument(
        "--ask",
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="one more address that may be asked for OCSP and CRL",
    )
    validate.add_argument("--json", action="store_true", help="print JSON for programs")
    validate.add_argument(
        "--xml",
        type=Path,
        metavar="FILE",
        help="also write the report by ETSI TS 119 102-2, not signed",
    )
    tokens.add_to(commands)
    return parser
