"""The words of `lienthong certificates`."""

import argparse
import sys
from datetime import date, datetime
from pathlib import Path
from typing import NoReturn

from tools.platform.handle import RUN_FOLDER

WRONG_CALL = 3
_EPILOG = """\
examples:
  lienthong certificates missing                    leaders without a certificate today, by agency
  lienthong certificates forecast --until 2027-12-31   what stops when
  lienthong certificates doctor leader.pem --trust trust/   which link fails, and what to do
  lienthong certificates doctor --all               every certificate, chain, name and key
  lienthong certificates doctor --all --rehearse 2027-03-01   who could not sign on that day
  lienthong certificates doctor --all --as-if-expired ca.pem  ... if this one had expired
  lienthong certificates authorities --enter        CA, OCSP and TSA into the directory
  lienthong certificates form OWNER --request ID --output form.pdf   a form, filled, to print
"""
_DOCTOR = """\
Name every link of a chain that fails, and say what to do. FILE is a certificate (PEM, DER) or a
signed PDF; it is examined on any machine, without the platform. --all examines what the directory
holds, with the keys of the signing worker. The database is DATABASE_URL (role monitor) with
BLOB_URL, TRUST_DIR, KEYS_DIR, SERVICE_KEYS_DIR and TSA_URL, else that of the platform in --folder.
Tokens (PKCS11_MODULE, TOKENS_DIR) are looked into and never opened.

A rehearsal changes nothing: it tells who could not sign, and which waiting verdicts would differ.
"""
_DOCTOR_EPILOG = """\
exit code:  0  healthy; in a rehearsal: nothing would stop
            1  something fails; in a rehearsal: something would stop
            2  nothing fails, something should be looked at
            3  wrong call: no such file, no trust store, no database
"""


class Parser(argparse.ArgumentParser):
    """argparse leaves with 2, which here means a warning."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(WRONG_CALL, f"{self.prog}: error: {message}\n")


def parser() -> argparse.ArgumentParser:
    """All commands."""
    made = Parser(
        prog="lienthong certificates",
        description="Certificates of leaders, seals, services and authorities.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    missing = commands.add_parser("missing", help="leaders without a valid certificate, by agency")
    missing.add_argument("--at", type=_day, metavar="DAY", help="on this day (default: today)")
    forecast = commands.add_parser("forecast", help="what expires when, and what stops with it")
    forecast.add_argument(
        "--until", type=_day, metavar="DAY", help="up to this day (default: a year from now)"
    )
    _doctor(commands)
    authorities = commands.add_parser(
        "authorities", help="CA, OCSP and TSA certificates: show them, enter them"
    )
    authorities.add_argument("--enter", action="store_true", help="enter what is not there yet")
    form = commands.add_parser("form", help="a request's form or a device's minutes, to print")
    form.add_argument("owner", metavar="OWNER", help="the subscriber's id")
    about = form.add_mutually_exclusive_group(required=True)
    about.add_argument("--request", metavar="ID", help="the request whose form is wanted")
    about.add_argument("--device", metavar="SERIAL", help="the device whose minutes are wanted")
    form.add_argument(
        "--unit", default="VP", help="the drafting unit in the sign of a letter (default: VP)"
    )
    form.add_argument("--output", type=Path, metavar="FILE", help="where the PDF goes")
    for command in (missing, forecast, authorities, form):
        _common(command)
    return made


def _doctor(commands: "argparse._SubParsersAction[Parser]") -> None:
    doctor = commands.add_parser(
        "doctor",
        help="which link of which chain fails, and what to do",
        description=_DOCTOR,
        epilog=_DOCTOR_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = doctor.add_mutually_exclusive_group(required=True)
    what.add_argument("file", type=Path, nargs="?", metavar="FILE")
    what.add_argument("--all", action="store_true", help="every certificate of the directory")
    doctor.add_argument("--at", type=_instant, metavar="TIME", help="as of this instant")
    doctor.add_argument("--trust", metavar="DIR", help="folder of trusted authorities, *.pem")
    doctor.add_argument(
        "--ask", action="append", default=[], metavar="HOST:PORT",
        help="one more address that may be asked for OCSP and CRL",
    )  # fmt: skip
    rehearsal = doctor.add_mutually_exclusive_group()
    rehearsal.add_argument("--rehearse", type=_day, metavar="DAY", help="with --all: on this day")
    rehearsal.add_argument(
        "--as-if-expired", metavar="CERT",
        help="with --all: as if this one had expired (a file, or its SHA-256 from the left)",
    )  # fmt: skip
    _common(doctor)


def _common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON for programs")
    command.add_argument(
        "--folder", type=Path, default=RUN_FOLDER, help="run folder (default: build/run)"
    )


def _day(words: str) -> date:
    try:
        return date.fromisoformat(words)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{words!r} is not a day (2027-03-01)") from error


def _instant(words: str) -> datetime:
    try:
        instant = datetime.fromisoformat(words)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{words!r} is not a time (ISO 8601)") from error
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{words!r} has no time zone; write {words}+07:00")
    return instant
