"""`lienthong certificates`: who lacks one, what expires when, and what is wrong with one."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from libs.blobs import BlobError
from libs.eventstore import StoreError
from libs.fonts import FontNotInstalled
from services.directory.certificates import VIETNAM
from services.documents.layout import LayoutError
from tools.certificates import authorities, doctor, form, inventory, place, rehearsal, shown
from tools.certificates.arguments import WRONG_CALL, parser
from tools.certificates.chain import name_of
from tools.certificates.files import FileUnreadable
from tools.certificates.files import read as read_file
from tools.platform.caller import Caller, CallFailed

EXIT = {"healthy": 0, "error": 1, "warning": 2}
OPERATOR, AUDITOR = "admin", "auditor"


class WrongCall(Exception):
    """The words do not make a command; the message says what would."""


def main(words: Sequence[str]) -> int:
    """Run one command: see its exit codes in --help; 3 for a wrong call or an unreachable place."""
    options = parser().parse_args(words)
    # JSON is UTF-8 (RFC 8259); a terminal's encoding may not have every letter of a name.
    encoding = {"encoding": "utf-8"} if options.json else {"errors": "backslashreplace"}
    getattr(sys.stdout, "reconfigure", lambda **_: None)(**encoding)
    try:
        return _COMMANDS[options.command](options)
    except (
        BlobError, CallFailed, FileUnreadable, FontNotInstalled, LayoutError, OSError,
        StoreError, WrongCall, place.PlaceUnfit,
    ) as error:  # fmt: skip
        said = str(error).splitlines() or [type(error).__name__]
        print(f"lienthong certificates {options.command}: {said[0]}", file=sys.stderr)
        return WRONG_CALL


def _missing(options: argparse.Namespace) -> int:
    at = {"at": options.at.isoformat()} if options.at else None
    found = Caller(options.folder, AUDITOR).get("/v1/certificates/missing", at)
    return _told(options, found, lambda out: shown.show_missing(found, out))


def _forecast(options: argparse.Namespace) -> int:
    until = {"until": options.until.isoformat()} if options.until else None
    found = Caller(options.folder, AUDITOR).get("/v1/certificates/forecast", until)
    return _told(options, found, lambda out: shown.show_forecast(found, out))


def _doctor(options: argparse.Namespace) -> int:
    rehearsed = options.rehearse or options.as_if_expired
    if rehearsed and not options.all:
        raise WrongCall("a rehearsal needs --all: it looks at everyone")
    now = datetime.now(UTC)
    here = place.find(options.folder, options.trust, options.ask, whole=options.all)
    if not here.trust.roots:
        print("No trust store (--trust, TRUST_DIR): nobody is trusted.", file=sys.stderr)
    if rehearsed:
        return _rehearse(options, here, now)
    at = options.at or now
    if options.all:
        ward = _ward(here)
        with _progress("chứng thư · certificates") as watch:
            visit = doctor.examine_all(ward, here, at, now, watch)
    else:
        visit = doctor.examine_file(options.file, here, at, now)
    _told(options, visit.to_json(), lambda out: shown.show_visit(visit, out))
    return EXIT[visit.state]


def _rehearse(options: argparse.Namespace, here: place.Place, now: datetime) -> int:
    ward = _ward(here)
    if options.rehearse:
        dead = rehearsal.expired_by(_beginning(options.rehearse))
    else:
        dead = rehearsal.as_if_expired(_fingerprint(options.as_if_expired, ward, here), now)
    found = rehearsal.rehearse(
        ward.inventory, doctor.chains(ward, here, now), now, dead, ward.name, ward.report
    )
    _told(options, found.to_json(), lambda out: shown.show_rehearsal(found, out))
    return 1 if found.stopped or found.changed else 0


def _beginning(day: date) -> datetime:
    return datetime.combine(day, time(), VIETNAM)


def _fingerprint(named: str, ward: doctor.Ward, here: place.Place) -> str:
    """The SHA-256 of the certificate that is meant."""
    if Path(named).is_file():
        return str(read_file(Path(named)).certificates[0].sha256.hex())
    known: set[str] = {one.sha256.hex() for one in (*here.trust.roots, *here.trust.intermediates)}
    known |= {one.registered.fingerprint for one in ward.inventory.certificates()}
    meant = [one for one in known if len(named) >= 8 and one.startswith(named.lower())]
    if len(meant) != 1:
        raise WrongCall(f"{named} is no file, nor the beginning of one certificate's SHA-256")
    return meant[0]


def _ward(here: place.Place) -> doctor.Ward:
    with _progress("sự kiện · events") as watch:
        return doctor.Ward(inventory.read(here.database_url, lambda n: watch(n, n)), here.blobs)


def _authorities(options: argparse.Namespace) -> int:
    here = place.find(options.folder, None, (), whole=True)
    ward = _ward(here)
    entered = {one.registered.fingerprint for one in ward.inventory.certificates()}
    samples = [ward.certificate(one) for one in doctor.current(ward.inventory, datetime.now(UTC))]
    seen = authorities.look(here.asker, here.tsa_urls, samples)
    new = [one for one in seen.authorities if one.certificate.sha256.hex() not in entered]
    if options.enter and new:
        enter(Caller(options.folder, OPERATOR), new)
    words = {True: "có · yes", False: "vừa đăng ký · entered" if options.enter else "chưa · no"}
    facts = [
        {
            "kind": one.kind,
            "name": name_of(one.certificate),
            "valid_to": one.certificate.not_valid_after.date().isoformat(),
            "sha256": one.certificate.sha256.hex(),
            "entered": one not in new or options.enter,
        }
        for one in seen.authorities
    ]
    rows = [
        (one.kind, fact["name"], fact["valid_to"], words[one not in new])
        for one, fact in zip(seen.authorities, facts, strict=True)
    ]
    body = {"authorities": facts, "findings": [one.to_json() for one in seen.findings]}
    return _told(options, body, lambda out: shown.show_authorities(rows, out))


def enter(operator: Any, found: Sequence[authorities.Authority]) -> None:
    """Enter authorities' certificates through the public API."""
    for one in found:
        operator.post("/v1/certificates", {"kind": one.kind, "pem": one.pem})


def _form(options: argparse.Namespace) -> int:
    caller = Caller(options.folder, OPERATOR)
    found = form.fetch(caller, options.owner, options.request, options.device)
    if options.output:
        options.output.write_bytes(form.lay_out(found, options.unit))
    lines = [found["subject"], "", *found["paragraphs"]]
    return _told(options, found, lambda out: out.print("\n".join(lines), markup=False))


def _told(
    options: argparse.Namespace, body: Mapping[str, Any], show: Callable[[Console], None]
) -> int:
    if options.json:
        print(json.dumps(body, ensure_ascii=False, indent=1))
    else:
        show(shown.console())
    return 0


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A line of progress on a terminal's error stream, nothing elsewhere."""
    err = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "missing": _missing,
    "forecast": _forecast,
    "doctor": _doctor,
    "authorities": _authorities,
    "form": _form,
}
